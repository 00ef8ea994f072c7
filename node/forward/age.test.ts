import { expect, it } from 'vitest';
import { ageSeconds } from './age.js';

const WALL_MS = Date.UTC(2026, 0, 1, 12, 0, 10, 500);

it.each([
  ['an hour ago', ['date', 'Thu, 01 Jan 2026 11:00:10 GMT'], 3_600],
  ['in the old form', ['date', 'Thursday, 01-Jan-26 12:00:00 GMT'], 10],
  ['in the form of asctime', ['date', 'Thu Jan  1 12:00:00 2026'], 10],
  ['one second ago', ['date', 'Thu, 01 Jan 2026 12:00:09 GMT'], 1],
  ['within this second', ['date', 'Thu, 01 Jan 2026 12:00:10 GMT'], null],
  ['in the future', ['date', 'Thu, 01 Jan 2026 12:30:00 GMT'], null],
  ['with an age of its own', ['date', 'Thu, 01 Jan 2026 11:00:10 GMT', 'age', '5'], null],
  ['in words', ['date', 'yesterday'], null],
  ['as a number', ['date', '0'], null],
  ['of no real day', ['date', 'Thu, 99 Foo 2026 11:00:10 GMT'], null],
  ['not at all', [], null],
])('an answer that is dated %s', (_when, headers, age) => expect(ageSeconds(headers, WALL_MS)).toBe(age));
