import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import { expect, it } from 'vitest';
import { makeUpstream } from '../../pipeline/testing/specs.js';
import { createGateStore, gateReadings } from './gate-store.js';

const spec: ConcurrencySpec = { mode: 'adaptive', limitMin: 8, limitMax: 4096, limitStart: 64, queue: 1024 };

it('a gate outlives the snapshot for as long as its definition stays', () => {
  const store = createGateStore();
  const gate = store.gate('orders', spec);
  expect(store.gate('orders', { ...spec })).toBe(gate);
  expect(store.gate('users', spec)).not.toBe(gate);
  for (const field of ['limitMin', 'limitMax', 'limitStart', 'queue'] as const) {
    expect(store.gate('orders', { ...spec, [field]: spec[field] + 1 })).not.toBe(gate);
  }
  expect(store.gate('orders', { ...spec, mode: 'fixed' })).not.toBe(gate);
});

it('forgets the gate that was asked for longest ago beyond its bound', () => {
  const store = createGateStore(2);
  const gate = store.gate('a', spec);
  store.gate('b', spec);
  expect(store.gate('a', spec)).toBe(gate);
  store.gate('c', spec);
  expect(store.gate('a', spec)).toBe(gate);
});

it('reads the gates of upstreams that have one', () => {
  const store = createGateStore();
  store.gate('orders', spec).enter();
  const upstreams = [makeUpstream([], { id: 'orders', concurrency: spec }), makeUpstream([], { id: 'free' })];
  expect(
    gateReadings(
      store,
      upstreams.map((upstream) => upstream.spec),
    ),
  ).toEqual([{ upstream: 'orders', limit: 64, inFlight: 1, queued: 0 }]);
});
