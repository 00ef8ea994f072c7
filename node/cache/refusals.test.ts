import { expect, it } from 'vitest';
import { Refusals } from './refusals.js';

it('tells why the latest answer to a URL was not stored, of so many URLs', () => {
  const refusals = new Refusals(2);
  refusals.note('/a', 'private', 200, 1);
  refusals.note('/b', 'no-store', 200, 2);
  refusals.note('/a', 'vary', 200, 3);
  refusals.note('/c', 'status', 500, 4);
  expect(['/a', '/b', '/c'].map((url) => refusals.latest(url)?.why)).toEqual(['vary', undefined, 'status']);
  refusals.stored('/a');
  expect(refusals.latest('/a')).toBeNull();
});

it('knows a URL by its fingerprint alone, so that a long one takes no more', () => {
  const refusals = new Refusals(10, (text) => text.slice(0, 2));
  refusals.note('/along', 'private', 200, 1);
  expect([refusals.latest('/another')?.why, refusals.latest('/b')]).toEqual(['private', null]);
  refusals.stored('/all');
  expect(refusals.latest('/along')).toBeNull();
});
