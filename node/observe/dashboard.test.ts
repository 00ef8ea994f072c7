import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Cells } from './cells.js';
import { createMetrics } from './metrics.js';
import { cacheCounts } from './testing/cache-counts.js';
import { jobCounts } from './testing/job-counts.js';
import { nodeStatus } from './testing/node-status.js';

it('the Grafana dashboard asks only for metrics that a node has', async () => {
  const metrics = createMetrics({
    cells: new Cells(),
    status: () => nodeStatus(),
    healthChanges: () => [],
    sight: () => null,
    purges: () => null,
    gates: () => [],
    jobs: () => jobCounts(),
    cache: () => cacheCounts(),
    bodies: () => ({ bytes: 21, refusals: 22 }),
    eventLoop: () => ({ delayP50Ms: 0, delayP99Ms: 0, delayMaxMs: 0, utilization: 0 }),
    log: () => ({ written: 0, dropped: 0 }),
    spans: () => ({ exported: 0, dropped: 0 }),
    bus: () => null,
    loadPermille: () => 0,
    bugs: () => 0,
  });
  const known = new Set([...(await metrics.render()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const dashboard = readFileSync(new URL('../../deploy/grafana/weir.json', import.meta.url), 'utf8');
  const asked = new Set([...dashboard.matchAll(/\b(?:weir|process|nodejs)_[a-z_]+/g)].map(([name]) => name));
  expect(asked.size).toBeGreaterThan(15);
  expect([...asked].filter((name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|count)$/, '')))).toEqual(
    [],
  );
});
