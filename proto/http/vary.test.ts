import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { varyNames } from './vary.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

describe('Vary', () => {
  it.each<[string, readonly string[], '*' | readonly string[]]>([
    ['names nothing when it is not there', ['varied', 'a'], []],
    ['is a set in a fixed order', ['vary', 'Foo, bar,FOO'], ['bar', 'foo']],
    ['may be in several lines', ['vary', 'b', 'vary', 'a'], ['a', 'b']],
    ['is * wherever that stands', ['vary', 'a, *'], '*'],
    ['is * behind an empty line', ['vary', '', 'vary', '*'], '*'],
    ['is * when it names what can be no field', ['vary', 'a b'], '*'],
    ['names nothing when it is empty', ['vary', ' , '], []],
  ])('%s', (_name, headers, names) => {
    expect(varyNames(headers)).toEqual(names);
  });

  it('survives any text: names that are sorted and each once, or *', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: octet, maxLength: 20 })), (values) => {
        const names = varyNames(values.flatMap((value) => ['vary', value]));
        if (names !== '*') expect(names).toEqual([...new Set(names)].sort());
        if (values.some((value) => value.split(',').some((name) => name.trim() === '*'))) expect(names).toBe('*');
      }),
    );
  });
});
