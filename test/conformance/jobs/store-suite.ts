/** What every store of jobs must do, whoever keeps them. Time is real, so leases are short and conditions are waited for. */

import { randomBytes } from 'node:crypto';
import { type JobEvent, type NewJob, noProgress } from '@weir/node/jobs/job.js';
import { jobIds } from '@weir/node/jobs/job-id.js';
import type { JobStore, StoreBounds } from '@weir/node/jobs/job-store.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/stage.js';

export interface StoreWorld {
  /** Another store on the same jobs: another node. The same one where jobs can't be shared. */
  open(bounds: () => StoreBounds): Promise<JobStore>;
  close(): Promise<void>;
}

const ids = jobIds((bytes) => randomBytes(bytes).toString('hex'));
const newJob = (overrides: Partial<NewJob> = {}): NewJob => ({
  ...{
    id: ids.next(),
    routeId: 'r',
    owner: { id: 'a', vouchedBy: 'b' },
    sharer: 'a',
    method: 'POST',
    leaseMs: 60_000,
    keepMs: 60_000,
  },
  ...overrides,
});
const head = { status: 207, headers: ['x-own', 'yes', 'set-cookie', 'a', 'set-cookie', 'b'] };
const done = (bytes: number, pieces: number): JobEvent => ({ kind: 'done', head, bytes, pieces });
const failed: JobEvent = { kind: 'failed', failure: { code: 'first_byte_timeout', detail: 'slow', limitMs: 5 } };
const anyBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

export function storeSuite(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`a store of jobs in ${name}`, () => {
    let world: StoreWorld;
    let store: JobStore;
    let bounds: StoreBounds;
    beforeEach(async () => {
      bounds = { jobsMax: 100, ofOneMax: 100, bytesMax: 100_000 };
      world = await openWorld();
      store = await world.open(() => bounds);
    });
    afterEach(() => world.close());

    it('keeps what it was told of a job, once', async () => {
      const job = newJob();
      expect(await store.create(job)).toBe('created');
      expect(await store.create(job)).toBe('created');
      // How it keeps the name of a sharer is its own affair.
      const { sharer: _sharer, ...shown } = job;
      expect(await store.apply(job.id, { kind: 'look' })).toMatchObject({
        ...shown,
        state: 'pending',
        progress: noProgress,
      });
      expect(store.counts()).toMatchObject({ stored: 1, isReachable: true });
      expect(await store.apply(newJob().id, { kind: 'look' })).toBeNull();
    });

    it('keeps a result as it was: head, bytes, and their order', async () => {
      const { id } = await created();
      expect(await store.write(id, 0, anyBytes)).toBe('written');
      expect(await store.write(id, 1, Uint8Array.of(1))).toBe('written');
      expect(await store.write(id, 0, anyBytes)).toBe('written'); // once more, because its answer was lost
      expect(await store.apply(id, done(257, 2))).toMatchObject({ state: 'done', head, bytes: 257, pieces: 2 });
      expect([...((await store.read(id, 0)) ?? [])]).toEqual([...anyBytes]);
      expect([...((await store.read(id, 1)) ?? [])]).toEqual([1]);
      expect(await store.read(id, 2)).toBeNull();
    });

    it('lets the first end stand, and takes nothing more for a job that has ended', async () => {
      const { id } = await created();
      await store.write(id, 0, anyBytes);
      expect(await store.apply(id, failed)).toMatchObject({ state: 'failed', failure: { limitMs: 5 } });
      for (const event of [done(1, 1), { kind: 'cancel' }, { kind: 'renew', progress: noProgress }] as const)
        expect(await store.apply(id, event)).toMatchObject({ state: 'failed' });
      expect(await store.write(id, 1, anyBytes)).toBe('over');
      expect(await store.read(id, 0)).toBeNull(); // what is not a result is not kept
    });

    it('tells who looks that a job is lost when its lease has passed, and not while it is renewed', async () => {
      const { id } = await created({ leaseMs: 300 });
      const progress = { phase: 'body', attempts: 2, bytes: 7, ofBytes: 9 };
      for (let renewals = 0; renewals < 5; renewals += 1)
        expect(await store.apply(id, { kind: 'renew', progress })).toMatchObject({ state: 'pending', progress });
      await until(
        async () => (await store.apply(id, { kind: 'look' }))?.state === 'lost',
        () => 'the job is not lost',
      );
      expect(await store.apply(id, done(0, 0))).toMatchObject({ state: 'lost' });
      expect(await store.write(id, 0, anyBytes)).toBe('over');
    });

    it('forgets what has expired, and what it is told to forget', async () => {
      const { id } = await created({ keepMs: 200 });
      await store.write(id, 0, anyBytes);
      await store.apply(id, done(256, 1));
      await until(
        async () => (await store.apply(id, { kind: 'look' })) === null,
        () => 'it has not expired',
      );
      expect(await store.read(id, 0)).toBeNull();
      const other = await created();
      await store.forget(other.id);
      expect(await store.apply(other.id, { kind: 'look' })).toBeNull();
      expect(await store.write(other.id, 0, anyBytes)).toBe('over');
      await store.sweep();
      await until(
        () => store.counts().stored === 0,
        () => `${store.counts().stored} are still counted`,
      );
    });

    it('takes no more jobs than it may, and one again when another has expired', async () => {
      bounds = { ...bounds, jobsMax: 2 };
      await created();
      const second = await created({ keepMs: 200 });
      expect(await store.create(newJob())).toBe('full');
      await store.apply(second.id, { kind: 'cancel' });
      await until(
        async () => (await store.create(newJob())) === 'created',
        () => 'there is still no room',
      );
      expect(await store.create(newJob())).toBe('full');
    });

    it('takes no more of one sharer than it may, whatever others have, and one again when his has expired', async () => {
      bounds = { ...bounds, ofOneMax: 2 };
      const first = await created({ keepMs: 200 });
      const second = await created();
      expect(await store.create(newJob())).toBe('share');
      await created({ sharer: 'b' });
      await store.apply(first.id, { kind: 'cancel' });
      await until(
        async () => (await store.create(newJob())) === 'created',
        () => 'there is still no room',
      );
      expect(await store.create(newJob())).toBe('share');
      await store.forget(second.id);
      await created();
      expect(await store.create(newJob())).toBe('share');
    });

    it('tells another node what this one did, and this one what the other did', async () => {
      const other = await world.open(() => bounds);
      const heard: string[] = [];
      store.onCancelled((id) => void heard.push(id));
      const { id } = await created();
      expect(await other.apply(id, { kind: 'look' })).toMatchObject({ state: 'pending' });
      // Heard of only by a node that is not the one who did it; where there is one node, it knows.
      await until(
        async () => {
          const job = await created();
          await other.apply(job.id, { kind: 'cancel' });
          return heard.length > 0 || other === store;
        },
        () => 'nothing is heard of cancelled jobs',
      );
      await store.write(id, 0, anyBytes);
      await store.apply(id, done(256, 1));
      expect([...((await other.read(id, 0)) ?? [])]).toEqual([...anyBytes]);
    });

    it('lets many who act at once on a job agree on one end', async () => {
      const other = await world.open(() => bounds);
      const { id } = await created();
      const ends: JobEvent[] = [done(0, 0), { kind: 'cancel' }, failed];
      const outcomes = await Promise.all(
        [store, other, store].flatMap((one) => ends.map((event) => one.apply(id, event))),
      );
      expect(new Set(outcomes.map((record) => record?.state)).size).toBe(1);
      expect(new Set(outcomes.map((record) => record?.endedMs)).size).toBe(1);
    });

    async function created(overrides: Partial<NewJob> = {}): Promise<NewJob> {
      const job = newJob(overrides);
      expect(await store.create(job)).toBe('created');
      return job;
    }
  });
}
