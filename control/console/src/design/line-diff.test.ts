import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineDiff } from './line-diff.js';

const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30, size: 'max' }).map((lines) => lines.join('\n'));
const linesOf = (whole: string): readonly string[] => (whole === '' ? [] : whole.split('\n'));

describe('a difference by lines', () => {
  it('says how often each line went and came, and nothing where nothing did', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = lineDiff(before, after);
        expect(diff.length > 0).toBe(before !== after);
        const count = (list: readonly string[], line: string) => list.filter((one) => one === line).length;
        for (const line of ['a', 'b', 'c']) {
          const change = count(linesOf(after), line) - count(linesOf(before), line);
          expect(count(diff, `+ ${line}`) - count(diff, `- ${line}`)).toBe(change);
        }
      }),
    );
  });

  it('leaves out what stands far from any change', () => {
    const many = Array.from({ length: 50 }, (_, index) => `line ${index}`);
    const diff = lineDiff(many.join('\n'), [...many.slice(0, 25), 'new', ...many.slice(25)].join('\n'));
    expect(diff).toEqual([
      '…',
      '  line 22',
      '  line 23',
      '  line 24',
      '+ new',
      '  line 25',
      '  line 26',
      '  line 27',
      '…',
    ]);
  });
});
