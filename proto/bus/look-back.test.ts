import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lookBack } from './look-back.js';
import { memoryLog } from './memory-log.js';

async function logOf(count: number) {
  const log = memoryLog({ messagesMax: 2_000 });
  for (let n = 1; n <= count; n += 1) await log.append('w', Uint8Array.of(n % 251));
  const { first, last } = (await log.bounds()) ?? { first: 1, last: 0 };
  return { log, bounds: { first, last } };
}

it('the latest entry that is meant is found behind any number of others, up to a bound', async () => {
  const { log, bounds } = await logOf(1_000);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), fc.nat(1_100), async (at, max) => {
      const seen: number[] = [];
      const looked = await lookBack(log, bounds, max, ({ number }) => {
        seen.push(number);
        return number <= at;
      });
      expect(looked).toBe(at > 1_000 - max ? 'found' : 'none');
      // Each once, the latest first, and none that is older than what was found.
      const count = Math.min(1_000 - at + 1, max);
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => 1_000 - index));
    }),
    { numRuns: 50 },
  );
});

it('a log that has nothing has none, and one whose end is not there yet is away', async () => {
  const { log } = await logOf(10);
  const never = (): boolean => false;
  expect(await lookBack(log, { first: 1, last: 0 }, 9, never)).toBe('none');
  expect(await lookBack(log, { first: 1, last: 11 }, 9, never)).toBe('away');
  await log.close();
  expect(await lookBack(log, { first: 1, last: 10 }, 9, never)).toBe('away');
});
