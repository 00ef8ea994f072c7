/**
 * Who asks: a user by the cookie of a session or by a token, whoever may read the data folder of this control (`local`), or nobody. What is
 * sent is compared by its hash, which is all that the registry has. Pure: hashing and time are passed in.
 *
 * A credential counts as long as its user may sign in and has not changed the password since; so a new password ends all sessions and
 * tokens at once, on all controls, without a list of them.
 */
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import type { Caller } from '../api/v1/api-route.js';
import type { Actor, Session, TeamRole, User } from '../model/entities.js';
import type { RegistryView } from '../registry/registry.js';

/** Who asks by it is `local`: it lies in the data folder, and nowhere else. */
export const localPrefix = 'weir_l_';
export const tokenPrefix = 'weir_t_';

export interface Presented {
  /** The field Authorization. */
  readonly authorization: string | undefined;
  readonly cookies: ReadonlyMap<string, string>;
  /** Address of the peer. */
  readonly from: string;
}

export type Identified =
  | {
      readonly ok: true;
      readonly caller: Caller;
      /** Of a cookie; null: the request has none that counts. */
      readonly session: { readonly secret: string; readonly csrf: string } | null;
    }
  /** A token was sent, and it is none. */
  | { readonly ok: false };

export interface CallersOptions {
  readonly registry: Pick<RegistryView, 'get' | 'tokenByHash'>;
  /** SHA-256 in hexadecimal digits. */
  readonly sha256: (text: string) => string;
  readonly isSame: (a: string, b: string) => boolean;
  /** SHA-256 of the token in the data folder; null: there is none. */
  readonly localSha256: string | null;
  readonly wallMs: () => number;
}

export interface Callers {
  identify(presented: Presented): Identified;
}

export function createCallers(options: CallersOptions): Callers {
  return {
    identify({ authorization, cookies, from }) {
      const bearer = bearerOf(authorization);
      if (bearer !== null) return byToken(bearer, from, options);
      const secret = cookies.get(sessionCookie);
      const session = secret === undefined ? null : bySession(secret, from, options);
      return session ?? { ok: true, caller: nobodyAt(from), session: null };
    },
  };
}

/** Bound to its session: whoever knows only the one can't make the other. */
export function csrfOf(sessionSecret: string, sha256: (text: string) => string): string {
  return sha256(`csrf ${sessionSecret}`).slice(0, 43);
}

/** A field of another scheme, such as Basic of a proxy in between, is not meant for this API. */
function bearerOf(authorization: string | undefined): string | null {
  return /^Bearer +(\S{1,200})$/i.exec(authorization ?? '')?.[1] ?? null;
}

function byToken(bearer: string, from: string, options: CallersOptions): Identified {
  const { sha256, isSame, localSha256 } = options;
  const hash = sha256(bearer);
  if (bearer.startsWith(localPrefix)) {
    const isLocal = localSha256 !== null && isSame(hash, localSha256);
    return isLocal ? { ok: true, caller: localAt(from), session: null } : { ok: false };
  }
  const caller = callerOfToken(hash, from, options);
  return caller === null ? { ok: false } : { ok: true, caller, session: null };
}

function callerOfToken(hash: string, from: string, options: CallersOptions): Caller | null {
  const { registry, wallMs } = options;
  const token = registry.tokenByHash(hash);
  if (token === null || token.expiresWallMs <= wallMs()) return null;
  const user = registry.get('user', token.userId);
  if (user === null || !counts(user, token.sessionEpoch)) return null;
  const actor: Actor = { userId: user.id, login: user.login, via: 'token', from };
  const again = (): Caller | null => callerOfToken(hash, from, options);
  return callerOf(user, actor, registry, { reaches: reachOf(token.scopes), again });
}

function bySession(secret: string, from: string, options: CallersOptions): Identified | null {
  const { sha256 } = options;
  const caller = callerOfSession(sha256(secret), from, options);
  return caller === null ? null : { ok: true, caller, session: { secret, csrf: csrfOf(secret, sha256) } };
}

function callerOfSession(id: string, from: string, options: CallersOptions): Caller | null {
  const { registry, wallMs } = options;
  const session: Session | null = registry.get('session', id);
  if (session === null || session.expiresWallMs <= wallMs()) return null;
  const user = registry.get('user', session.userId);
  if (user === null || !counts(user, session.sessionEpoch)) return null;
  const actor: Actor = { userId: user.id, login: user.login, via: 'session', from };
  const again = (): Caller | null => callerOfSession(id, from, options);
  return callerOf(user, actor, registry, { reaches: () => true, again });
}

function counts(user: User, sessionEpoch: number): boolean {
  return !user.isDisabled && user.sessionEpoch === sessionEpoch;
}

function callerOf(
  user: User,
  actor: Actor,
  registry: Pick<RegistryView, 'get'>,
  parts: Pick<Caller, 'reaches' | 'again'>,
): Caller {
  return {
    ...{ actor, user, isOperator: user.isOperator, ...parts },
    roleIn(teamId): TeamRole | null {
      if (user.isOperator) return 'owner';
      const members = registry.get('team', teamId)?.members ?? {};
      return Object.hasOwn(members, user.id) ? (members[user.id] ?? null) : null;
    },
  };
}

/** `write` of an area holds `read` of it. */
export function reachOf(scopes: readonly string[]): Caller['reaches'] {
  const all = new Set(scopes);
  return (area, does) => {
    if (all.has('write') || all.has(`${area}:write`)) return true;
    return does === 'read' && (all.has('read') || all.has(`${area}:read`));
  };
}

export function localAt(from: string, login = 'local'): Caller {
  const actor: Actor = { userId: 'local', login, via: 'local', from };
  const caller: Caller = {
    ...{ actor, user: null, isOperator: true, roleIn: () => 'owner', reaches: () => true },
    again: () => caller,
  };
  return caller;
}

export function nobodyAt(from: string): Caller {
  const actor: Actor = { userId: '', login: '', via: 'none', from };
  const caller: Caller = {
    ...{ actor, user: null, isOperator: false, roleIn: () => null, reaches: () => true },
    again: () => caller,
  };
  return caller;
}
