import { describe, expect, it } from 'vitest';
import { rowsOf } from '../proxy/report.js';
import { againstTable } from './report.js';

const sample = (requestsPerSecond: number, cpuMicrosPerRequest: number) => ({
  ...{ requests: 1_000, seconds: 1, requestsPerSecond, p50Ms: 1, p90Ms: 2, p99Ms: 3, badStatuses: 0, socketErrors: 0 },
  ...{ cpuMicrosPerRequest, proxyBusy: 0.99, loadCoreBusy: 0.6, peakRssBytes: 1 },
});
const cell = (peer: string, connections: number, rate: number, cpu: number) => {
  return { peer, caseId: 'get-100B', connections, samples: [sample(rate, cpu)] };
};

describe('the table of caches', () => {
  it('sets Weir against each other cache in the same cell, beside the aim', () => {
    const measured = [
      cell('nginx', 1, 10, 1),
      cell('nginx', 32, 100, 20),
      cell('varnish', 32, 50, 40),
      cell('weir', 32, 150, 10),
    ];
    const lines = againstTable(rowsOf(measured)).split('\n').slice(2);
    expect(
      lines.map((line) =>
        line
          .split('|')
          .map((text) => text.trim())
          .filter(Boolean),
      ),
    ).toEqual([
      ['get-100B', '32', 'nginx', '1.50', '1.5', '0.50'],
      ['get-100B', '32', 'varnish', '3.00', '1.5', '0.25'],
    ]);
  });

  it('is empty without Weir, or with nobody beside it', () => {
    expect(againstTable(rowsOf([cell('nginx', 1, 1, 1), cell('varnish', 1, 1, 1)]))).toBe('');
    expect(againstTable(rowsOf([cell('weir', 1, 1, 1)]))).toBe('');
  });
});
