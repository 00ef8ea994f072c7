/**
 * What nodes share in Redis, and what stands in for it where there is none. The client of Redis is loaded only where it is
 * needed. Each is made when the node has its timers.
 */
import type { NodeVectors } from './ai/cache/node-vectors.js';
import type { StreamStore } from './ai/streams/stream-store.js';
import { sha256 } from './cache/l2/digest.js';
import type { L2 } from './cache/l2/l2.js';
import type { JobStore, StoreBounds } from './jobs/job-store.js';
import { createMemoryStore } from './jobs/memory-store.js';
import type { SpendCounter } from './limit/strict-counter.js';
import type { Timers } from './time/clock.js';
import { systemClock } from './time/system-clock.js';

export interface SharedStores {
  jobs(bounds: () => StoreBounds): JobStore;
  l2(timers: Timers): L2 | null;
  strictCounter(timers: Timers): SpendCounter | null;
  /** Asked for when there are models. */
  streams(timers: Timers): Promise<StreamStore>;
  vectors(timers: Timers): Promise<NodeVectors>;
}

const alone: SharedStores = {
  jobs: (bounds) => createMemoryStore(systemClock, bounds),
  l2: () => null,
  strictCounter: () => null,
  streams: async () => (await import('./ai/streams/memory-streams.js')).createMemoryStreams(systemClock),
  vectors: async () => (await import('./ai/cache/node-vectors.js')).nodeVectors(systemClock),
};

/** `url`: of the Redis; null for none. */
export async function sharedStores(url: string | null, random: () => number): Promise<SharedStores> {
  if (url === null) return alone;
  const [{ createRedisStore }, { createRedisL2 }, { createRedisCounter }] = await Promise.all([
    import('./jobs/redis-store.js'),
    import('./cache/l2/redis-l2.js'),
    import('./limit/redis-counter.js'),
  ]);
  const shared = { url, clock: systemClock, random };
  return {
    jobs: (bounds) => createRedisStore({ url, clock: systemClock, bounds }),
    l2: (timers) => createRedisL2({ ...shared, timers }),
    strictCounter: (timers) => createRedisCounter({ ...shared, timers, digest: sha256 }),
    async streams(timers) {
      const { createRedisStreams } = await import('./ai/streams/redis-streams.js');
      return createRedisStreams({ ...shared, timers, digest: sha256 });
    },
    async vectors(timers) {
      const [{ nodeVectors }, { createRedisVectors }] = await Promise.all([
        import('./ai/cache/node-vectors.js'),
        import('./ai/cache/redis-vectors.js'),
      ]);
      return nodeVectors(systemClock, (known) => createRedisVectors(known, { ...shared, timers }));
    },
  };
}
