import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { cpuSeconds, mainThreadSeconds } from './process-usage.js';
import { isWarm, untilWarm, WARM_SHARE, WARM_UPS_MAX } from './warm-up.js';

it('warming up goes on while threads beside the main one are busy, and not for ever', () => {
  expect(isWarm({ loads: 1, share: WARM_SHARE / 2 }, WARM_SHARE)).toBe(true);
  expect(isWarm({ loads: 1, share: WARM_SHARE }, WARM_SHARE)).toBe(false);
  expect(isWarm({ loads: WARM_UPS_MAX, share: 0.9 }, WARM_SHARE)).toBe(true);
  // Nothing was used at all: there is nothing to be learnt from it.
  expect(isWarm({ loads: 1, share: Number.NaN }, WARM_SHARE)).toBe(false);
});

it('the main thread of a process has used a part of what all of them have', () => {
  const main = mainThreadSeconds([process.pid]);
  expect(main).toBeGreaterThan(0);
  expect(main).toBeLessThanOrEqual(cpuSeconds([process.pid]));
});

it('loads a process whose other threads do the work as often as it may', async () => {
  let loads = 0;
  const warmed = await untilWarm([process.pid], WARM_SHARE, () => {
    loads += 1;
    // libuv's threads derive it.
    return promisify(pbkdf2)('password', 'salt', 300_000, 32, 'sha256');
  });
  expect(warmed.loads).toBe(WARM_UPS_MAX);
  expect(loads).toBe(WARM_UPS_MAX);
  expect(warmed.share).toBeGreaterThan(WARM_SHARE);
});
