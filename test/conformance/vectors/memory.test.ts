import { nodeVectors } from '@weir/node/ai/cache/node-vectors.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { expect, it } from 'vitest';
import { along, LONG_MS, limits, nearest, vectorSuite } from './store-suite.js';

vectorSuite('the memory of a node', async () => {
  const store = nodeVectors(systemClock).of('memory');
  store.open(limits);
  return { store, asked: store, settled: async () => {} };
});

it('a node without Redis keeps to itself what it was to share', async () => {
  const vectors = nodeVectors(systemClock);
  const store = vectors.of('redis');
  store.open(limits);
  store.add('s', { key: 'k', vector: along(1, 0) }, LONG_MS, limits);
  expect(await nearest(store, 's', along(1, 0))).toEqual(['k']);
  expect(vectors.counts()).toMatchObject({ count: 1, shared: null });
  vectors.close();
});
