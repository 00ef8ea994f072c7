// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Questions that mean the same, asked at two nodes over one real Redis: whole gateways, with a provider that counts. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AiConfig, AiGateway } from '../../support/ai-gateway.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { l2Node, reached } from '../cache-l2/l2-nodes.js';
import { type AlikeGiven, alikeGateway, alikeProvider, askAt } from './alike.js';

const stage = new Stage();
afterEach(() => stage.clear());

const FRANCE = 'What is the capital of France?';
const ALSO_FRANCE = "France's capital, please";
const SPAIN = 'What is the capital of Spain?';

/** Patient enough for a busy machine; tests of the limit itself say their own. */
const PATIENT = 'cache: { redis: { readTimeout: 1s, writeTimeout: 5s } }';

const metricOf = async (weir: AiGateway, series: string): Promise<number> => {
  const line = (await weir.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
};

const isShared = (weir: AiGateway): Promise<void> =>
  until(
    async () =>
      (await metricOf(weir, 'weir_ai_vectors_redis_reachable')) === 1 &&
      (await metricOf(weir, 'weir_cache_l2_readable')) === 1 &&
      (await metricOf(weir, 'weir_cache_l2_writable')) === 1,
    () => 'Redis is not used',
    15_000,
  );

/** So many answers with their vectors are where other nodes find them. */
const toldOf = (weir: AiGateway, count: number): Promise<void> =>
  until(
    async () =>
      (await metricOf(weir, 'weir_ai_vectors_told_total{outcome="told"}')) === count &&
      (await metricOf(weir, 'weir_cache_l2_offers_total{outcome="kept"}')) >= count,
    () => 'other nodes are not told',
  );

async function started({
  redis,
  spec = {},
  gateway = PATIENT,
  ...more
}: Omit<AlikeGiven, 'embedding'> & Partial<Omit<AiConfig, 'redis'>> & { readonly redis?: RedisServer } = {}) {
  const server = redis ?? (await startRedis(stage));
  const { provider, texts } = await alikeProvider(stage);
  const node = () =>
    alikeGateway(stage, provider, { spec: { store: 'redis', ...spec }, gateway, redis: server.url, ...more });
  const [a, b] = [await node(), await node()];
  await isShared(a);
  await isShared(b);
  const models = () => provider.questions.filter(({ path }) => path.endsWith('/completions')).length;
  return { server, a, b, texts, models, provider };
}

const word = ([text, said]: readonly (string | null | undefined)[]) => [text, said];

describe('questions that mean the same, at two nodes', () => {
  it('have one answer, where they are near enough', async () => {
    const { a, b, models } = await started();
    expect(word(await askAt(a)(FRANCE))).toEqual(['answer 1', 'miss']);
    await toldOf(a, 1);
    const [text, said, status] = await askAt(b)(ALSO_FRANCE);
    expect([text, said]).toEqual(['answer 1', 'hit-similar']);
    expect(status).toMatch(/^weir; hit; ttl=\d+; detail=similar$/);
    expect(word(await askAt(b)(SPAIN))).toEqual(['answer 2', 'miss']);
    await toldOf(b, 1);
    expect(word(await askAt(a)('Spain: its capital?'))).toEqual(['answer 2', 'hit-similar']);
    expect(models()).toBe(2);
    expect(await metricOf(b, 'weir_ai_vectors_looks_total{outcome="current"}')).toBe(2);
    expect(await metricOf(b, 'weir_ai_vectors_kept')).toBe(2);
  });

  it('have one answer also for several who ask at once, and at a node that was started later', async () => {
    const { a, b, models, provider, server } = await started();
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    const asked = await Promise.all(Array.from({ length: 10 }, (_, i) => askAt(b)(`${ALSO_FRANCE} (${i})`)));
    expect(asked.map(([, said]) => said)).toEqual(Array(10).fill('hit-similar'));
    const late = await alikeGateway(stage, provider, {
      ...{ spec: { store: 'redis' }, gateway: PATIENT, redis: server.url },
    });
    await isShared(late);
    const same = await Promise.all(Array.from({ length: 10 }, () => askAt(late)(FRANCE)));
    expect(same.map(([, said]) => said)).toEqual(Array(10).fill('hit'));
    expect(word(await askAt(late)(ALSO_FRANCE))).toEqual(['answer 1', 'hit-similar']);
    expect(models()).toBe(1);
  });

  it('have answers of their own under another system prompt, model, parameter and consumer', async () => {
    const { a, b } = await started({
      more: 'auth: { apiKey: { in: bearer } }',
      top: 'consumers: [{ id: alice, keys: "${ALICE}" }, { id: bob, keys: "${BOB}" }]',
    });
    const as = (name: string) => ({ authorization: `Bearer ${name}-key-0123456789` });
    expect(word(await askAt(a, as('alice'))(FRANCE))).toEqual(['answer 1', 'miss']);
    await toldOf(a, 1);
    const alice = askAt(b, as('alice'));
    expect((await alice(ALSO_FRANCE, 'Answer in French.'))[1]).toBe('miss');
    expect((await alice(ALSO_FRANCE, 'Be brief.', { model: 'openai/other' }))[1]).toBe('miss');
    expect((await alice(ALSO_FRANCE, 'Be brief.', { seed: 1 }))[1]).toBe('miss');
    expect((await askAt(b, as('bob'))(ALSO_FRANCE))[1]).toBe('miss');
    expect(word(await alice(ALSO_FRANCE))).toEqual(['answer 1', 'hit-similar']);
  });

  it('are not compared by vectors of two models, though they are as long', async () => {
    const { a, provider, server } = await started();
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    const spec = { store: 'redis', model: 'other-vectors' } as const;
    const other = await alikeGateway(stage, provider, { spec, gateway: PATIENT, redis: server.url });
    await isShared(other);
    expect(word(await askAt(other)(ALSO_FRANCE))).toEqual(['answer 2', 'miss']);
  });

  it('have no answer that was purged, by whatever node', async () => {
    const { a, b, server } = await started();
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    expect((await askAt(b)(ALSO_FRANCE))[1]).toBe('hit-similar');
    const other = l2Node(stage, server.url);
    await reached(other);
    expect(await other.purge({ kind: 'tag', tag: 'ai' }, false)).toBe(true);
    // They hear of it a quarter of a second later at the latest.
    for (const weir of [a, b])
      await until(
        async () => (await metricOf(weir, 'weir_cache_l2_purges_heard_total')) > 0,
        () => 'nodes do not hear of the purge',
      );
    expect(word(await askAt(b)(ALSO_FRANCE))).toEqual(['answer 2', 'miss']);
    await toldOf(b, 1);
    // Its vector and the one whose answer was purged are as near.
    expect(word(await askAt(a)('The capital of France is?'))).toEqual(['answer 2', 'hit-similar']);
  });

  it('have no answer that is over, and none of a route that keeps its vectors to itself', async () => {
    const { a, b, server, provider } = await started({ ttlMs: 4_000 });
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    expect((await askAt(b)(ALSO_FRANCE))[1]).toBe('hit-similar');
    await until(
      async () => (await askAt(b)(ALSO_FRANCE))[1] === 'miss',
      () => 'it is not over',
    );
    await toldOf(b, 1);
    const alone = await alikeGateway(stage, provider, { gateway: PATIENT, redis: server.url });
    expect((await askAt(alone)("France's capital is?"))[1]).toBe('miss');
    expect(await metricOf(alone, 'weir_ai_vectors_told_total{outcome="told"}')).toBe(0);
    expect(await metricOf(alone, 'weir_ai_vectors_taken_total')).toBe(0);
  });

  it('keep so many vectors of a scope', async () => {
    const { a, b } = await started({ spec: { entriesMax: 2 } });
    for (const [index, text] of [FRANCE, SPAIN, 'weather'].entries()) {
      await askAt(a)(text);
      await toldOf(a, index + 1);
    }
    expect((await askAt(b)("Spain's capital"))[1]).toBe('hit-similar');
    expect((await askAt(b)(ALSO_FRANCE))[1]).toBe('miss');
  });
});

describe('a Redis under load that', () => {
  /** In the place of 10 ms, in which a machine as busy as this test makes it answers nobody. */
  const QUICK = 'cache: { redis: { readTimeout: 250ms, writeTimeout: 5s } }';

  /** Questions by several who ask one after the other, until it is over. */
  function load(weir: AiGateway) {
    let isOver = false;
    let count = 0;
    let slowestMs = 0;
    const unanswered: unknown[] = [];
    const asker = async (): Promise<void> => {
      while (!isOver && unanswered.length === 0) {
        const startedAtMs = performance.now();
        count += 1;
        const [text] = await askAt(weir)(`${ALSO_FRANCE} ${count}`);
        if (text === undefined || !/^answer \d+$/.test(text)) unanswered.push(text);
        slowestMs = Math.max(slowestMs, performance.now() - startedAtMs);
      }
    };
    const askers = Array.from({ length: 8 }, () => asker().catch((error: unknown) => void unanswered.push(error)));
    return {
      count: () => count,
      /** The longest time that one took. */
      async end() {
        isOver = true;
        await Promise.all(askers);
        expect(unanswered).toEqual([]);
        return slowestMs;
      },
    };
  }

  const asked = (of: { count(): number }, more: number): Promise<void> => {
    const wanted = of.count() + more;
    return until(
      () => of.count() >= wanted,
      () => 'nobody is answered',
      20_000,
    );
  };

  it('stops, and goes on, costs nobody an answer, and nodes share again', async () => {
    const { a, b, server } = await started({ gateway: QUICK });
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    const running = load(b);
    await asked(running, 50);
    server.signal('SIGSTOP');
    await until(
      async () => (await metricOf(b, 'weir_ai_vectors_redis_reachable')) === 0,
      () => 'Redis is still used',
      15_000,
    );
    await asked(running, 100);
    server.signal('SIGCONT');
    await isShared(a);
    await isShared(b);
    await asked(running, 50);
    // Far more than any limit, and far less than a wait for a Redis that does not answer.
    expect(await running.end()).toBeLessThan(10_000);
    expect(await metricOf(b, 'weir_ai_vectors_looks_total{outcome="away"}')).toBeGreaterThan(0);
    await askAt(a)('How is the weather?');
    await toldOf(a, 2);
    expect((await askAt(b)('The weather, please'))[1]).toBe('hit-similar');
  });

  it('is killed, and comes back empty, costs nobody an answer, and nodes share again', async () => {
    const { a, b, server } = await started({ gateway: QUICK });
    await askAt(a)(FRANCE);
    await toldOf(a, 1);
    const running = load(b);
    await asked(running, 50);
    await server.kill();
    await asked(running, 100);
    await startRedis(stage, server.port);
    await isShared(a);
    await isShared(b);
    await asked(running, 50);
    expect(await running.end()).toBeLessThan(10_000);
    await askAt(a)('How is the weather?');
    await toldOf(a, 2);
    expect((await askAt(b)('The weather, please'))[1]).toBe('hit-similar');
  });
});
