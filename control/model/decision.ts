/**
 * What a decision is made of, and what comes of it. A decision is a function of the state, the input and this context: the same
 * three give the same answer, on every control and whenever it is made again.
 */
import type { Actor, AnyEntity, Change, Entities, EntityKind, PublicKey, Service, User } from './entities.js';

/** By which of its fields an entity is found without a look at all others. */
export type Owner = 'teamId' | 'serviceId' | 'applicationId' | 'userId';

/** What decisions read: all that is known, as of the last entry. */
export interface ModelState {
  get<K extends EntityKind>(kind: K, id: string): Entities[K] | null;
  count(kind: EntityKind): number;
  /** Those of a team, a service, an application or a user, in the order of their ids. Of teams by user: those they are members of. */
  of<K extends EntityKind>(kind: K, by: Owner, id: string): Iterable<Entities[K]>;
  countOf(kind: EntityKind, by: Owner, id: string): number;
  all<K extends EntityKind>(kind: K): Iterable<Entities[K]>;
  userByLogin(login: string): User | null;
  userByOidc(issuer: string, subject: string): User | null;
  /** Of a key or a token. */
  isHashTaken(sha256: string): boolean;
  /** Operators who may sign in. */
  operators(): number;
  /** Services, retired ones too, whose base path is this one, above or below. */
  servicesNear(basePath: string): Iterable<Service>;
  /** Characters of all drafts and releases. */
  readonly designsChars: number;
  /** What `look` sees where these were made; afterwards all is as before. */
  tried<T>(changes: readonly Change[], look: () => T): T;
}

/** What was found out outside of the model, which sees no secret in clear and computes no hash. Never from a request's own words. */
export interface Facts {
  /** `scrypt$…` of the new password. */
  readonly passwordHash?: string;
  /** Of a key, a token or a session that was just drawn; or of a public key that was read, and is for that application. */
  readonly credential?: { readonly sha256: string; readonly lastFour: string; readonly publicKey?: PublicKey };
  /** `v1.…` of the secret. */
  readonly sealed?: string;
  /** Whoever has just proven to be that user, by password or by OIDC: for `session.open` and `user.enrol` alone. */
  readonly proven?: { readonly userId: string } | { readonly issuer: string; readonly subject: string };
}

export interface DecisionContext {
  readonly actor: Actor;
  readonly wallMs: number;
  /** Drawn for this command, and the same one when it is decided again: the id of what it makes. */
  readonly newId: string;
  readonly facts: Facts;
  /** Paths of the gateway itself, such as the prefix of jobs: no service lies there. */
  readonly reservedPaths: readonly string[];
}

export interface InputFault {
  readonly path: string;
  readonly message: string;
  readonly cure: string;
}

export type RefusalKind = 'missing' | 'forbidden' | 'conflict' | 'outdated' | 'invalid';

export interface Refusal {
  readonly ok: false;
  readonly why: RefusalKind;
  readonly detail: string;
  readonly faults?: readonly InputFault[];
}

export interface Decided {
  readonly ok: true;
  /** `service shop`. */
  readonly on: string;
  readonly changes: readonly Change[];
  /** What its author should know although it is done. */
  readonly warnings: readonly string[];
}

export type Decision = Decided | Refusal;

/** What the decision of one command gives; what it is on is known to its row. */
export type Outcome =
  | { readonly ok: true; readonly changes: readonly Change[]; readonly warnings?: readonly string[] }
  | Refusal;

export function done(changes: readonly Change[], warnings: readonly string[] = []): Outcome {
  return { ok: true, changes, warnings };
}

export function refuse(why: RefusalKind, detail: string): Refusal {
  return { ok: false, why, detail };
}

/** Of one field of the input. */
export function invalid(path: string, message: string, cure: string): Refusal {
  return { ok: false, why: 'invalid', detail: `${path}: ${message}`, faults: [{ path, message, cure }] };
}

export function missing(kind: EntityKind | 'registry', id: string): Refusal {
  return refuse('missing', `there is no ${kind} ${id}`);
}

type Versioned = 'version' | 'createdWallMs' | 'changedWallMs';

export function made<E extends AnyEntity>(fields: Omit<E, Versioned>, { wallMs }: Pick<DecisionContext, 'wallMs'>): E {
  // An entity is its fields and these three.
  return { ...fields, version: 1, createdWallMs: wallMs, changedWallMs: wallMs } as unknown as E;
}

/** What is undefined in the patch stays as it is. */
export function changed<E extends AnyEntity>(
  entity: E,
  patch: { readonly [F in keyof E]?: E[F] | undefined },
  { wallMs }: Pick<DecisionContext, 'wallMs'>,
): E {
  const stated = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return { ...entity, ...stated, version: entity.version + 1, changedWallMs: wallMs };
}

/** Its new value, as a change. */
export function put<K extends EntityKind>(kind: K, value: Entities[K]): Change {
  // The pair of a kind and a value of that kind is what a change is; the compiler can't see it through K.
  return { kind, id: value.id, value } as unknown as Change;
}

export function end(kind: EntityKind, id: string): Change {
  return { kind, id, value: null };
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
