/**
 * Signing in by a password: whether one may try, whether it is right, and a session of its own. A session is always a new one, whatever cookie came
 * along, and the one that the cookie named ends: nobody can lay a session out for somebody else to fill.
 */
import type { Actor, User } from '../model/entities.js';
import type { Executed, Registry } from '../registry/registry.js';
import { nobodyAt } from './callers.js';
import { drawId, drawSecret, sha256Hex } from './digests.js';
import type { Passwords } from './passwords.js';
import type { SignInLimits } from './sign-in-limits.js';

export type SignedIn =
  | { readonly ok: true; readonly user: User; readonly secret: string }
  /** No such login, no password, another password, or disabled: which of them is nobody's business. */
  | { readonly ok: false; readonly why: 'wrong' }
  | { readonly ok: false; readonly why: 'wait'; readonly waitMs: number }
  /** Too many are at it at once. */
  | { readonly ok: false; readonly why: 'busy' }
  | { readonly ok: false; readonly why: 'not done'; readonly executed: Executed & { readonly ok: false } };

export interface SignInParts {
  readonly registry: Pick<Registry, 'get' | 'of' | 'userByLogin' | 'execute'>;
  readonly passwords: Passwords;
  readonly limits: SignInLimits;
  readonly wallMs: () => number;
}

/** Of a working day; sooner ends whoever signs out. */
export const sessionLastsMs = 12 * 3_600_000;

export async function signIn(
  parts: SignInParts,
  { login, password, from }: { readonly login: string; readonly password: string; readonly from: string },
): Promise<SignedIn> {
  const { registry, passwords, limits, wallMs } = parts;
  const known = registry.userByLogin(login);
  const attempt = { from, login, isKnown: known !== null && hasBeenAt(registry, known.id, from) };
  const waitMs = limits.take(attempt, wallMs());
  if (waitMs > 0) return { ok: false, why: 'wait', waitMs };
  const isRight = await passwords.isRight(password, known?.passwordHash ?? null);
  if (isRight === null) return { ok: false, why: 'busy' };
  // Looked at again: the password may have been changed while it was hashed.
  const user = known === null ? null : registry.get('user', known.id);
  if (!isRight || user === null || user.isDisabled || user.passwordHash !== known?.passwordHash)
    return { ok: false, why: 'wrong' };
  limits.giveBack(attempt, wallMs());
  return openSession(parts, user, { userId: user.id }, from);
}

function hasBeenAt(registry: Pick<Registry, 'of'>, userId: string, from: string): boolean {
  for (const session of registry.of('session', 'userId', userId)) if (session.from === from) return true;
  return false;
}

/** `proven`: how they have shown to be that user. */
export async function openSession(
  { registry, wallMs }: Pick<SignInParts, 'registry' | 'wallMs'>,
  user: User,
  proven: { readonly userId: string } | { readonly issuer: string; readonly subject: string },
  from: string,
): Promise<SignedIn> {
  const secret = drawSecret();
  const executed = await registry.execute({
    ...{ what: 'session.open', id: drawId(), actor: actorOf(user, from) },
    input: { userId: user.id, expiresWallMs: wallMs() + sessionLastsMs, from },
    facts: { proven, credential: { sha256: sha256Hex(secret), lastFour: '' } },
  });
  return executed.ok ? { ok: true, user, secret } : { ok: false, why: 'not done', executed };
}

/** In the audit it is they who have signed in. */
export function actorOf({ id, login }: User, from: string): Actor {
  return { ...nobodyAt(from).actor, userId: id, login, via: 'session' };
}
