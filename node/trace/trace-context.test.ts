import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../pipeline/testing/harness.js';
import {
  formatTraceparent,
  isSampled,
  makeSpanId,
  makeTraceparent,
  parseTraceparent,
  parseTracestate,
  spanIdOf,
  traceIdOf,
  withSpanId,
} from './trace-context.js';

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

  it('round-trips what is made here, and its parts are those that it is made of', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, sampled) => {
        const made = makeTraceparent(seededRandom(seed), sampled);
        const parsed = parseTraceparent(made);
        expect(parsed).toEqual({ traceId: traceIdOf(made), parentId: spanIdOf(made), sampled });
        expect(isSampled(made)).toBe(sampled);
        expect(parsed === null ? null : formatTraceparent(parsed)).toBe(made);
        const spanId = makeSpanId(seededRandom(~seed));
        expect(parseTraceparent(withSpanId(made, spanId))).toEqual({ ...parsed, parentId: spanId });
      }),
    );
  });

  it('makes no id of zeros, and uses every bit', () => {
    expect(makeTraceparent(() => 0, false)).toBe(`00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-00`);
    expect(makeTraceparent(() => 1 - 2 ** -53, true)).toBe(`00-${'f'.repeat(32)}-${'f'.repeat(16)}-01`);
    expect([makeSpanId(() => 0), makeSpanId(() => 1 - 2 ** -53)]).toEqual([`${'0'.repeat(15)}1`, 'f'.repeat(16)]);
  });

  it('leaves a word of zeros alone beside one that is not', () => {
    const drawing = (...words: number[]) => {
      const draws = words.map((word) => word / 2 ** 32);
      return () => draws.shift() ?? 0;
    };
    expect(makeTraceparent(drawing(0, 5, 0, 0, 7, 0), false)).toBe(
      `00-00000000${'00000005'}${'0'.repeat(16)}-00000007${'0'.repeat(8)}-00`,
    );
    expect(makeSpanId(drawing(7, 0))).toBe(`00000007${'0'.repeat(8)}`);
  });

  it('shows each draw digit by digit', () => {
    const draws = [0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210, 0x08192a3b, 0x4c5d6e7f];
    const random = () => (draws.shift() ?? 0) / 2 ** 32;
    expect(makeTraceparent(random, false)).toBe('00-0123456789abcdeffedcba9876543210-08192a3b4c5d6e7f-00');
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
