import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../api/v1/api-route.js';
import { createCallers, localPrefix, type Presented } from './callers.js';
import { drawCredential, isSameText, sha256Hex } from './digests.js';
import { PeopleRegistry } from './testing/people-registry.js';

function house() {
  const registry = new PeopleRegistry();
  const ann = registry.user('ann', { isOperator: true });
  registry.team('red', { ann: 'owner' });
  const clock = { wallMs: 1_000 };
  const localToken = drawCredential(localPrefix);
  const callers = createCallers({
    ...{ registry, sha256: sha256Hex, isSame: isSameText, wallMs: () => clock.wallMs },
    localSha256: sha256Hex(localToken),
  });
  const identify = (presented: Partial<Presented>): Caller => {
    const seen = callers.identify({ authorization: undefined, cookies: new Map(), from: '::1', ...presented });
    if (!seen.ok) throw new Error('unknown');
    return seen.caller;
  };
  const secret = registry.session('ann', { expiresWallMs: 2_000 });
  const token = registry.token('ann', ['read'], { expiresWallMs: 2_000 });
  return {
    ...{ registry, ann, clock },
    bySession: () => identify({ cookies: new Map([[sessionCookie, secret]]) }),
    byToken: () => identify({ authorization: `Bearer ${token}` }),
    local: () => identify({ authorization: `Bearer ${localToken}` }),
    nobody: () => identify({}),
    end: {
      bySession: () => registry.put('session', sha256Hex(secret), null),
      byToken: () => registry.put('token', sha256Hex(token), null),
    },
  };
}

describe('a caller who is looked at once more', () => {
  const ways = ['bySession', 'byToken'] as const;

  it('is as before while nothing has changed, and reaches as far', () => {
    for (const way of ways) {
      const before = house()[way]();
      expect(before.again()).toMatchObject({ actor: before.actor, isOperator: true });
      expect(before.again()?.reaches('services', 'write')).toBe(before.reaches('services', 'write'));
    }
  });

  it('is nobody any more when the credential has expired or ended, or its user is disabled, gone, or has another password', () => {
    for (const way of ways)
      for (const withdraw of ['expire', 'end', 'disable', 'delete', 'password'] as const) {
        const all = house();
        const before = all[way]();
        if (withdraw === 'expire') all.clock.wallMs = 2_000;
        if (withdraw === 'end') all.end[way]();
        if (withdraw === 'disable') all.registry.user('ann', { isOperator: true, isDisabled: true });
        if (withdraw === 'delete') all.registry.put('user', 'ann', null);
        if (withdraw === 'password') all.registry.user('ann', { isOperator: true, sessionEpoch: 2 });
        expect([way, withdraw, before.again()]).toEqual([way, withdraw, null]);
      }
  });

  it('has the rights that they have now', () => {
    for (const way of ways) {
      const all = house();
      const before = all[way]();
      all.registry.user('ann', { isOperator: false });
      all.registry.team('red', {});
      expect([before.again()?.isOperator, before.again()?.roleIn('red')]).toEqual([false, null]);
    }
  });

  it('stays whoever may read the data folder, or nobody', () => {
    expect([house().local().again()?.isOperator, house().nobody().again()?.isOperator]).toEqual([true, false]);
  });
});
