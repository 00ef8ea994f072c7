import type { JobStore } from '@weir/node/jobs/job-store.js';
import { createMemoryStore } from '@weir/node/jobs/memory-store.js';
import { fakeClock } from '@weir/node/pipeline/testing/harness.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { expect, it } from 'vitest';
import { storeSuite } from './store-suite.js';

storeSuite('memory', async () => {
  let store: JobStore | null = null;
  return {
    open: async (bounds) => {
      store ??= createMemoryStore(systemClock, bounds);
      return store;
    },
    close: async () => {
      await store?.close();
    },
  };
});

it('the memory of a node takes no more bytes than it may, and has them back when a job is forgotten', async () => {
  const store = createMemoryStore(systemClock, () => ({ jobsMax: 10, ofOneMax: 10, bytesMax: 1_000 }));
  const job = (id: string) => ({
    id,
    routeId: 'r',
    owner: null,
    sharer: 's',
    method: 'GET',
    leaseMs: 60_000,
    keepMs: 60_000,
  });
  await store.create(job('one'));
  await store.create(job('two'));
  expect(await store.write('one', 0, new Uint8Array(600))).toBe('written');
  expect(await store.write('two', 0, new Uint8Array(400))).toBe('written');
  expect(await store.write('two', 1, new Uint8Array(1))).toBe('full');
  expect(store.counts().bytes).toBe(1_000);
  await store.apply('one', { kind: 'cancel' });
  expect(store.counts().bytes).toBe(400);
  expect(await store.write('two', 1, new Uint8Array(600))).toBe('written');
  await store.forget('two');
  expect(store.counts()).toMatchObject({ stored: 1, bytes: 0 });
});

it('a wall clock that is set takes the lease from no job in the memory of a node, and gives none', async () => {
  const clock = fakeClock();
  const store = createMemoryStore(clock, () => ({ jobsMax: 10, ofOneMax: 10, bytesMax: 1_000 }));
  const job = (id: string) => ({
    id,
    routeId: 'r',
    owner: null,
    sharer: 's',
    method: 'GET',
    leaseMs: 10_000,
    keepMs: 60_000,
  });
  await store.create(job('ahead'));
  clock.skewWall(3_600_000);
  expect((await store.apply('ahead', { kind: 'look' }))?.state).toBe('pending');
  await store.create(job('back'));
  clock.skewWall(-7_200_000);
  clock.advance(10_001);
  expect((await store.apply('back', { kind: 'look' }))?.state).toBe('lost');
});

it('the fields of an answer count as its bytes do, and one whose fields have no room fails', async () => {
  const store = createMemoryStore(systemClock, () => ({ jobsMax: 10, ofOneMax: 10, bytesMax: 1_000 }));
  const base = { routeId: 'r', owner: null, sharer: 's', method: 'GET', leaseMs: 60_000, keepMs: 60_000 };
  for (const id of ['one', 'two']) await store.create({ ...base, id });
  const done = { kind: 'done', head: { status: 200, headers: ['x', 'y'.repeat(595)] }, bytes: 0, pieces: 0 } as const;
  expect(await store.apply('one', done)).toMatchObject({ state: 'done' });
  expect(store.counts().bytes).toBe(600);
  // What changes nothing counts nothing.
  await store.apply('one', done);
  expect(await store.apply('two', done)).toMatchObject({ state: 'failed', failure: { code: 'job_store_full' } });
  expect(store.counts().bytes).toBe(600);
  await store.forget('one');
  expect(store.counts().bytes).toBe(0);
});
