/**
 * weir.yaml and what the registry adds to it, as one. Where the two lie in each other's way the operator's words hold, and the service or the
 * application is left out and told of: weir.yaml is read with no registry at hand, and may say anything at any time. Pure.
 */
import { providerUpstreamId } from '@weir/proto/config/ai-references.js';
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findWarning } from '@weir/proto/config/faults.js';
import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import type { PathMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Service } from '../../model/entities.js';
import { upstreamIds } from '../names.js';
import { upstreamOf } from './compose-ai.js';
import type { ManagedConsumer } from './consumers-of.js';
import type { ManagedConfig, ManagedService } from './managed-config.js';
import { type NamesOfConfig, pathsUpTo, shareHost } from './projection.js';

export interface Merged {
  readonly services: readonly ManagedService[];
  readonly consumers: readonly ManagedConsumer[];
  /** `TEAM/NAME` of all secrets that it needs, sorted. */
  readonly secrets: readonly string[];
  readonly findings: readonly Finding[];
}

/** Names of weir.yaml that designs of teams may use. */
export function namesOf({ ai }: WeirConfig): NamesOfConfig {
  const ids = (list: readonly { readonly id: string }[] = []): string[] => list.map(({ id }) => id);
  return { models: ids(ai?.models), prompts: ids(ai?.prompts), guards: ids(ai?.guards) };
}

/** Why a service of that place can't be served beside this weir.yaml; null: it can. */
export function placeConflict(config: WeirConfig, service: Pick<Service, 'basePath' | 'hosts'>): string | null {
  const place = placesOf(config)
    .taken.get(service.basePath)
    ?.find(({ hosts }) => shareHost(hosts, service.hosts));
  return place === undefined ? null : `${place.name} lies at or below ${service.basePath}`;
}

/** The route of weir.yaml whose calls a service of that place takes over, since what is longer is more specific; null: there is none. */
export function placeShadowed(config: WeirConfig, service: Pick<Service, 'basePath' | 'hosts'>): string | null {
  const [above] = aboveOf(placesOf(config), service);
  return above === undefined ? null : `it answers below ${service.basePath} in place of ${above.name} (${above.path})`;
}

/** Whether that id is a consumer of this weir.yaml: an application of that id is left out beside it. */
export function hasConsumer(config: WeirConfig, id: string): boolean {
  return consumersOf(config).has(id);
}

const consumersKnown = new WeakMap<WeirConfig, ReadonlySet<string>>();

function consumersOf(config: WeirConfig): ReadonlySet<string> {
  const known = consumersKnown.get(config) ?? new Set(config.consumers.map(({ id }) => id));
  consumersKnown.set(config, known);
  return known;
}

export function mergeManaged(config: WeirConfig, managed: ManagedConfig): Merged {
  const beside = besideOf(config, managed.services);
  const findings: Finding[] = [...managed.findings, ...beside.findings];
  const own = consumersOf(config);
  const consumers =
    own.size === 0 ? managed.consumers : managed.consumers.filter(({ spec: { id } }) => isFree(id, own, findings));
  return { ...beside, consumers, findings };
}

type Beside = Pick<Merged, 'services' | 'secrets' | 'findings'>;

/** What services come to beside a config: the same lists for as long as both are the same, whatever keys come and go. */
const besideKnown = new WeakMap<readonly ManagedService[], { readonly config: WeirConfig; readonly beside: Beside }>();

function besideOf(config: WeirConfig, all: readonly ManagedService[]): Beside {
  const known = besideKnown.get(all);
  if (known?.config === config) return known.beside;
  const beside = servicesBeside(config, all);
  besideKnown.set(all, { config, beside });
  return beside;
}

function servicesBeside(config: WeirConfig, all: readonly ManagedService[]): Beside {
  // Where nothing lies beside it, nobody asks where it lies.
  if (all.length === 0) return { services: all, secrets: [], findings: [] };
  const findings: Finding[] = [];
  const { taken: places } = placesOf(config);
  const providers = new Set(config.ai?.providers.map(({ id }) => id));
  const upstreams = new Set([...upstreamIds(config.upstreams), ...[...providers].map(providerUpstreamId)]);
  const services = all.filter((served) => {
    const conflict = conflictOf(served, places, { upstreams, providers });
    if (conflict === null) return true;
    findings.push(findWarning(['services', served.service.id], conflict, 'give the service another place'));
    return false;
  });
  findings.push(...shadowFindings(config, services));
  const secrets = new Set<string>();
  for (const served of services) for (const secret of served.secrets) secrets.add(secret);
  return { services, secrets: [...secrets].sort(), findings };
}

function isFree(id: string, own: ReadonlySet<string>, findings: Finding[]): boolean {
  if (!own.has(id)) return true;
  const message = 'weir.yaml has a consumer of that id, so its keys are not known to nodes';
  findings.push(findWarning(['applications', id], message, 'give the application another id'));
  return false;
}

interface Place {
  readonly hosts: readonly string[];
  readonly name: string;
}

/** A route that goes on below its literal path, and loses to whatever lies there. */
interface Above extends Place {
  readonly index: number;
  readonly path: string;
  readonly segments: readonly string[];
}

interface Places {
  /** By the literal paths of routes of weir.yaml, and all above them: no service lies there. */
  readonly taken: ReadonlyMap<string, readonly Place[]>;
  /** By their literal paths. What lies at `/*` answers where nothing else does, and loses nothing by that. */
  readonly above: ReadonlyMap<string, readonly Above[]>;
}

function placesOf(config: WeirConfig): Places {
  const known = placesKnown.get(config);
  if (known !== undefined) return known;
  const places = placesIn(config);
  placesKnown.set(config, places);
  return places;
}

const placesKnown = new WeakMap<WeirConfig, Places>();

function placesIn({ routes, gateway }: WeirConfig): Places {
  const taken = new Map<string, Place[]>();
  const above = new Map<string, Above[]>();
  const put = (path: string, place: Place): void => {
    for (const each of pathsUpTo(path)) listIn(taken, each).push(place);
  };
  for (const [index, { id, match }] of routes.entries()) {
    const place = { hosts: match.hosts, name: `route ${id ?? index} of weir.yaml` };
    const literal = literalOf(match.path);
    put(literal, place);
    const path = formatPathPattern(match.path);
    if (path !== '/*' && match.path.kind !== 'exact')
      listIn(above, literal).push({ ...place, index, path, segments: path.split('/').slice(1) });
  }
  put(gateway.jobs.prefix, { hosts: [], name: 'the path of jobs' });
  return { taken, above };
}

function listIn<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const known = lists.get(key) ?? [];
  lists.set(key, known);
  return known;
}

function aboveOf({ above }: Places, { basePath, hosts }: Pick<Service, 'basePath' | 'hosts'>): Above[] {
  const segments = basePath.split('/').slice(1);
  return ['/', ...pathsUpTo(basePath).slice(0, -1)]
    .flatMap((path) => above.get(path) ?? [])
    .filter((route) => shareHost(route.hosts, hosts) && haveCommonPath(route.segments, segments));
}

/** Whether some path below the literal one is also of a pattern: `{id}` is any segment, `*` at the end any number of them. */
function haveCommonPath(pattern: readonly string[], literal: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (!isOpen && fixed.length < literal.length) return false;
  return literal.every((segment, index) => {
    const wanted = fixed[index];
    return wanted === undefined || wanted.includes('{') || wanted === segment;
  });
}

/** Services that are named of one route; how many others there are is said. */
const NAMED_MAX = 5;

function shadowFindings(config: WeirConfig, services: readonly ManagedService[]): Finding[] {
  const places = placesOf(config);
  if (places.above.size === 0) return [];
  const found = new Map<Above, string[]>();
  for (const { service } of services)
    for (const route of aboveOf(places, service)) listIn(found, route).push(`${service.id} (${service.basePath})`);
  return [...found].map(([{ index, path }, names]) => {
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
    const message = `below ${path} services of teams answer in its place: ${names.slice(0, NAMED_MAX).join(', ')}${more}`;
    return findWarning(
      ['routes', index, 'match'],
      message,
      'if that is not meant, have them moved, or name their paths in routes of weir.yaml',
    );
  });
}

function literalOf(path: Route['match']['path'] & PathMatchSpec): string {
  const written = path.kind === 'exact' ? path.path : path.kind === 'prefix' ? path.prefix : path.template;
  const segments = written.split('/').slice(1);
  const end = segments.findIndex((segment) => segment === '' || segment === '*' || segment.startsWith('{'));
  return `/${(end === -1 ? segments : segments.slice(0, end)).join('/')}`;
}

function conflictOf(
  { service, upstreams: own, ais }: ManagedService,
  places: Places['taken'],
  names: { readonly upstreams: ReadonlySet<string>; readonly providers: ReadonlySet<string> },
): string | null {
  // The path of a route that lies at the base path, or below it.
  const place = places.get(service.basePath)?.find(({ hosts }) => shareHost(hosts, service.hosts));
  if (place !== undefined) return `${place.name} lies at or below ${service.basePath}, so the service is not served`;
  const providers = ais.flatMap((ai) => ai.providers.map(({ id }) => id));
  const upstream = [...own.map(({ id }) => id), ...providers.map(upstreamOf)].find((id) => names.upstreams.has(id));
  if (upstream !== undefined) return `weir.yaml has an upstream ${upstream}, so the service is not served`;
  const provider = providers.find((id) => names.providers.has(id));
  return provider === undefined ? null : `weir.yaml has a provider ${provider}, so the service is not served`;
}
