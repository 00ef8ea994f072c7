/**
 * What a document of the registry comes to, compared with what is there: what it names is made or changed, what it does not name stays. So it
 * can be applied again, and does nothing then. Releases are never changed: one that differs from what is there is a fault. Pure.
 */
import { type DecisionContext, type InputFault, type ModelState, made, type Outcome } from './decision.js';
import type { RegistryDocument } from './document-schema.js';
import type {
  AnyEntity,
  AppKey,
  Application,
  Change,
  Entities,
  EntityKind,
  Release,
  Secret,
  Service,
  Subscription,
  Team,
  TeamRole,
  User,
} from './entities.js';
import { violations } from './invariants.js';

export interface Difference {
  readonly does: 'create' | 'change';
  readonly kind: EntityKind;
  /** For people: the login of a user, `APPLICATION NAME` of a key. */
  readonly name: string;
  /** Of what is changed. */
  readonly fields: readonly string[];
}

export interface Compared {
  readonly changes: readonly Change[];
  readonly differences: readonly Difference[];
  readonly faults: readonly InputFault[];
  /** What is in the document and can't be made of it. */
  readonly notes: readonly string[];
}

const FAULTS_MAX = 50;

export function compareDocument(state: ModelState, document: RegistryDocument, context: DecisionContext): Compared {
  const comparison = new Comparison(state, context);
  for (const user of document.users) comparison.user(user);
  for (const [at, team] of document.teams.entries()) comparison.team(team, `teams[${at}]`);
  for (const [at, service] of document.services.entries()) comparison.service(service, `services[${at}]`);
  for (const application of document.applications) comparison.application(application);
  for (const subscription of document.subscriptions) comparison.subscription(subscription);
  for (const secret of document.secrets) comparison.secret(secret);
  return comparison.outcome();
}

export function importDocument(state: ModelState, document: RegistryDocument, context: DecisionContext): Outcome {
  const { changes, faults, notes } = compareDocument(state, document, context);
  const [first] = faults;
  if (first !== undefined) return { ok: false, why: 'invalid', detail: first.message, faults };
  return { ok: true, changes, warnings: notes };
}

class Comparison {
  readonly #state: ModelState;
  readonly #context: DecisionContext;
  readonly #changes = new Map<string, Change>();
  readonly #differences: Difference[] = [];
  readonly #faults: InputFault[] = [];
  readonly #notes: string[] = [];
  /** Ids by logins, of those who are there and those who come. */
  readonly #users = new Map<string, string>();
  #drawn = 0;

  constructor(state: ModelState, context: DecisionContext) {
    this.#state = state;
    this.#context = context;
  }

  user({ passwordHash, ...fields }: RegistryDocument['users'][number]): void {
    const known = this.#state.userByLogin(fields.login);
    const id = known?.id ?? this.#draw();
    this.#users.set(fields.login, id);
    const secret = passwordHash === undefined ? {} : { passwordHash };
    const rest = { passwordHash: null, mustChangePassword: false, sessionEpoch: 1 };
    this.#put<User>('user', known, { ...fields, ...secret }, { id, ...rest }, fields.login);
  }

  team({ members, ...fields }: RegistryDocument['teams'][number], path: string): void {
    const byId: Record<string, TeamRole> = {};
    for (const [login, role] of Object.entries(members)) {
      const id = this.#userId(login);
      if (id === null)
        this.#fault(
          `${path}.members`,
          `there is no user ${login}`,
          'add the user to the document, or leave the member out',
        );
      else byId[id] = role;
    }
    this.#put<Team>('team', this.#state.get('team', fields.id), { ...fields, members: byId }, {}, fields.id);
  }

  service({ team, releases, ...fields }: RegistryDocument['services'][number], path: string): void {
    const { id } = fields;
    const known = this.#state.get('service', id);
    const lastRelease = Math.max(known?.lastRelease ?? 0, ...releases.map(({ number }) => number));
    this.#put<Service>('service', known, { ...fields, teamId: team, lastRelease }, {}, id);
    releases.forEach(({ number, notes, by, design }, at) => {
      const present = this.#state.get('release', `${id}@${number}`);
      const byUserId = this.#userId(by) ?? '';
      if (present !== null && !isSame(present.design, design))
        this.#fault(
          `${path}.releases[${at}]`,
          `release ${id}@${number} is there with another design`,
          'give it the next number: releases are never changed',
        );
      else if (present === null)
        this.#put<Release>(
          'release',
          null,
          { id: `${id}@${number}`, serviceId: id, number, design, notes, byUserId },
          {},
          `${id}@${number}`,
        );
    });
  }

  application({ team, keys, ...fields }: RegistryDocument['applications'][number]): void {
    const known = this.#state.get('application', fields.id);
    this.#put<Application>('application', known, { ...fields, teamId: team }, {}, fields.id);
    const own = [...this.#state.of('key', 'applicationId', fields.id)];
    for (const { sha256, publicKey, ...key } of keys) {
      const label = `${fields.id} ${key.name}`;
      const present =
        own.find((one) =>
          sha256 === undefined ? one.name === key.name && one.lastFour === key.lastFour : one.sha256 === sha256,
        ) ?? null;
      if (present === null && sha256 === undefined) {
        this.#notes.push(`key ${label} has no hash in the document, and is not made`);
        continue;
      }
      const hash = sha256 ?? present?.sha256 ?? '';
      if (present === null && this.#state.isHashTaken(hash))
        this.#fault('applications', `key ${label} is there already, of another application`, 'leave it out');
      else
        this.#put<AppKey>(
          'key',
          present,
          { ...key, applicationId: fields.id, sha256: hash, ...(publicKey === undefined ? {} : { publicKey }) },
          { id: present?.id ?? this.#draw() },
          label,
        );
    }
  }

  subscription({ service, application, plan, ...rest }: RegistryDocument['subscriptions'][number]): void {
    const own = [...this.#state.of('subscription', 'applicationId', application)].filter(
      ({ serviceId }) => serviceId === service,
    );
    const known = own.find(({ state }) => state !== 'rejected') ?? own[0] ?? null;
    const fields = { ...rest, serviceId: service, applicationId: application, planId: plan };
    this.#put<Subscription>(
      'subscription',
      known,
      fields,
      { id: known?.id ?? this.#draw() },
      `${application} to ${service}`,
    );
  }

  secret({ team, name, sealed }: RegistryDocument['secrets'][number]): void {
    const id = `${team}/${name}`;
    const known = this.#state.get('secret', id);
    if (sealed !== undefined) this.#put<Secret>('secret', known, { id, teamId: team, name, sealed }, {}, id);
    else if (known === null) this.#notes.push(`secret ${id} has no value in the document, and is not made`);
  }

  /** Once all is compared: what would be is held to every rule. */
  outcome(): Compared {
    const changes = [...this.#changes.values()];
    if (this.#faults.length === 0 && changes.length > 0) {
      const had = this.#state.operators() > 0;
      const broken = this.#state.tried(changes, () => {
        const found = violations(this.#state, this.#context.reservedPaths, FAULTS_MAX);
        return had && this.#state.operators() === 0 ? [...found, 'no operator would be left who can sign in'] : found;
      });
      for (const message of broken) this.#fault('', message, 'put it right in the document, or leave it out');
    }
    const faults = this.#faults.slice(0, FAULTS_MAX);
    return { changes, differences: this.#differences, faults, notes: this.#notes };
  }

  /** `fields`: what the document says; `rest`: what a new one has besides. */
  #put<E extends AnyEntity>(
    kind: EntityKind,
    known: E | null,
    fields: Partial<E>,
    rest: Partial<E>,
    name: string,
  ): void {
    const { wallMs } = this.#context;
    if (known === null) {
      // All fields of its kind but the three that `made` adds.
      const value = made<E>(
        { ...rest, ...fields } as Omit<E, 'version' | 'createdWallMs' | 'changedWallMs'>,
        this.#context,
      );
      this.#keep(kind, value);
      this.#differences.push({ does: 'create', kind, name, fields: [] });
      return;
    }
    const differing = Object.entries(fields).filter(([field, value]) => !isSame(value, known[field as keyof E]));
    if (differing.length === 0) return;
    const epoch =
      kind === 'user' && differing.some(([field]) => field === 'passwordHash' || field === 'isDisabled')
        ? { sessionEpoch: (known as User).sessionEpoch + 1 }
        : {};
    this.#keep(kind, { ...known, ...fields, ...epoch, version: known.version + 1, changedWallMs: wallMs });
    this.#differences.push({ does: 'change', kind, name, fields: differing.map(([field]) => field) });
  }

  #keep(kind: EntityKind, value: AnyEntity): void {
    const key = `${kind} ${value.id}`;
    if (this.#changes.has(key))
      this.#fault('', `${kind} ${value.id} is in the document twice`, 'leave one of them out');
    // A value of a kind with that kind is a change.
    this.#changes.set(key, { kind, id: value.id, value: value as Entities[typeof kind] } as Change);
  }

  #userId(login: string): string | null {
    return this.#users.get(login) ?? this.#state.userByLogin(login)?.id ?? null;
  }

  #draw(): string {
    this.#drawn += 1;
    return `${this.#context.newId}-${this.#drawn}`;
  }

  #fault(path: string, message: string, cure: string): void {
    this.#faults.push({ path, message, cure });
  }
}

/** Plain values, whose fields may stand in another order. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [of, other] = [Object.entries(a), Object.entries(b)];
  // The second is an object, whatever it holds.
  return (
    of.length === other.length &&
    of.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, (b as Record<string, unknown>)[key]))
  );
}
