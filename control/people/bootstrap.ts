/**
 * The first operator: where there is no user at all, one is made with a password that is shown once, to whoever starts this control, and that has to
 * be changed at the first sign-in. Of several controls that start at once one makes it, and one shows it.
 */
import type { Registry } from '../registry/registry.js';
import { localAt } from './callers.js';
import { drawPassword, type Passwords } from './passwords.js';

export const firstLogin = 'admin';

export type Bootstrapped =
  | { readonly kind: 'made'; readonly login: string; readonly password: string }
  /** Somebody is there already. */
  | { readonly kind: 'none' }
  /** It is not known whether anybody is there: to be tried again. */
  | { readonly kind: 'later'; readonly detail: string };

/** The same wherever it is tried: done twice, it is no second one. */
const ID = '0'.repeat(31).concat('1');

export async function bootstrap(
  registry: Pick<Registry, 'count' | 'execute'>,
  passwords: Pick<Passwords, 'hash'>,
): Promise<Bootstrapped> {
  if (registry.count('user') > 0) return { kind: 'none' };
  const password = drawPassword();
  const passwordHash = await passwords.hash(password);
  if (passwordHash === null) return { kind: 'later', detail: 'too many passwords are being hashed' };
  const executed = await registry.execute({
    ...{ what: 'user.create', id: ID, actor: localAt('', 'first start').actor, reason: 'the first start' },
    input: { login: firstLogin, name: 'Administrator', isOperator: true },
    facts: { passwordHash },
  });
  if (!executed.ok)
    return executed.why === 'away' || executed.why === 'uncertain'
      ? { kind: 'later', detail: executed.detail }
      : { kind: 'none' };
  return executed.isNew ? { kind: 'made', login: firstLogin, password } : { kind: 'none' };
}
