import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attempt, networkOf, SignInLimits } from './sign-in-limits.js';

const at = (from: string, login: string, isKnown = false): Attempt => ({ from, login, isKnown });

describe('tries to sign in', () => {
  it('of one address at one login are five at once, and then one a minute', () => {
    const limits = new SignInLimits();
    for (let i = 0; i < 5; i += 1) expect(limits.take(at('a', 'ann'), 1_000)).toBe(0);
    expect(limits.take(at('a', 'ann'), 1_000)).toBe(60_000);
    expect(limits.take(at('a', 'ann'), 60_999)).toBe(1);
    expect(limits.take(at('a', 'ann'), 61_000)).toBe(0);
    expect(limits.take(at('a', 'bob'), 61_000)).toBe(0);
    expect(limits.take(at('b', 'ann'), 61_000)).toBe(0);
  });

  it('that were right take nothing, however many there are', () => {
    const limits = new SignInLimits();
    for (let i = 0; i < 200; i += 1) {
      expect(limits.take(at('a', 'ann'), 1_000)).toBe(0);
      limits.giveBack(at('a', 'ann'), 1_000);
    }
  });

  it('that are refused take nothing: who hammers waits no longer than who waits', () => {
    const limits = new SignInLimits();
    for (let i = 0; i < 1_000; i += 1) limits.take(at('a', 'ann'), 1_000);
    expect(limits.take(at('a', 'ann'), 61_000)).toBe(0);
  });

  it('never keep a login from where it is known, whatever others do elsewhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 3_000 })), {
          size: 'max',
          maxLength: 400,
        }),
        (tries) => {
          const limits = new SignInLimits();
          let nowMs = 1_000;
          for (const [stranger, laterMs] of tries) {
            nowMs += laterMs;
            limits.take(at(`s${stranger}`, 'ann'), nowMs);
          }
          expect(limits.take(at('desk', 'ann', true), nowMs)).toBe(0);
        },
      ),
    );
  });

  it('at one login from many addresses are bounded by a rate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { size: 'max', maxLength: 500 }), (pauses) => {
        const limits = new SignInLimits();
        let [nowMs, let_in] = [1_000, 0];
        pauses.forEach((pauseMs, i) => {
          nowMs += pauseMs;
          if (limits.take(at(`s${i}`, 'ann'), nowMs) === 0) let_in += 1;
        });
        expect(let_in).toBeLessThanOrEqual(20 + Math.floor((nowMs - 1_000) / 30_000));
      }),
    );
  });

  it('are remembered within bounds', () => {
    const limits = new SignInLimits();
    for (let i = 0; i < 30_000; i += 1) limits.take(at(`10.${i >> 8}.${i & 255}.1`, `u${i}`), 1_000);
    // The oldest was forgotten, and is as one who comes for the first time.
    for (let i = 0; i < 5; i += 1) expect(limits.take(at('10.0.0.1', 'u0'), 1_000)).toBe(0);
  });
});

describe('an address', () => {
  it('of IPv6 is its /64', () => {
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(networkOf('2001:DB8:0:0:ffff::7')).toBe('2001:db8:0:0::/64');
    expect(networkOf('2001:db8:0:1::7')).not.toBe(networkOf('2001:db8::7'));
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  });
});
