import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest } from '../../pipeline/testing/harness.js';
import { createSticky, type Sticky, type StickyOptions } from './sticky.js';

const signWith = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url');
const targets = Array.from({ length: 5 }, (_, i) => ({ id: `10.0.0.${i}:80` }));

const make = (more: Partial<StickyOptions> = {}): Sticky =>
  createSticky({ upstreamId: 'orders', cookie: 'weir-target', maxAgeS: 0, targets, sign: signWith('s'), ...more });
const withCookie = (value: string) => makeRequest({ headers: ['cookie', `other=1; weir-target=${value}`] });
const signedFor = (sticky: Sticky, position: number): string =>
  sticky.cookieFor(makeRequest(), position)?.split(';')[0]?.split('=')[1] ?? '';

describe('the sticky cookie', () => {
  it('leads back to the target that it was given out for, on every node with the secret', () => {
    const [one, another] = [make(), make({ targets: [...targets].reverse() })];
    targets.forEach((_, position) => {
      const request = withCookie(signedFor(one, position));
      expect(one.positionOf(request)).toBe(position);
      expect(another.positionOf(request)).toBe(targets.length - 1 - position);
      expect(one.cookieFor(request, position)).toBeNull();
      expect(one.cookieFor(request, (position + 1) % targets.length)).not.toBeNull();
    });
  });

  it('cannot be made without the secret, or carried over from another upstream', () => {
    const sticky = make();
    for (const stranger of [make({ sign: signWith('t') }), make({ upstreamId: 'users' })]) {
      expect(sticky.positionOf(withCookie(signedFor(stranger, 2)))).toBe(-1);
    }
  });

  it('is refused with any letter changed, added or removed', () => {
    const sticky = make();
    const value = signedFor(sticky, 3);
    const other = fc.constantFrom(...'ABCabc019-_=\u0000é'.split(''));
    fc.assert(
      fc.property(fc.nat(value.length), other, fc.constantFrom(0, 1), (at, letter, replaced) => {
        const forged = value.slice(0, at) + letter + value.slice(at + replaced);
        if (forged !== value) expect(sticky.positionOf(withCookie(forged))).toBe(-1);
        expect(sticky.positionOf(withCookie(value.slice(0, at)))).toBe(at === value.length ? 3 : -1);
      }),
    );
    expect(sticky.positionOf(makeRequest())).toBe(-1);
  });

  it('names no target', () => {
    expect(make().cookieFor(makeRequest(), 1)).toMatch(
      /^weir-target=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it('is Secure on https, and lasts where it is to', () => {
    const request = makeRequest({ exchange: makeExchange({ scheme: 'https' }) });
    expect(make({ maxAgeS: 3_600 }).cookieFor(request, 1)).toMatch(/; Max-Age=3600; Secure$/);
  });
});
