/** Counts of an empty cache, for tests of what shows them. */
import { type CacheCounts, createNodeCache } from '../../cache/node-cache.js';
import { fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';

export function cacheCounts(): CacheCounts {
  const clock = fakeClock();
  return createNodeCache({ clock, timers: fakeTimers(clock) }).counts();
}
