import { expect, it } from 'vitest';
import { Recent } from './recent.js';

it('what is known of a key ends in time, and the oldest gives way', () => {
  const recent = new Recent(2);
  recent.remember('a', 10);
  recent.remember('b', 20);
  expect([recent.has('a', 9), recent.has('a', 10), recent.size]).toEqual([true, false, 1]);
  recent.remember('a', 30);
  recent.remember('c', 30);
  expect(['a', 'b', 'c'].map((key) => recent.has(key, 0))).toEqual([true, false, true]);
  recent.forget('a');
  expect([recent.has('a', 0), recent.size]).toEqual([false, 1]);
});

it('a key is known by its fingerprint alone, so that a long one takes no more', () => {
  const recent = new Recent(10, (text) => text.slice(0, 1));
  recent.remember('along', 10);
  expect([recent.has('another', 0), recent.has('b', 0)]).toEqual([true, false]);
  recent.forget('all');
  expect(recent.size).toBe(0);
});
