import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeRoute } from '../pipeline/testing/specs.js';
import { compileConditions } from './conditions.js';
import { loadPatterns, PATTERN_VALUE_MAX, PATTERN_VALUES_MAX, requestPatternWork } from './patterns.js';

const condition = (pattern: string, isNegated = false) => {
  const spec = { name: 'p', op: 'matches' as const, values: [pattern] };
  const compiled = compileConditions([isNegated ? { ...spec, isNegated: true } : spec]);
  return (...values: string[]) =>
    compiled?.(
      values.flatMap((value) => ['p', value]),
      requestPatternWork(),
    );
};

describe('a condition by a pattern', () => {
  beforeAll(async () => {
    const { match } = makeRoute();
    const cookies = [{ name: 'p', op: 'matches' as const, values: ['a'] }];
    await loadPatterns({ routes: [makeRoute({ match: { ...match, cookies } })] });
  });

  it('is about the whole value, of any field of that name', () => {
    expect(condition('v[0-9]+')('v12')).toBe(true);
    expect(condition('v[0-9]+')('xv12')).toBe(false);
    expect(condition('v[0-9]+')('v12x')).toBe(false);
    expect(condition('a|b')('ab')).toBe(false);
    expect(condition('a')('b', 'a')).toBe(true);
    expect(condition('a')()).toBe(false);
  });

  it('holds the other way round where it is negated, and where there is nothing', () => {
    expect(condition('a', true)('b')).toBe(true);
    expect(condition('a', true)('b', 'a')).toBe(false);
    expect(condition('a', true)()).toBe(true);
  });

  it('holds neither way for a value that is too long to be looked at', () => {
    const long = 'a'.repeat(PATTERN_VALUE_MAX + 1);
    expect([condition('a*')(long), condition('a*', true)(long), condition('b', true)('b', long)]).toEqual([
      ...[false, false, false],
    ]);
    expect(condition('a*')('a'.repeat(PATTERN_VALUE_MAX))).toBe(true);
  });

  it('holds neither way for more values than are looked at', () => {
    const values = Array.from({ length: PATTERN_VALUES_MAX }, () => 'a');
    expect([condition('a')(...values), condition('b', true)(...values)]).toEqual([true, true]);
    expect([condition('a')(...values, 'a'), condition('b', true)(...values, 'a')]).toEqual([false, false]);
  });

  it('draws on one account of the request, by its steps where it is not calm, and by the character where it is', () => {
    const asked = (pattern: string, value: string): number => {
      const spec = { name: 'p', op: 'matches' as const, values: [pattern] };
      const compiled = compileConditions([spec]);
      const work = requestPatternWork();
      let times = 0;
      while (!work.isExhausted && times < 500) {
        compiled?.(['p', value], work);
        times += 1;
      }
      return times;
    };
    expect(asked('.*a.{270}', 'ab'.repeat(700))).toBeLessThan(4);
    expect(asked('(?:iPhone|Android).*|[ab]*', 'ab'.repeat(700))).toBe(500);
  });

  it('says what expressions of the language say, on patterns that both know', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '.', '(?:ab)', '(?:a|ba)');
    const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2,3}')).map((parts) => parts.join(''));
    const pattern = fc.array(piece, { minLength: 1, maxLength: 4, size: 'max' }).map((parts) => parts.join(''));
    const value = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8, size: 'max' });
    fc.assert(
      fc.property(pattern, value, (written, text) => {
        expect(condition(written)(text)).toBe(new RegExp(`^(?:${written})$`).test(text));
      }),
      { numRuns: 500 },
    );
  });
});
