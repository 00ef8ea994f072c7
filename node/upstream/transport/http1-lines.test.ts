import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isPlainLines } from './http1-lines.js';

const PLAIN_LINE = /^[\t\x20-\x7e]*$/;

/** Bytes that lie beside a bound, and what may stand around them. */
const character = fc.oneof(
  fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\t',
    '\0',
    '\x1f',
    ' ',
    '~',
    '\x7f',
    '\x80',
    '\xff',
    '\u0100',
    '\u010a',
    '\ud83d',
  ),
  fc.stringMatching(/^[ -~]{1,5}$/),
);
const line = fc.array(character, { maxLength: 12, size: 'max' }).map((characters) => characters.join(''));
const plainLine = fc.stringMatching(/^[\t -~]{0,30}$/);
const lines = fc.array(fc.oneof({ weight: 5, arbitrary: plainLine }, { weight: 1, arbitrary: line }), {
  maxLength: 12,
  size: 'max',
});

it('holds where no line holds anything but plain text', () => {
  fc.assert(
    fc.property(lines, (all) => {
      const text = all.map((each) => `${each}\r\n`).join('');
      expect(isPlainLines(text, all.length)).toBe(all.every((each) => PLAIN_LINE.test(each)));
    }),
    { numRuns: 2_000 },
  );
});

it('finds every byte that no line may hold, wherever it stands', () => {
  for (let code = 0; code < 0x100; code += 1) {
    const character = String.fromCharCode(code);
    for (let before = 0; before < 9; before += 1) {
      const text = `${'a'.repeat(before)}${character}b\r\n`;
      expect(isPlainLines(text, 1), JSON.stringify(text)).toBe(PLAIN_LINE.test(character));
    }
  }
});

it('remembers nothing of a longer text before', () => {
  expect(isPlainLines(`${'\0'.repeat(64)}\r\n`, 1)).toBe(false);
  for (let length = 0; length < 9; length += 1) expect(isPlainLines(`${'a'.repeat(length)}\r\n`, 1)).toBe(true);
});

it('leaves a text beyond its bound to others', () => {
  expect(isPlainLines(`${'a'.repeat(16_382)}\r\n`, 1)).toBe(true);
  expect(isPlainLines(`${'a'.repeat(16_383)}\r\n`, 1)).toBe(false);
});
