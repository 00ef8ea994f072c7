import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asyncWish, noWish, parsePrefer, withoutAsyncWish } from './prefer.js';

const wish = (...fields: string[]) => asyncWish(fields.flatMap((value) => ['prefer', value]));

describe('what a client wishes', () => {
  it.each([
    ['respond-async', true, null],
    ['Respond-Async', true, null],
    ['respond-async, wait=10', true, 10],
    ['wait=10', false, 10],
    ['wait = 10 , respond-async', true, 10],
    ['wait="10"', false, 10],
    ['respond-async; foo="some, text"; bar, wait=0', true, 0],
    ['foo="respond-async, wait=5"', false, null],
    ['foo="\\", wait=5", wait=7', false, 7],
    ['respond-async=""', true, null],
    ['respond-async=no', false, null],
    ['wait=10, wait=20', false, 10],
    ['wait=soon, wait=20', false, null],
    ['wait=-1', false, null],
    ['wait=1.5', false, null],
    ['wait=9999999999', false, null],
    ['wait', false, null],
    ['wait=5 respond-async', false, null],
    [', ,respond-async,,', true, null],
    ['"respond-async"', false, null],
    ['foo="never ends, respond-async', false, null],
    ['foo="ends in a backslash\\', false, null],
    ['', false, null],
  ])('%j: respond-async %s, wait %s', (field, respondAsync, waitS) => {
    expect(wish(field)).toEqual({ respondAsync, waitS });
  });

  it('is read from all fields of that name', () => {
    expect(wish('return=minimal', 'wait=3', 'respond-async')).toEqual({ respondAsync: true, waitS: 3 });
    expect(asyncWish(['x-prefer', 'respond-async'])).toBe(noWish);
  });
});

const token = fc.stringMatching(/^[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const quotedText = fc.string({ unit: fc.constantFrom(...' ,;="\\abc\t'), maxLength: 12 });
const preference = fc.record({ name: token, value: fc.option(fc.oneof(token, quotedText), { nil: undefined }) });
const isToken = (text: string): boolean => /^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/.test(text);
const written = ({ name, value }: { name: string; value: string | undefined }): string => {
  if (value === undefined) return name;
  return `${name}=${isToken(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
};
const separator = fc.constantFrom(',', ', ', ' ,\t', ',,');
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'",;=\\ \tabwait9respond-async'), maxLength: 300 }),
);

describe('the Prefer field', () => {
  it('reads back every list of preferences, however it is spaced and quoted', () => {
    fc.assert(
      fc.property(fc.array(preference, { maxLength: 8, size: 'max' }), separator, (preferences, between) => {
        const read = parsePrefer(preferences.map(written).join(between));
        expect(read.map(({ name, value }) => ({ name, value }))).toEqual(
          preferences.map(({ name, value = '' }) => ({ name: name.toLowerCase(), value })),
        );
      }),
    );
  });

  it('survives hostile bytes, and what is left of them when the wishes are granted holds none', () => {
    fc.assert(
      fc.property(hostile, (field) => {
        const before = parsePrefer(field);
        const headers = ['accept', '*/*', 'prefer', field, 'x', 'y'];
        const left = withoutAsyncWish(headers);
        expect(asyncWish(left)).toEqual(noWish);
        const rest = before.filter(({ name }) => name !== 'wait' && name !== 'respond-async');
        const kept = left.indexOf('prefer');
        expect(parsePrefer(kept === -1 ? '' : (left[kept + 1] ?? ''))).toEqual(rest);
        expect(left.filter((_, index) => (index !== kept && index !== kept + 1) || kept === -1)).toEqual([
          'accept',
          '*/*',
          'x',
          'y',
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('is read in a time that grows with its length, not with its square', () => {
    // A quadratic reader would take minutes for this; the test has seconds.
    for (const unit of ['a="', '\\', '"\\', ';', ' ', 'a ', '=', 'a=b;'])
      expect(parsePrefer(unit.repeat(200_000)).length).toBeGreaterThanOrEqual(0);
  });
});
