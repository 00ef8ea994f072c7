/** Strict budgets against a real Redis: four counters as four nodes have them, whose calls end, die, and are settled twice. */
import { sha256 } from '@weir/node/cache/l2/digest.js';
import { createRedisCounter } from '@weir/node/limit/redis-counter.js';
import type { SpendCounter } from '@weir/node/limit/strict-counter.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';

const WITHIN_MS = 1_000;
const ask = { key: 'budget:7', limit: 10_000, expiresInMs: 60_000 };

async function counters(stage: Stage, count: number): Promise<{ all: SpendCounter[]; redis: Redis }> {
  const { url } = await startRedis(stage);
  const wheel = new TimerWheel(systemClock, (error) => {
    throw error;
  });
  stage.onEnd(driveWheel(wheel));
  const shared = { url, clock: systemClock, timers: wheel, random: Math.random, digest: sha256 };
  const all = Array.from({ length: count }, () => createRedisCounter(shared));
  for (const counter of all) {
    stage.onEnd(() => counter.close());
    counter.open();
  }
  await until(
    () => all.every((counter) => counter.counts()?.isReachable === true),
    () => 'Redis was not reached',
  );
  const redis = new Redis(url);
  stage.onEnd(() => redis.disconnect());
  return { all, redis };
}

const committed = async (redis: Redis): Promise<number[]> =>
  (await redis.hmget('{weir:limits}:budget:7', 'c', 'h')).map(Number);

describe('a strict budget', { timeout: 60_000 }, () => {
  it('is exceeded by nobody, and settled by what was spent, however often that is told', () =>
    onStage(async (stage) => {
      const { all, redis } = await counters(stage, 4);
      let spent = 0;
      let calls = 0;
      await Promise.all(
        all.map(async (counter, node) => {
          for (let i = 0; ; i += 1) {
            const [id, amount] = [`n${node}-${i}`, 20 + ((i * 7) % 60)];
            const answer = await counter.reserve(id, [{ ...ask, amount }], 60_000, WITHIN_MS);
            if (typeof answer === 'string') throw new Error(answer);
            const [now = 0] = await committed(redis);
            expect(now).toBeLessThanOrEqual(ask.limit);
            if (answer[0]?.allowed !== true) return;
            const real = Math.floor(amount / 2);
            spent += real;
            calls += 1;
            const settled = [{ key: ask.key, amount, real, expiresInMs: 60_000 }];
            for (let times = 0; times < 1 + (i % 3); times += 1)
              expect(await counter.settle(id, settled, WITHIN_MS)).toBeNull();
          }
        }),
      );
      expect(await committed(redis)).toEqual([spent, 0]);
      expect(calls).toBeGreaterThan(250);
      expect(spent).toBeGreaterThan(ask.limit - 100);
    }));

  it('takes from all budgets or from none, and gives back what nobody has settled in time', () =>
    onStage(async (stage) => {
      const { all, redis } = await counters(stage, 1);
      const [counter] = all;
      if (counter === undefined) throw new Error('there is one');
      const small = { ...ask, key: 'budget:8', limit: 100 };
      const reserve = (id: string, amount: number, holdMs: number) =>
        counter.reserve(
          id,
          [
            { ...ask, amount },
            { ...small, amount },
          ],
          holdMs,
          WITHIN_MS,
        );
      expect(await reserve('a', 60, 300)).toEqual([
        { allowed: true, left: 9_940, held: 0 },
        { allowed: true, left: 40, held: 0 },
      ]);
      expect(await reserve('b', 60, 300)).toEqual([
        { allowed: true, left: 9_940, held: 60 },
        { allowed: false, left: 40, held: 60 },
      ]);
      expect(await committed(redis)).toEqual([60, 60]);
      // Its node died: the next one finds that its time is over.
      await until(
        async () => {
          const answer = await reserve('c', 100, 60_000);
          return typeof answer !== 'string' && answer.every(({ allowed }) => allowed);
        },
        () => 'what nobody has settled was not given back',
      );
      expect(await committed(redis)).toEqual([100, 100]);
      // It had not died: what it has cost counts still.
      await counter.settle('a', [{ key: ask.key, amount: 60, real: 45, expiresInMs: 60_000 }], WITHIN_MS);
      expect(await committed(redis)).toEqual([145, 100]);
    }));
});
