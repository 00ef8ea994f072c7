/** All that is needed to know who asks and to let them in: put together once for each control, and used by the routes about people. */
import type { Registry } from '../registry/registry.js';
import { type Callers, createCallers } from './callers.js';
import { isSameText, sha256Hex } from './digests.js';
import type { Oidc } from './oidc.js';
import { createPasswords, type Passwords } from './passwords.js';
import { SignInLimits } from './sign-in-limits.js';

export interface People {
  readonly registry: Registry;
  readonly callers: Callers;
  readonly passwords: Passwords;
  readonly limits: SignInLimits;
  /** Null: nobody signs in elsewhere. */
  readonly oidc: Oidc | null;
  /** Browsers come by https, so cookies are for it alone. */
  readonly isSecure: boolean;
  readonly wallMs: () => number;
}

export interface PeopleOptions {
  readonly registry: Registry;
  /** SHA-256 of the token in the data folder; null: there is none. */
  readonly localSha256: string | null;
  readonly oidc: Oidc | null;
  readonly isSecure: boolean;
  readonly wallMs: () => number;
  /** Left out: scrypt as it is. */
  readonly passwords?: Passwords;
}

export function createPeople(options: PeopleOptions): People {
  const { registry, localSha256, oidc, isSecure, wallMs, passwords = createPasswords() } = options;
  const callers = createCallers({ registry, sha256: sha256Hex, isSame: isSameText, localSha256, wallMs });
  return { registry, callers, passwords, limits: new SignInLimits(), oidc, isSecure, wallMs };
}
