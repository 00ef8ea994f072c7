import { CALM_WORK } from '@weir/proto/pattern/pattern-work.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countedPattern } from './counted-pattern.js';

/** What a character costs once a pattern has been asked for enough to be looked at. */
function perCharacter(written: string, place: 'whole' | 'part'): number {
  const pattern = countedPattern(written, place);
  pattern.workFor(1_000_000);
  return pattern.workFor(1_000) / 1_000;
}

describe('what a pattern takes for a character', () => {
  it.each([
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
    '(?i)chrome|firefox|safari',
    '^.{1,255}$',
    'EMP-[0-9]{6}',
    'literal',
    '',
  ])('is little for %s', (written) => {
    expect([perCharacter(written, 'part'), perCharacter(written, 'whole')]).toEqual([CALM_WORK, CALM_WORK]);
  });

  it.each(['^[ab]*a[ab]{250}$', '.*a.{250}', '[ab]*a[ab]{30}Q'])('is all of its steps for %s', (written) => {
    const { size } = countedPattern(written, 'whole');
    expect([perCharacter(written, 'part'), perCharacter(written, 'whole'), size > 30]).toEqual([size, size, true]);
  });

  it('is found out by what it is asked for: until then each character counts for all steps', () => {
    const pattern = countedPattern('^[a-z]{1,9}$', 'part');
    expect(pattern.workFor(10)).toBe(10 * pattern.size);
    while (pattern.workFor(1_000) === 1_000 * pattern.size);
    expect(pattern.workFor(1_000)).toBe(1_000 * CALM_WORK);
  });
});

it('what is found is the same before and after it is known what a pattern takes', () => {
  const piece = fc
    .tuple(fc.constantFrom('a', '[ab]', '(?:ab|b)', '.'), fc.constantFrom('', '*', '?', '{2,3}', '{20}'))
    .map((parts) => parts.join(''));
  const written = fc.array(piece, { minLength: 1, maxLength: 4, size: 'max' }).map((parts) => parts.join(''));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(written, text, fc.constantFrom('whole' as const, 'part' as const), (source, value, place) => {
      const [early, late] = [countedPattern(source, place), countedPattern(source, place)];
      late.workFor(1_000_000);
      expect(late.test(value)).toBe(early.test(value));
    }),
    { numRuns: 100 },
  );
});
