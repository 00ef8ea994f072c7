import { describe, expect, it } from 'vitest';
import { rowsOf } from '../proxy/report.js';
import { againstTable, aimsSentence } from './report.js';

const sample = (requestsPerSecond: number, cpuMicrosPerRequest: number, proxyBusy: number) => ({
  ...{ requests: 1_000, seconds: 1, requestsPerSecond, p50Ms: 1, p90Ms: 2, p99Ms: 3, badStatuses: 0, socketErrors: 0 },
  ...{ cpuMicrosPerRequest, proxyBusy, loadCoreBusy: 1.6 - proxyBusy, peakRssBytes: 1 },
});
const cell = (peer: string, connections: number, rate: number, cpu: number, busy = 1) => {
  return { peer, caseId: 'get-100B', connections, samples: [sample(rate, cpu, busy)] };
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
      ['get-100B', '32', 'nginx', '1.50', '1.5', 'yes', '0.50', 'cache'],
      ['get-100B', '32', 'varnish', '3.00', '1.5', 'yes', '0.25', 'cache'],
    ]);
  });

  it('says in a sentence what is not met, and where the load generator hides what is', () => {
    const measured = [
      cell('nginx', 32, 100, 20),
      cell('weir', 32, 149, 10),
      cell('nginx', 512, 100, 20, 0.6),
      cell('weir', 512, 150, 10, 0.6),
    ];
    const sentence = 'Aims met: 1 of 2; not met: get-100B at 32 against nginx (1.49 of 1.5).';
    expect(aimsSentence(rowsOf(measured))).toBe(
      `${sentence} In 1 the load generator was the bottleneck: read CPU per hit.`,
    );
    expect(againstTable(rowsOf(measured)).match(/yes|no |load|cache/g)).toEqual(['no ', 'cache', 'yes', 'load']);
    expect(aimsSentence(rowsOf(measured.slice(0, 2)))).toBe(sentence.replace('1 of 2', '0 of 1'));
  });

  it('is empty without Weir, or with nobody beside it', () => {
    expect(againstTable(rowsOf([cell('nginx', 1, 1, 1), cell('varnish', 1, 1, 1)]))).toBe('');
    expect(againstTable(rowsOf([cell('weir', 1, 1, 1)]))).toBe('');
    expect(aimsSentence(rowsOf([cell('weir', 1, 1, 1)]))).toBe('');
  });
});
