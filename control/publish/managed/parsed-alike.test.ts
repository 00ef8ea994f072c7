import { expect, it } from 'vitest';
import * as z from 'zod';
import { parsedAlike } from './parsed-alike.js';

const schema = () => {
  let parsings = 0;
  const counted = z.object({ a: z.number().prefault(1), b: z.array(z.string()).prefault([]) }).transform((value) => {
    parsings += 1;
    return value;
  });
  return { counted, parsings: () => parsings };
};

it('is parsed once where it is written alike, and nobody can change it for the others', () => {
  const { counted, parsings } = schema();
  const one = parsedAlike(counted, { b: ['x'] });
  const other = parsedAlike(counted, { b: ['x'] });
  expect([one.success && one.data, other.success && other.data]).toEqual([
    { a: 1, b: ['x'] },
    { a: 1, b: ['x'] },
  ]);
  expect(parsings()).toBe(1);
  expect(() => other.success && other.data.b.push('y')).toThrow();
  parsedAlike(counted, { b: ['y'] });
  expect(parsings()).toBe(2);
});

it('is faulty each time where it is', () => {
  const { counted } = schema();
  for (let i = 0; i < 2; i += 1) expect(parsedAlike(counted, { a: 'x' }).success).toBe(false);
});

it('is remembered for so many, the latest of them, and not where it is long', () => {
  const { counted, parsings } = schema();
  for (let a = 0; a < 1_001; a += 1) parsedAlike(counted, { a });
  parsedAlike(counted, { a: 1_000 });
  expect(parsings()).toBe(1_001);
  parsedAlike(counted, { a: 0 });
  expect(parsings()).toBe(1_002);
  for (let i = 0; i < 2; i += 1) parsedAlike(counted, { b: ['x'.repeat(2_000)] });
  expect(parsings()).toBe(1_004);
});
