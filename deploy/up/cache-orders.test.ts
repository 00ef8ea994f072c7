import type { ControlToNode } from '@weir/proto/events/node-link.js';
import { expect, it } from 'vitest';
import type { Asked } from './asks.js';
import { cacheOrders } from './cache-orders.js';

const order = { targets: [{ kind: 'all' }], isSoft: true } as const;

/** Orders to a node of which this becomes, and what it was sent. */
function ordersTo(become: Asked<never> | 'purged', sharesInRedis = false, pid: number | null = 7) {
  const sent: ControlToNode[] = [];
  const node = {
    ask: async (make: (number: number) => ControlToNode) => {
      sent.push(make(3));
      const answer = { v: 1, kind: 'cache.purged', number: 3 } as const;
      return become === 'purged' ? ({ kind: 'answer', answer, ms: 0.418 } as const) : become;
    },
    look: () => ({
      ...{ pid, lastExit: null, metrics: null, status: null, trouble: null },
      life: { phase: 'running', sinceMs: 0, crashes: 0, restarts: 0, wasReady: true } as const,
    }),
  };
  return { sent, orders: cacheOrders(() => [node], sharesInRedis) };
}

it('a purge is sent under its number, and told as obeyed by the node that says so', async () => {
  const { sent, orders } = ordersTo('purged');
  expect(await orders.purge(order)).toEqual({ obeyed: [{ node: 'node-7', ms: 0.42 }], missing: [] });
  expect(sent).toEqual([{ v: 1, kind: 'cache.purge', number: 3, ...order }]);
});

it('what nodes that share its Redis do is not promised, and is said', async () => {
  const { obeyed, missing, later } = await ordersTo('purged', true).orders.purge(order);
  expect([obeyed.length, missing, later]).toEqual([1, [], expect.stringContaining('do not acknowledge')]);
});

it('a node that fails has not obeyed', async () => {
  const { orders } = ordersTo({ kind: 'failed', reason: 'did not answer within 2 s' });
  expect(await orders.purge(order)).toEqual({
    obeyed: [],
    missing: [{ node: 'node-7', reason: 'did not answer within 2 s' }],
  });
});

it('one that has ended has obeyed, unless what it stored outlives it in Redis', async () => {
  const ended = { kind: 'ended', ms: 0 } as const;
  expect(await ordersTo(ended, false, null).orders.purge(order)).toEqual({
    obeyed: [{ node: 'node', ms: 0 }],
    missing: [],
  });
  const { obeyed, missing } = await ordersTo(ended, true).orders.purge(order);
  expect([obeyed, missing[0]?.reason]).toEqual([[], expect.stringContaining('shared in Redis is not purged')]);
});
