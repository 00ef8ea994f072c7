import { describe, expect, it } from 'vitest';
import { type InspectedUrl, subjectOf } from '../cache/inspection.js';
import type { L2 } from '../cache/l2/l2.js';
import { createNodeCache } from '../cache/node-cache.js';
import type { PurgedByAll } from '../cache/purge/others.js';
import { makeCacheSpec } from '../cache/testing/specs.js';
import { compileChain } from '../pipeline/chain.js';
import {
  fakeClock,
  fakeTimers,
  leavingHandler,
  makeRequest,
  type RecordingHandler,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { purge } from './purge.js';

/** Of each request here. */
const TOTAL_MS = 2_000;

const GONE = Number.NEGATIVE_INFINITY;
const URL = { authority: 'a.example', path: '/x', query: 'b=1' };

function setUp(
  purgers: readonly string[] | null,
  consumerId: string | null = 'ops',
  vouchedBy = '',
  l2: L2 | null = null,
) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const heard: unknown[] = [];
  const onPurged = (...told: unknown[]): void => void heard.push(told);
  const cache = createNodeCache({ clock, timers, l2, onPurged });
  const services = makeServices({ clock, timers, cache });
  const route = makeRoute({
    cache: makeCacheSpec({ purge: purgers === null ? null : { consumers: purgers, tokenConsumers: ['robot'] } }),
  });
  const layer = purge(route, services);
  if (layer === null) throw new Error('a route with a cache has its layer');
  const bottom = scriptedDispatch(
    (call) => call.answer(200),
    (call) => call.answer(200),
  );
  const ask = (method: string, headers: readonly string[] = [], handler: RecordingHandler = recordingHandler()) => {
    const request = makeRequest({ ...URL, method, headers });
    request.exchange.consumerId = consumerId;
    request.exchange.vouchedBy = vouchedBy;
    request.exchange.deadlineAtMs = clock.nowMs() + TOTAL_MS;
    const cancel = layer(bottom.dispatch)(request, handler);
    return Object.assign(handler, { cancel });
  };
  const purgedAtMs = () => cache.marks.purgedAtMs(subjectOf(URL, []), 0);
  return { cache, ask, bottom, purgedAtMs, clock, timers, heard };
}

/** A second level in which nothing happens but that purges are told when a test says so. */
function redis() {
  const waiting: ((isTold: boolean) => void)[] = [];
  const purge = (): Promise<boolean> => new Promise((resolve) => waiting.push(resolve));
  const tell = async (isTold: boolean): Promise<void> => {
    for (const resolve of waiting.splice(0)) resolve(isTold);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { l2: { purge, hear: () => {} } as unknown as L2, tell }; // A purge asks for nothing else.
}

describe('a PURGE', () => {
  it('has purged the URL when it is answered, and asks nobody', () => {
    const { ask, bottom, purgedAtMs } = setUp(['ops']);
    const handler = ask('PURGE');
    expect([handler.status, handler.text(), bottom.calls.length, purgedAtMs()]).toEqual([
      200,
      '{"purged":"hard"}',
      0,
      GONE,
    ]);
  });

  it('makes it stale where the request says so', () => {
    const { ask, purgedAtMs, clock } = setUp(['ops']);
    expect(ask('PURGE', ['weir-purge', 'Soft']).text()).toBe('{"purged":"soft"}');
    expect(purgedAtMs()).toBe(clock.nowMs());
  });

  it.each([
    ['where nobody may', null, 'ops', [], 'method_not_allowed'],
    ['of another consumer', ['ops'], 'mobile', [], 'forbidden'],
    ['of nobody', ['ops'], null, [], 'forbidden'],
    ['that says it is something else', ['ops'], 'ops', ['weir-purge', 'gently'], 'bad_request'],
  ] as const)('%s changes nothing, and does not go upstream', (_what, purgers, consumer, headers, code) => {
    const { ask, bottom, cache } = setUp(purgers, consumer);
    const handler = ask('PURGE', headers);
    expect([handler.failure?.code, bottom.calls.length, cache.counts().purges]).toEqual([code, 0, 0]);
  });

  it('of one whom a token names is not of the consumer that has the same name, and the other way round', () => {
    expect(setUp(['ops'], 'robot', 'https://issuer.example').ask('PURGE').status).toBe(200);
    expect(setUp(['ops'], 'ops', 'https://issuer.example').ask('PURGE').failure?.code).toBe('forbidden');
    expect(setUp(['ops'], 'robot').ask('PURGE').failure?.code).toBe('forbidden');
  });

  it('is answered when Redis has been told, and not before', async () => {
    const { l2, tell } = redis();
    const { ask, purgedAtMs, clock, timers, heard } = setUp(['ops'], 'ops', '', l2);
    const handler = ask('PURGE');
    expect([handler.status, handler.failure, purgedAtMs(), heard]).toEqual([0, null, GONE, []]);
    clock.advance(7);
    await tell(true);
    expect([handler.status, handler.text(), timers.armed, heard]).toEqual([
      200,
      '{"purged":"hard"}',
      0,
      [['url', 7, true]],
    ]);
  });

  it('that Redis was not told of says so, and is in force here', async () => {
    const { l2, tell } = redis();
    const { ask, purgedAtMs, timers, heard } = setUp(['ops'], 'ops', '', l2);
    const handler = ask('PURGE');
    await tell(false);
    expect(handler.failure).toMatchObject({ code: 'purge_unconfirmed', retryAfterS: 1 });
    expect(handler.failure?.detail).toMatch(/^this node has purged it, .* others may find it there/);
    expect([handler.status, purgedAtMs(), timers.armed, heard]).toEqual([0, GONE, 0, [['url', 0, false]]]);
  });

  it('says so before its deadline, which would tell nothing of it, and once', async () => {
    const { l2, tell } = redis();
    const { ask, clock } = setUp(['ops'], 'ops', '', l2);
    const handler = ask('PURGE');
    clock.advance(TOTAL_MS - 51);
    expect(handler.failure).toBeNull();
    clock.advance(1);
    expect(handler.failure?.code).toBe('purge_unconfirmed');
    await tell(true);
    expect(handler.status).toBe(0);
  });

  it('whose client has left is answered to nobody, and was made all the same', async () => {
    const { l2, tell } = redis();
    const { ask, purgedAtMs, timers } = setUp(['ops'], 'ops', '', l2);
    const handler = ask('PURGE');
    handler.cancel();
    expect(timers.armed).toBe(0);
    await tell(true);
    expect([handler.status, handler.failure, purgedAtMs()]).toEqual([0, null, GONE]);
  });

  it.each(['onHeaders', 'onData'] as const)(
    'whose client leaves with %s in its hands is told nothing more',
    async (piece) => {
      const { l2, tell } = redis();
      const { ask } = setUp(['ops'], 'ops', '', l2);
      const handler = leavingHandler(piece);
      handler.leave = ask('PURGE', [], handler).cancel;
      await tell(true);
      expect([handler.events.at(-1), handler.ended]).toEqual([piece, false]);
    },
  );

  it('is for this method alone, and a route without a cache has nothing to purge', () => {
    const { ask, bottom, cache } = setUp(['ops']);
    expect([ask('GET').status, ask('purge').status, bottom.calls.length, cache.counts().purges]).toEqual([
      200, 200, 2, 0,
    ]);
    expect(purge(makeRoute(), makeServices())).toBeNull();
  });

  it('stands below whoever authenticates: without credentials it is a 401', () => {
    const services = makeServices({
      credentials: {
        consumerOfKey: () => null,
        consumerOfBasic: () => ({ kind: 'refused' }),
        tokensOf: () => [],
        admits: () => () => false,
        jwtKeys: () => {
          throw new Error('there are no tokens here');
        },
      },
    });
    const route = makeRoute({
      auth: [{ kind: 'apiKey', in: [{ header: 'x-api-key' }], consumers: [], hide: true }],
      cache: makeCacheSpec({ purge: { consumers: ['ops'], tokenConsumers: [] } }),
    });
    const handler = recordingHandler();
    compileChain(route, services)(makeRequest({ ...URL, method: 'PURGE' }), handler);
    expect([handler.status, services.cache.counts().purges]).toEqual([401, 0]);
  });
});

/** A cluster whose control answers when a test says so. */
function inCluster() {
  const all = setUp(['ops']);
  const asked: { readonly url: InspectedUrl; readonly isSoft: boolean; readonly withinMs: number }[] = [];
  let settle: (byAll: PurgedByAll) => void = () => {};
  all.cache.others = {
    purge(url, isSoft, withinMs) {
      asked.push({ url, isSoft, withinMs });
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    changed: () => {},
  };
  const answer = async (byAll: PurgedByAll): Promise<void> => {
    settle(byAll);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...all, asked, answer };
}

describe('a PURGE in a cluster', () => {
  it('is in force here at once, and answered when all nodes have obeyed, with their names', async () => {
    const { ask, asked, answer, purgedAtMs, timers } = inCluster();
    const handler = ask('PURGE');
    expect([handler.status, purgedAtMs(), asked]).toEqual([
      0,
      GONE,
      [{ url: URL, isSoft: false, withinMs: TOTAL_MS - 50 }],
    ]);
    await answer({ nodes: ['n1', 'n2'], missing: [] });
    expect([handler.status, handler.text(), timers.armed]).toEqual([200, '{"purged":"hard","nodes":["n1","n2"]}', 0]);
  });

  it('names who has not obeyed, eight of them at most', async () => {
    const { ask, answer, asked } = inCluster();
    const handler = ask('PURGE', ['weir-purge', 'soft']);
    const missing = Array.from({ length: 10 }, (_, i) => ({ node: `n${i}`, reason: 'is silent' }));
    await answer({ nodes: ['a'], missing });
    expect([asked[0]?.isSoft, handler.status, handler.failure?.code]).toEqual([true, 0, 'purge_unconfirmed']);
    expect(handler.failure?.detail).toContain('n0 is silent; n1 is silent');
    expect(handler.failure?.detail).toMatch(/n7 is silent; and 2 more$/);
  });

  it('says before its deadline that control is silent, and once', async () => {
    const { ask, clock, answer } = inCluster();
    const handler = ask('PURGE');
    clock.advance(TOTAL_MS - 51);
    expect(handler.failure).toBeNull();
    clock.advance(1);
    expect(handler.failure).toMatchObject({ code: 'purge_unconfirmed', detail: expect.stringContaining('control') });
    await answer({ nodes: [], missing: [] });
    expect(handler.status).toBe(0);
  });
});
