import { expect, it } from 'vitest';
import { cacheOrders } from './cache-orders.js';

const order = { targets: [{ kind: 'all' }], isSoft: true } as const;
const obeyed = [{ node: 'node-1', ms: 0.42 }];

function ordersOf(outcome: Awaited<ReturnType<Parameters<typeof cacheOrders>[0]['purge']>>, sharesInRedis: boolean) {
  const purges = { purge: async () => outcome };
  return cacheOrders(purges, () => [], sharesInRedis);
}

it('a purge is what its nodes have made of it', async () => {
  const outcome = { obeyed, missing: [] };
  expect(await ordersOf(outcome, false).purge(order)).toEqual(outcome);
  const failed = { obeyed, missing: [{ node: 'redis', reason: 'has not confirmed it' }] };
  expect(await ordersOf(failed, false).purge(order)).toEqual(failed);
});

it('what nodes that share its Redis do is not promised, and is said', async () => {
  const { later } = await ordersOf({ obeyed, missing: [] }, true).purge(order);
  expect(later).toContain('do not acknowledge');
});
