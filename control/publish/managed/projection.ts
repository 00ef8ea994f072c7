/**
 * From the registry to what it adds to weir.yaml. Each service and each application is projected by itself and kept until an entry of the log
 * speaks of it, so one key that is changed among a hundred thousand costs a look at its application, and one service its own routes.
 * Owns what was projected. Pure: time is passed in.
 */
import { type Finding, findWarning } from '@weir/proto/config/faults.js';
import { routeSchema } from '@weir/proto/config/route.js';
import type { AuditEntry, Change, Entities, EntityKind, Service } from '../../model/entities.js';
import { lint } from '../lint.js';
import { offeredAi } from './compose-ai.js';
import { type Composed, composeService, type ManagedWorld, type Served } from './compose-service.js';
import { consumerOf, type Expiring, type ManagedConsumer } from './consumers-of.js';
import { retiredAnswer } from './life-fields.js';
import type { ManagedConfig, ManagedService } from './managed-config.js';
import type { NamedRoute } from './read-design.js';

/** What it reads of the registry. */
export interface ManagedSource {
  readonly number: number;
  get<K extends EntityKind>(kind: K, id: string): Entities[K] | null;
  all<K extends EntityKind>(kind: K): Iterable<Entities[K]>;
  of<K extends EntityKind>(kind: K, by: 'applicationId' | 'teamId', id: string): Iterable<Entities[K]>;
}

/** Names that weir.yaml defines for AI services. */
export interface NamesOfConfig {
  readonly models: readonly string[];
  readonly prompts: readonly string[];
  readonly guards: readonly string[];
}

interface Kept {
  readonly served: ManagedService | null;
  readonly findings: readonly Finding[];
  /** Services whose models it has asked for, whether there are any. */
  readonly asked: readonly string[];
}

export class ManagedProjection {
  readonly #source: ManagedSource;
  readonly #canOpen: (secret: Entities['secret']) => boolean;
  readonly #services = new Map<string, Kept>();
  readonly #applications = new Map<string, Expiring>();
  /** By services: those that have asked for their models. */
  readonly #askers = new Map<string, Set<string>>();
  /** Of keys and subscriptions, as an entry that ends one no longer says whose it was. */
  readonly #owners = new Map<string, string>();
  #staleServices = new Set<string>();
  #staleApplications = new Set<string>();
  /** Number of the last entry that is known here; -1: nothing was looked at. */
  #noted = -1;
  #names = '';
  #lists: { readonly services: ManagedService[]; readonly findings: Finding[] } | null = null;
  /** In the order of their ids; a list that was given away is never changed. */
  #consumers: ManagedConsumer[] | null = null;
  #isGivenAway = false;
  /** Of applications with a key that expires: when the next one does. */
  readonly #expiries = new Map<string, number>();

  /** `canOpen`: whether nodes can be given a secret; left out: each that there is. */
  constructor(source: ManagedSource, canOpen: (secret: Entities['secret']) => boolean = () => true) {
    this.#source = source;
    this.#canOpen = canOpen;
  }

  /** Each entry, in its order; where one was left out, all is projected anew. */
  note({ number, changes }: Pick<AuditEntry, 'number' | 'changes'>): void {
    // Nothing was looked at, or an entry was missed: all of it is stale, which the next look finds.
    if (this.#noted === -1 || number !== this.#noted + 1) {
      this.forget();
      return;
    }
    this.#noted = number;
    for (const change of changes) this.#noteChange(change);
  }

  /**
   * What `project` would have to do, ahead of it and one service or application at a time: ten thousand of them take seconds, in which whoever drives
   * this may give others their turn. What an entry makes stale meanwhile is done here, or is left to `project`. Returns the services as they are then.
   */
  *preparing(nowWallMs: number, names: NamesOfConfig): Generator<void, readonly ManagedService[]> {
    this.#begin(names);
    const world = this.#worldOf(names);
    const services = this.#staleServices;
    for (const id of services) {
      // An entry that left others out has made all of them stale, and another list of them.
      if (services !== this.#staleServices) break;
      services.delete(id);
      this.#projectService(id, world);
      yield;
    }
    const applications = this.#staleApplications;
    for (const id of applications) {
      if (applications !== this.#staleApplications) break;
      applications.delete(id);
      this.#projectApplication(id, nowWallMs);
      yield;
    }
    this.#lists ??= this.#listed();
    return this.#lists.services;
  }

  project(nowWallMs: number, names: NamesOfConfig): ManagedConfig {
    this.#begin(names);
    this.#projectServices(names);
    const againAtWallMs = this.#projectApplications(nowWallMs);
    this.#lists ??= this.#listed();
    this.#consumers ??= this.#listedConsumers();
    this.#isGivenAway = true;
    return { number: this.#source.number, ...this.#lists, consumers: this.#consumers, againAtWallMs };
  }

  /** All is projected anew: what was noted was not all that has changed. */
  forget(): void {
    this.#noted = -1;
  }

  /** Finds what is stale; before the first time that is all there is. */
  #begin(names: NamesOfConfig): void {
    const text = JSON.stringify(names);
    const isMissing = this.#noted !== this.#source.number;
    if (isMissing) this.#forgetApplications();
    if (isMissing || text !== this.#names) this.#forgetServices();
    this.#names = text;
    this.#noted = this.#source.number;
  }

  #forgetServices(): void {
    this.#staleServices = new Set(this.#services.keys());
    for (const { id } of this.#source.all('service')) this.#staleServices.add(id);
  }

  #forgetApplications(): void {
    this.#owners.clear();
    this.#consumers = null;
    this.#staleApplications = new Set(this.#applications.keys());
    for (const { id } of this.#source.all('application')) this.#staleApplications.add(id);
  }

  #noteChange(change: Change): void {
    const { kind, id, value } = change;
    if (kind === 'service') this.#noteService(id);
    else if (kind === 'release') this.#noteService(id.slice(0, id.lastIndexOf('@')));
    else if (kind === 'secret') {
      const teamId = id.slice(0, id.indexOf('/'));
      for (const service of this.#source.of('service', 'teamId', teamId)) this.#staleServices.add(service.id);
    } else if (kind === 'application') this.#staleApplications.add(id);
    else if (kind === 'key' || kind === 'subscription') {
      const owner = this.#owners.get(`${kind} ${id}`);
      if (owner !== undefined) this.#staleApplications.add(owner);
      if (value === null) this.#owners.delete(`${kind} ${id}`);
      else {
        this.#owners.set(`${kind} ${id}`, value.applicationId);
        this.#staleApplications.add(value.applicationId);
      }
    }
  }

  #noteService(id: string): void {
    this.#staleServices.add(id);
    for (const asker of this.#askers.get(id) ?? []) this.#staleServices.add(asker);
  }

  #projectServices(names: NamesOfConfig): void {
    const world = this.#worldOf(names);
    for (const id of this.#staleServices) this.#projectService(id, world);
    this.#staleServices.clear();
  }

  #projectService(id: string, world: ManagedWorld): void {
    this.#lists = null;
    for (const other of this.#services.get(id)?.asked ?? []) this.#askers.get(other)?.delete(id);
    const service = this.#source.get('service', id);
    if (service === null) {
      this.#services.delete(id);
      return;
    }
    const asked = new Set<string>();
    const aiOf: ManagedWorld['aiOf'] = (teamId, other) => {
      asked.add(other);
      return world.aiOf(teamId, other);
    };
    this.#services.set(id, { ...this.#keptOf(service, { ...world, aiOf }), asked: [...asked] });
    for (const other of asked) this.#askers.set(other, (this.#askers.get(other) ?? new Set()).add(id));
  }

  #worldOf({ models, prompts, guards }: NamesOfConfig): ManagedWorld {
    return {
      ...{ models: new Set(models), prompts: new Set(prompts), guards: new Set(guards) },
      aiOf: (teamId, id) => {
        const service = this.#source.get('service', id);
        return service === null || service.teamId !== teamId ? null : offeredAi(service, this.#servedOf(service));
      },
      hasSecret: (teamId, name) => {
        const secret = this.#source.get('secret', `${teamId}/${name}`);
        return secret !== null && this.#canOpen(secret);
      },
    };
  }

  #servedOf(service: Service): Served[] {
    const served: Served[] = [];
    for (const live of service.live) {
      const release = this.#source.get('release', `${service.id}@${live.release}`);
      if (release !== null) served.push({ ...live, design: release.design });
    }
    return served;
  }

  #keptOf(service: Service, world: ManagedWorld): Omit<Kept, 'asked'> {
    if (service.stage === 'retired')
      return {
        served: { service, upstreams: [], routes: [retiredRoute(service)], contracts: [], ais: [], secrets: [] },
        findings: [],
      };
    const served = this.#servedOf(service);
    if (served.length === 0) return { served: null, findings: [] };
    const composed = composeService(service, served, world);
    const findings = [...composed.findings, ...lintComposed(composed)].filter(({ severity }) => severity === 'error');
    const { upstreams, routes, contracts, ais, secrets } = composed;
    return findings.length === 0
      ? { served: { service, upstreams, routes, contracts, ais, secrets }, findings: [] }
      : { served: null, findings: findings.map((finding) => atService(service.id, finding)) };
  }

  /** When the next key expires; null: none will. */
  #projectApplications(nowWallMs: number): number | null {
    for (const [id, expiresWallMs] of this.#expiries) if (expiresWallMs <= nowWallMs) this.#staleApplications.add(id);
    for (const id of this.#staleApplications) this.#projectApplication(id, nowWallMs);
    this.#staleApplications.clear();
    let next = Number.POSITIVE_INFINITY;
    for (const expiresWallMs of this.#expiries.values()) next = Math.min(next, expiresWallMs);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #projectApplication(id: string, nowWallMs: number): void {
    this.#expiries.delete(id);
    let consumer: ManagedConsumer | null = null;
    if (this.#source.get('application', id) === null) this.#applications.delete(id);
    else {
      const projected = this.#expiringOf(id, nowWallMs);
      this.#applications.set(id, projected);
      consumer = projected.consumer;
      if (projected.expiresWallMs < Number.POSITIVE_INFINITY) this.#expiries.set(id, projected.expiresWallMs);
    }
    if (this.#consumers !== null) this.#consumers = this.#placed(this.#consumers, id, consumer);
  }

  /** One is put in, in place of the one before, or taken out; the others keep their places. */
  #placed(consumers: ManagedConsumer[], id: string, consumer: ManagedConsumer | null): ManagedConsumer[] {
    const list = this.#isGivenAway ? [...consumers] : consumers;
    this.#isGivenAway = false;
    const at = placeOf(list, id);
    list.splice(at, list[at]?.spec.id === id ? 1 : 0, ...(consumer === null ? [] : [consumer]));
    return list;
  }

  #expiringOf(id: string, nowWallMs: number): Expiring {
    const keys = [...this.#source.of('key', 'applicationId', id)];
    const subscriptions = [...this.#source.of('subscription', 'applicationId', id)];
    for (const key of keys) this.#owners.set(`key ${key.id}`, id);
    for (const subscription of subscriptions) this.#owners.set(`subscription ${subscription.id}`, id);
    return consumerOf(this.#source.get('application', id), keys, subscriptions, nowWallMs);
  }

  #listed() {
    const ids = [...this.#services.keys()].sort();
    const kept = ids.flatMap((id) => this.#services.get(id) ?? []);
    return {
      services: withoutHidden(kept.flatMap(({ served }) => served ?? [])),
      findings: kept.flatMap(({ findings }) => findings),
    };
  }

  #listedConsumers(): ManagedConsumer[] {
    this.#isGivenAway = false;
    return [...this.#applications.values()].flatMap(({ consumer }) => consumer ?? []).sort(byId);
  }
}

const byId = (one: ManagedConsumer, other: ManagedConsumer): number => (one.spec.id < other.spec.id ? -1 : 1);

/** Where it stands, or would. */
function placeOf(consumers: readonly ManagedConsumer[], id: string): number {
  let [begin, end] = [0, consumers.length];
  while (begin < end) {
    const middle = (begin + end) >>> 1;
    if ((consumers[middle]?.spec.id ?? '') < id) begin = middle + 1;
    else end = middle;
  }
  return begin;
}

/** The checks of weir.yaml, of what nodes would refuse or could not be meant. */
export function lintComposed({
  upstreams,
  routes,
  contracts,
}: Pick<Composed, 'upstreams' | 'routes' | 'contracts'>): Finding[] {
  const draft = { gateway: null, upstreams, routes, consumers: [], contracts, ai: null };
  return lint(draft, { keyHash: (template) => template, fill: () => null, whyNotKey: () => null });
}

function atService(id: string, { path, message, cure }: Finding): Finding {
  return findWarning(['services', id, ...path], message, cure);
}

/** Its paths are free for others: one that lies there, or above, answers instead. */
function withoutHidden(services: readonly ManagedService[]): ManagedService[] {
  const places = new Map<string, ManagedService[]>();
  for (const served of services) {
    if (served.service.stage === 'retired') continue;
    const { basePath } = served.service;
    places.set(basePath, [...(places.get(basePath) ?? []), served]);
  }
  return services.filter(({ service }) => {
    if (service.stage !== 'retired') return true;
    return !pathsUpTo(service.basePath).some((path) =>
      places.get(path)?.some((other) => shareHost(other.service.hosts, service.hosts)),
    );
  });
}

/** `/a/b`: `/a` and `/a/b`. */
export function pathsUpTo(path: string): string[] {
  const segments = path.split('/').slice(1);
  return segments.map((_, i) => `/${segments.slice(0, i + 1).join('/')}`);
}

export function shareHost(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return true;
  const covers = (pattern: string, host: string): boolean =>
    pattern.startsWith('*.') && host.endsWith(pattern.slice(1));
  return a.some((one) => b.some((other) => one === other || covers(one, other) || covers(other, one)));
}

let plainRoute: ReturnType<typeof routeSchema.parse> | null = null;

function retiredRoute(service: Service): NamedRoute {
  plainRoute ??= routeSchema.parse({ match: '/*', respond: 410 });
  const match = { hosts: [...service.hosts], path: { kind: 'prefix' as const, prefix: service.basePath } };
  return {
    ...plainRoute,
    id: `${service.id}@${service.lastRelease}/retired`,
    match: { ...match, methods: [], headers: [], query: [] },
    respond: retiredAnswer(service),
  };
}
