/** The marks of purges in a real Redis, and in the model of it in which ten thousand histories are tried, are the same. */

import { LOG_KEY, MARKS_KEY, scripts } from '@weir/node/cache/l2/scripts.js';
import { ModelRedis } from '@weir/node/cache/l2/testing/model-redis.js';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
let client: Redis;
beforeAll(async () => {
  const redis = await startRedis(stage);
  client = new Redis(redis.url);
  stage.onEnd(() => client.disconnect());
});
afterAll(() => stage.clear());

const MARKS_MAX = 8;
const PREFIXES_MAX = 3;
const place = fc.oneof(
  fc.constantFrom('all', 'h:1', 'h:2', 'u:1', 'u:2', 't:1', 't:2', 't:3').map((field) => ({ field, prefix: null })),
  fc.record({
    field: fc.constantFrom('p:1', 'p:2'),
    prefix: fc.record({ length: fc.constantFrom(1, 2, 11), digest: fc.constantFrom('a', 'a-', 'b_') }),
  }),
);

it('marks are raised, joined and given up alike', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(place, fc.boolean()), { size: 'max', maxLength: 25 }), async (purges) => {
      await client.flushall();
      const model = new ModelRedis(MARKS_MAX, PREFIXES_MAX);
      model.adopt();
      await client.eval(scripts.adopt, 2, MARKS_KEY, LOG_KEY, 'e1', '0');
      for (const [{ field, prefix }, isSoft] of purges) {
        const of = prefix === null ? ['', '', ''] : [prefix.length, prefix.digest, `h:${field.slice(2)}`];
        const args = [field, isSoft ? 1 : 0, MARKS_MAX, PREFIXES_MAX, ...of];
        const seq = await client.eval(scripts.mark, 2, MARKS_KEY, LOG_KEY, ...args, 'node', 'text', '10');
        expect(seq).toBe(model.mark({ field, prefix }, isSoft));
        const { epoch, run, seq: kept, ...marks } = await client.hgetall(MARKS_KEY);
        expect([epoch, run?.length, Number(kept)]).toEqual(['e1', 40, seq]);
        for (const name of Object.keys(marks)) expect(withoutTimes(marks[name])).toBe(withoutTimes(model.get(name)));
        expect(model.fields()).toEqual(Object.keys(marks).sort());
      }
    }),
    { numRuns: 60 },
  );
});

/** The last number of each line is a time in Redis, and the number of a purge in the model. */
const withoutTimes = (text: string | null | undefined): string => (text ?? 'none').replace(/ \d+(?=\n|$)/g, '');
