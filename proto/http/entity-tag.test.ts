import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listMatches, matchesStrongly, matchesWeakly, parseEntityTag, parseTagList } from './entity-tag.js';

describe('an entity tag', () => {
  it.each([
    ['"abc"', '"abc"'],
    ['""', '""'],
    ['W/"abc"', 'W/"abc"'],
    [' "abc" ', '"abc"'],
    ['"a,b"', '"a,b"'],
    ['"abcü"', '"abcü"'],
    ['abc', 'abc'],
    ['w/"abc"', null],
    ['W\\"abc"', null],
    ['W"abc"', null],
    ['"a b"', null],
    ['"abc', null],
    ['abc"', null],
    ['', null],
    ['"a" "b"', null],
  ])('%s is read as %s', (text, tag) => {
    expect(parseEntityTag(text)).toBe(tag);
  });

  it.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['"1"', '1', false, false],
  ])('%s and %s are the same: strongly %s, weakly %s (RFC 9110 §8.8.3.2)', (a, b, strongly, weakly) => {
    expect([matchesStrongly(a, b), matchesStrongly(b, a)]).toEqual([strongly, strongly]);
    expect([matchesWeakly(a, b), matchesWeakly(b, a)]).toEqual([weakly, weakly]);
  });
});

describe('a list of entity tags', () => {
  it.each<[string, '*' | readonly string[]]>([
    ['*', '*'],
    [' * ', '*'],
    ['"a", W/"b" ,c', ['"a"', 'W/"b"', 'c']],
    ['"a,b","c"', ['"a,b"', '"c"']],
    ['"a", *', ['"a"']],
    ['w/"a", "b"', ['"b"']],
    [',,"a",', ['"a"']],
    ['"a" "b", "c"', ['"c"']],
    ['', []],
    ['"', []],
  ])('%s is read as %j', (value, tags) => {
    expect(parseTagList(value)).toEqual(tags);
  });

  it('of * means any state, also one without a tag; any other list means none without', () => {
    expect([listMatches('*', null, matchesWeakly), listMatches(['"a"'], null, matchesWeakly)]).toEqual([true, false]);
  });

  it('is read as it was written', () => {
    const opaque = fc.stringMatching(/^[!#-~]{0,8}$/).map((text) => `"${text}"`);
    const tag = fc.oneof(
      opaque,
      opaque.map((text) => `W/${text}`),
    );
    const joint = fc.constantFrom(',', ', ', ' ,\t', ',,');
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 8 }), joint, (tags, between) => {
        expect(parseTagList(tags.join(between))).toEqual(tags);
      }),
    );
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', ',', 'W', '/', ' ', 'a', '\0', 'ü'), size: 'max', maxLength: 120 }),
        (text) => {
          const list = parseTagList(text);
          if (list !== '*') for (const tag of list) expect(parseEntityTag(tag)).toBe(tag);
        },
      ),
    );
  });
});
