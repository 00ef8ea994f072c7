import { expect, it } from 'vitest';
import { runPurgeRace } from '../../campaign/cache/purge.js';
import { runRedisTrouble } from '../../campaign/cache/redis.js';
import { onStage } from '../../support/stage.js';

it('purges that race with fetches leave nothing of before, in the memory of a node or in Redis', async () => {
  const scale = { keys: 30, clients: 16, purges: 60 };
  for (const isShared of [false, true]) {
    const { broken } = await onStage((stage) => runPurgeRace(stage, scale, isShared));
    expect(broken).toEqual([]);
  }
}, 180_000);

it('a Redis that is killed, comes back, stops and goes on fails nobody, and makes nobody wait', async () => {
  // Other tests run beside this one: only a node that waits for Redis, or for the other node in vain, is slower than this.
  const scale = { perSecond: 100, phaseMs: 1_500, p99FloorMs: 500 };
  const { broken } = await onStage((stage) => runRedisTrouble(stage, scale));
  expect(broken).toEqual([]);
}, 180_000);
