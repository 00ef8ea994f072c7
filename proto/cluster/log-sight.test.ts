import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogSight, printOf } from './log-sight.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it('a log is another one when it was made anew, or ends before what was read', () => {
  const sight = new LogSight();
  expect(sight.identity).toBe(0);
  expect([sight.isSameBy('a', 5, 0), sight.isSameBy('a', 5, 5), sight.isSameBy('a', 9, 5)]).toEqual([true, true, true]);
  expect(sight.identity).toBeGreaterThan(0);
  expect([sight.isSameBy('b', 9, 5), sight.isSameBy('a', 4, 5)]).toEqual([false, false]);
});

it('a number has one entry: the same one again is no news, another one a sign', () => {
  const sight = new LogSight();
  for (let number = 1; number <= 1_000; number += 1) expect(sight.isSameEntry(number, bytes(`${number}`))).toBe(true);
  for (let number = 745; number <= 1_000; number += 1) {
    expect(sight.isSameEntry(number, bytes(`${number}`))).toBe(true);
    expect(sight.isSameEntry(number, bytes('other'))).toBe(false);
  }
});

it('bytes that differ in anything have another print, which is a whole number', () => {
  const some = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(some, some, (one, other) => {
      expect(Number.isSafeInteger(printOf(one)) && printOf(one) >= 0).toBe(true);
      const isSame = Buffer.from(one).equals(Buffer.from(other));
      expect(printOf(one) === printOf(other)).toBe(isSame);
    }),
  );
});
