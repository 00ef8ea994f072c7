import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../pipeline/testing/harness.js';
import { formatTraceparent, makeSpanId, makeTraceId, parseTraceparent, parseTracestate } from './trace-context.js';

const T = '4bf92f3577b34da6a3ce929d0e0e4736';
const P = '00f067aa0ba902b7';

describe('traceparent', () => {
  it.each([
    [`00-${T}-${P}-01`, true],
    [`00-${T}-${P}-00`, false],
    [`00-${T}-${P}-03`, true],
    [`00-${T}-${P}-fe`, false],
    [`cc-${T}-${P}-01-what-the-future-brings`, true],
    [`cc-${T}-${P}-01`, true],
  ])('%s is understood', (field, sampled) =>
    expect(parseTraceparent(field)).toEqual({ traceId: T, parentId: P, sampled }),
  );

  it.each([
    '',
    `00-${T}-${P}-01-more`,
    `00-${T}-${P}-01-`,
    `cc-${T}-${P}-01.x`,
    `ff-${T}-${P}-01`,
    `00-${T.toUpperCase()}-${P}-01`,
    `00-${'0'.repeat(32)}-${P}-01`,
    `00-${T}-${'0'.repeat(16)}-01`,
    `00-${T}-${P}-1`,
    `0-${T}-${P}-01`,
    `00-${T}-${P}-0x`,
    ` 00-${T}-${P}-01`,
    `00_${T}_${P}_01`,
  ])('%j is invalid', (field) => expect(parseTraceparent(field)).toBeNull());

  it('round-trips what is made here', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, sampled) => {
        const random = seededRandom(seed);
        const made = { traceId: makeTraceId(random), parentId: makeSpanId(random), sampled };
        expect(parseTraceparent(formatTraceparent(made))).toEqual(made);
      }),
    );
  });

  it('makes no id of zeros, and uses every bit', () => {
    expect([makeTraceId(() => 0), makeSpanId(() => 0)]).toEqual([`${'0'.repeat(31)}1`, `${'0'.repeat(15)}1`]);
    expect(makeSpanId(() => 1 - 2 ** -53)).toBe('f'.repeat(16));
  });

  it('shows each draw digit by digit', () => {
    const draws = [0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210];
    const random = () => (draws.shift() ?? 0) / 2 ** 32;
    expect(makeTraceId(random)).toBe('0123456789abcdeffedcba9876543210');
  });

  it('survives hostile text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, size: 'max' }), (text) => parseTraceparent(text) === null));
  });
});

describe('tracestate', () => {
  it.each([
    ['congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
    ['a=1 , ,b@v=2', 'a=1,b@v=2'],
    ['1tenant@sys=x y', '1tenant@sys=x y'],
    ['', ''],
    ['a=1,a=2', ''],
    ['A=1', ''],
    ['a=1=2', ''],
    ['a=', ''],
    ['a', ''],
    ['a=é', ''],
    [Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(), ''],
    [`a=${'x'.repeat(256)},b=${'x'.repeat(256)}`, ''],
  ])('%j becomes %j', (field, expected) => expect(parseTracestate(field)).toBe(expected));
});
