import { describe, expect, it } from 'vitest';
import { makeRoute } from '../../pipeline/testing/specs.js';
import { lateMasks } from './late-masks.js';
import { finderOf, hidden } from './masking.js';

describe('what is hidden', () => {
  it('keeps its last characters where they are half of it at most', () => {
    const keep = (text: string, count: number) => hidden(text, { instead: '***', keep: count });
    expect([keep('4111111111111111', 4), keep('12345678', 4), keep('1234567', 4), keep('abc', 0)]).toEqual([
      ...['***1111', '***5678', '***', '***'],
    ]);
    expect(keep('👩👩👩👩', 2)).toBe('***👩👩');
  });

  it('is all that is found, and the longer of two that begin together', () => {
    const found = (...matches: (readonly [number, number])[]) => ({
      scan: () => ({ matches: matches.map(([start, end]) => ({ start, end })) }),
    });
    const find = finderOf([found([4, 6], [0, 2]), found([0, 3], [5, 8])], { instead: '#', keep: 0 });
    expect(find('abcdefghij')).toBe('#d#ghij');
  });

  it('is found by kind, and by patterns of one’s own; what looks for nothing is not loaded', async () => {
    const spec = {
      ...{ fields: [], instead: '***', keep: 4, others: 'pass' as const },
      pii: ['creditCard' as const, 'email' as const],
      patterns: [{ name: 'employee', pattern: 'EMP-[0-9]{6}', lengthMax: 10, hasSpaces: false }],
    };
    const finders = await lateMasks({ routes: [makeRoute({ mask: spec })] });
    const find = finders?.(spec)?.();
    expect(find?.('4111 1111 1111 1111, ann@example.com, EMP-123456, 4111 1111 1111 1112')).toBe(
      '***1111, ***.com, ***3456, 4111 1111 1111 1112',
    );
    // Where the work of one answer is used up, what can't be looked at is hidden; the next answer has an account of its own.
    const wild = { ...spec, pii: [], patterns: [{ ...spec.patterns[0], pattern: '[ab]*a[ab]{200}X' }] } as typeof spec;
    const text = `${'ab'.repeat(10)} EMP-1`;
    const ofAnswer = (await lateMasks({ routes: [makeRoute({ mask: wild })] }))?.(wild);
    const first = ofAnswer?.();
    for (let i = 0; i < 3_000; i += 1) first?.(`${text}${i}`);
    expect(first?.(text)).toBe('***abab ***');
    expect(ofAnswer?.()(text)).toBe(text);
    const none = { ...spec, pii: [], patterns: [], fields: [['a']] };
    expect(finders?.(none)).toBeNull();
    expect(await lateMasks({ routes: [makeRoute({ mask: none })] })).toBeNull();
  });
});
