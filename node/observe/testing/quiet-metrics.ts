/** The metrics of a node to which nothing has happened: every family with its name, type and help, and hardly a series. */
import { Cells } from '../cells.js';
import { createMetrics } from '../metrics.js';
import { cacheCounts } from './cache-counts.js';
import { jobCounts } from './job-counts.js';
import { nodeStatus } from './node-status.js';
import { textOf } from './text-of.js';

export function quietMetrics(): Promise<string> {
  const metrics = createMetrics({
    cells: new Cells(),
    status: () => nodeStatus(),
    healthChanges: () => [],
    sight: () => null,
    purges: () => null,
    gates: () => [],
    jobs: () => jobCounts(),
    cache: () => cacheCounts(),
    stalledMs: () => 0,
    eventLoop: () => ({ delayP50Ms: 0, delayP99Ms: 0, delayMaxMs: 0, utilization: 0 }),
    log: () => ({ written: 0, dropped: 0 }),
    spans: () => ({ exported: 0, dropped: 0 }),
    bodies: () => ({ bytes: 21, refusals: 22 }),
    heldAnswers: () => ({ bytes: 23, refusals: 24 }),
    keptForms: () => ({ bytes: 25, count: 26, evictions: 27 }),
    bus: () => null,
    aiStreams: () => ({
      ...{ running: 0, abandoned: 0, stored: 0, bytes: 0, isReachable: true, refused: 0, resumed: 0 },
    }),
    aiCounts: () => ({
      budgets: { keys: 31, forgotten: 32, waiting: 33, lost: 34 },
      vectors: { late: 35, failed: 36, count: 37, bytes: 38, shared: null },
    }),
    loadPermille: () => 0,
    certificates: () => [],
    bugs: () => 0,
  });
  return textOf(metrics.render());
}
