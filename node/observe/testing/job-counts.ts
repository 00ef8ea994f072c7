/** Counts of a node without jobs, for tests and benchmarks that care about one of them. */
import type { JobCounts } from '../../jobs/jobs.js';

export function jobCounts(overrides: Partial<JobCounts> = {}): JobCounts {
  return {
    store: 'memory',
    isReachable: true,
    running: 0,
    stored: 0,
    storedBytes: 0,
    ended: { pending: 0, done: 0, failed: 0, cancelled: 0, lost: 0 },
    refused: { store: 0, full: 0, busy: 0, share: 0, late: 0, draining: 0 },
    resultBytes: 0,
    orphans: 0,
    ...overrides,
  };
}
