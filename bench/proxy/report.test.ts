import { describe, expect, it } from 'vitest';
import type { Sample } from './load.js';
import { type Measured, rowsOf, tableOf } from './report.js';

const sample = (requestsPerSecond: number, cpuMicrosPerRequest: number, more: Partial<Sample> = {}): Sample => ({
  requests: 1_000,
  seconds: 1,
  requestsPerSecond,
  p50Ms: 1,
  p90Ms: 2,
  p99Ms: 3,
  badStatuses: 0,
  socketErrors: 0,
  cpuMicrosPerRequest,
  proxyBusy: 0.99,
  loadCoreBusy: 0.6,
  peakRssBytes: 10 * 1024 * 1024,
  ...more,
});

const measured: Measured[] = [
  { peer: 'nginx', caseId: 'get-100B', connections: 32, samples: [sample(100, 20), sample(300, 10), sample(200, 15)] },
  {
    peer: 'weir',
    caseId: 'get-100B',
    connections: 32,
    samples: [
      sample(150, 30, { peakRssBytes: 90 * 1024 * 1024 }),
      sample(150, 30, { badStatuses: 2, socketErrors: 3 }),
    ],
  },
  { peer: 'weir', caseId: 'get-100B', connections: 1, samples: [sample(50, 40)] },
];

describe('the report', () => {
  it('takes medians over the rounds, and ratios to nginx in the same cell only', () => {
    const [nginx, weir, alone] = rowsOf(measured);
    expect(nginx).toMatchObject({ requestsPerSecond: 200, spread: 1, cpuMicrosPerRequest: 15, throughputToNginx: 1 });
    expect(weir).toMatchObject({ requestsPerSecond: 150, throughputToNginx: 0.75, cpuToNginx: 2 });
    expect(alone).toMatchObject({ requestsPerSecond: 50, throughputToNginx: null, cpuToNginx: null });
  });

  it('shows the highest memory and every failure, not their median', () => {
    const weir = rowsOf(measured)[1];
    expect(weir).toMatchObject({ peakRssMiB: 90, failures: 5 });
  });

  it('is a Markdown table with as many cells in each line', () => {
    const lines = tableOf(rowsOf(measured)).split('\n');
    expect(lines).toHaveLength(2 + measured.length);
    expect(new Set(lines.map((line) => line.split('|').length)).size).toBe(1);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[1]).toMatch(/^\| -+ \| -+ \| -+ \| -+: /);
  });
});
