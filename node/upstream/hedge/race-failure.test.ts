import { type FailureCode, failure, failureTable } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { failureOfRace } from './race-failure.js';

const code = fc.constantFrom(...(Object.keys(failureTable) as FailureCode[])); // The keys of the table are the codes.

it('the first failure stands for a race, unless it alone forbids another try', () => {
  fc.assert(
    fc.property(code, code, (a, b) => {
      const [first, second] = [failure(a, 'first'), failure(b, 'second')];
      const hidesCure = failureTable[a].retry === 'never' && failureTable[b].retry !== 'never';
      expect(failureOfRace(first, second)).toBe(hidesCure ? second : first);
    }),
  );
  expect(failureOfRace(failure('no_target', ''), failure('connection_refused', '')).code).toBe('connection_refused');
  expect(failureOfRace(failure('first_byte_timeout', ''), failure('no_target', '')).code).toBe('first_byte_timeout');
});
