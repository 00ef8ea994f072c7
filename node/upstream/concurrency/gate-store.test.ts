import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import { expect, it } from 'vitest';
import { makeUpstream } from '../../pipeline/testing/specs.js';
import { createGateStore, gateReadings } from './gate-store.js';

const spec: ConcurrencySpec = { mode: 'adaptive', limitMin: 8, limitMax: 4096, limitStart: 64, queue: 1024 };

it('a gate outlives every snapshot, and its terms are those of the one in force', () => {
  const store = createGateStore();
  const gate = store.gate('orders', spec);
  expect(store.gate('users', spec)).not.toBe(gate);
  gate.enter();
  const other: ConcurrencySpec = { ...spec, mode: 'fixed', limitMax: 1 };
  expect(store.gate('orders', other)).toBe(gate);
  expect(gate.limit).toBe(64); // compiled only, and refused perhaps
  store.use([{ id: 'orders', concurrency: other }], 1_000);
  expect([gate.limit, gate.inFlight, gate.enter()]).toEqual([1, 1, false]);
  store.use([{ id: 'orders', concurrency: { ...spec, limitStart: 65 } }], 2_000);
  expect([gate.limit, gate.enter()]).toEqual([65, true]);
});

it('a snapshot that leaves the terms as they are leaves what was learnt', () => {
  const store = createGateStore();
  const gate = store.gate('orders', spec);
  const learnt = (): number => {
    for (let i = 0; i < 200; i += 1) gate.leave('slow', Number.NaN, 1_000, i * 10);
    return gate.limit;
  };
  for (let i = 0; i < 64; i += 1) gate.enter();
  gate.inFlight = 264;
  expect(learnt()).toBe(8);
  store.use([{ id: 'orders', concurrency: { ...spec } }], 3_000);
  expect(gate.limit).toBe(8);
  store.use([{ id: 'orders', concurrency: { ...spec, limitStart: 1_000 } }], 3_000);
  expect(gate.limit).toBe(8);
  store.use([{ id: 'orders', concurrency: { ...spec, limitMin: 20 } }], 3_000);
  expect(gate.limit).toBe(20);
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
