/** Strict limits against a real Redis: four counters as four nodes have them, and a Redis that is killed and stopped. */
import { sha256 } from '@weir/node/cache/l2/digest.js';
import { createRedisCounter } from '@weir/node/limit/redis-counter.js';
import type { StrictAsk, StrictCounter } from '@weir/node/limit/strict-counter.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { gcraOf, NEVER, takeOne } from '@weir/proto/cluster/gcra.js';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { onStage, type Stage, until } from '../../support/stage.js';

const ask: StrictAsk = { key: 'k', requests: 200, periodMs: 1_000, burst: 50 };
/** Long enough for a busy machine: what is late is what these tests stop. */
const WITHIN_MS = 500;

function counters(stage: Stage, url: string, count: number): StrictCounter[] {
  const wheel = new TimerWheel(systemClock, (error) => {
    throw error;
  });
  stage.onEnd(driveWheel(wheel));
  return Array.from({ length: count }, () => {
    const shared = { url, clock: systemClock, timers: wheel, random: Math.random, digest: sha256 };
    const counter = createRedisCounter(shared);
    stage.onEnd(() => counter.close());
    counter.open();
    return counter;
  });
}

const reachable = (all: readonly StrictCounter[]) =>
  until(
    () => all.every((counter) => counter.counts()?.isReachable === true),
    () => 'Redis was not reached',
  );

async function redisMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}

function clientOf(stage: Stage, url: string): Redis {
  const redis = new Redis(url);
  redis.on('error', () => {});
  stage.onEnd(() => redis.disconnect());
  return redis;
}

describe('a strict limit that four nodes ask as fast as they can', { timeout: 60_000 }, () => {
  it('is exceeded by nobody, and used up', () =>
    onStage(async (stage) => {
      const { url } = await startRedis(stage);
      const nodes = counters(stage, url, 4);
      const redis = clientOf(stage, url);
      await reachable(nodes);
      const fromMs = await redisMs(redis);
      let [allowed, refused] = [0, 0];
      await Promise.all(
        nodes.map(async (node) => {
          while (refused < 2_000) {
            const answer = await node.take([ask], WITHIN_MS);
            expect(answer.ok).toBe(true);
            if (answer.ok && answer.verdicts[0]?.allowed === true) allowed += 1;
            else refused += 1;
          }
        }),
      );
      const passedMs = (await redisMs(redis)) - fromMs;
      expect(allowed).toBeLessThanOrEqual(50 + passedMs / 5);
      // On a busy machine nobody asks for a while, and what is paid off beyond the burst is gone.
      expect(allowed).toBeGreaterThan((50 + passedMs / 5) / 2);
    }));

  it('says what GCRA says, by the time of Redis, of any definition', () =>
    onStage(async (stage) => {
      const { url } = await startRedis(stage);
      const [node] = counters(stage, url, 1);
      const redis = clientOf(stage, url);
      if (node === undefined) throw new Error('there is one');
      await reachable([node]);
      let keys = 0;
      const spec = fc.record({
        requests: fc.integer({ min: 1, max: 1_000_000_000 }),
        periodMs: fc.constantFrom(1_000, 60_000, 3_600_000),
        burst: fc.integer({ min: 1, max: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(spec, fc.integer({ min: 1, max: 12 }), async (limit, times) => {
          keys += 1;
          const gcra = gcraOf(limit);
          const fromMs = await redisMs(redis);
          let allowed = 0;
          let atOnce = 0;
          for (let i = 0; i < times; i += 1) {
            const answer = await node.take([{ key: `p${keys}`, ...limit }], WITHIN_MS);
            expect(answer).toMatchObject({ ok: true });
            if (answer.ok && answer.verdicts[0]?.allowed === true) allowed += 1;
          }
          const passedMs = (await redisMs(redis)) - fromMs;
          for (let [i, state] = [0, NEVER]; i < times; i += 1) {
            const step = takeOne(gcra, state, 0);
            state = step.arrivalMs;
            if (step.verdict.allowed) atOnce += 1;
          }
          expect(allowed).toBeGreaterThanOrEqual(atOnce);
          expect(allowed).toBeLessThanOrEqual(limit.burst + passedMs / gcra.intervalMs);
        }),
        { numRuns: 60 },
      );
    }));

  it('takes from all that are asked at once, or from none', () =>
    onStage(async (stage) => {
      const { url } = await startRedis(stage);
      const [node] = counters(stage, url, 1);
      await reachable(node === undefined ? [] : [node]);
      const asks: StrictAsk[] = [
        { key: 'wide', requests: 3, periodMs: 3_600_000, burst: 3 },
        { key: 'narrow', requests: 1, periodMs: 3_600_000, burst: 1 },
      ];
      const remaining = async (of = asks) => {
        const answer = await node?.take(of, WITHIN_MS);
        return answer?.ok === true ? answer.verdicts.map((verdict) => [verdict.allowed, verdict.remaining]) : answer;
      };
      expect(await remaining()).toEqual([
        [true, 2],
        [true, 0],
      ]);
      expect(await remaining()).toEqual([
        [true, 2],
        [false, 0],
      ]);
      expect(await remaining()).toEqual([
        [true, 2],
        [false, 0],
      ]);
      expect(await remaining([...asks].reverse())).toEqual([
        [false, 0],
        [true, 2],
      ]);
    }));

  it('keeps no key for longer than its debt', () =>
    onStage(async (stage) => {
      const { url } = await startRedis(stage);
      const [node] = counters(stage, url, 1);
      const redis = clientOf(stage, url);
      await reachable(node === undefined ? [] : [node]);
      await node?.take([{ key: 'short', requests: 100, periodMs: 1_000, burst: 5 }], WITHIN_MS);
      await until(
        async () => (await redis.dbsize()) === 0,
        () => 'the key was kept',
      );
    }));
});

describe('a Redis in trouble', { timeout: 60_000 }, () => {
  it('that is killed is away for every node at once, and is asked again when another is there', () =>
    onStage(async (stage) => {
      const first = await startRedis(stage);
      const nodes = counters(stage, first.url, 2);
      await reachable(nodes);
      await nodes[0]?.take([ask], WITHIN_MS);
      await first.kill();
      await until(
        async () => {
          const answers = await Promise.all(nodes.map((node) => node.take([ask], WITHIN_MS)));
          return answers.every((answer) => !answer.ok && answer.loss === 'away');
        },
        () => 'a killed Redis was still asked',
      );
      await startRedis(stage, first.port);
      await reachable(nodes);
      expect(await nodes[1]?.take([ask], WITHIN_MS)).toMatchObject({ ok: true, verdicts: [{ remaining: 49 }] });
    }));

  it('that is stopped keeps nobody for longer than the limit says, and lets nobody past it afterwards', () =>
    onStage(async (stage) => {
      const server = await startRedis(stage);
      const [node] = counters(stage, server.url, 1);
      const redis = clientOf(stage, server.url);
      if (node === undefined) throw new Error('there is one');
      await reachable([node]);
      const hour: StrictAsk = { key: 'hour', requests: 20, periodMs: 3_600_000, burst: 20 };
      let allowed = 0;
      const take = async () => {
        const answer = await node.take([hour], WITHIN_MS);
        if (answer.ok && answer.verdicts[0]?.allowed === true) allowed += 1;
        return answer;
      };
      for (let i = 0; i < 5; i += 1) await take();
      const before = await redisMs(redis);
      server.signal('SIGSTOP');
      const losses = new Set<string>();
      while (!losses.has('away')) {
        const answer = await take();
        if (!answer.ok) losses.add(answer.loss);
      }
      expect([...losses]).toEqual(['late', 'away']);
      server.signal('SIGCONT');
      await reachable([node]);
      for (let answer = await take(); answer.ok && answer.verdicts[0]?.allowed === true; ) answer = await take();
      const passedMs = (await redisMs(redis)) - before;
      expect(allowed).toBeLessThanOrEqual(20 + passedMs / 180_000);
      expect(allowed).toBeGreaterThan(5);
    }));
});
