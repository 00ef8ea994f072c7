import { describe, expect, it } from 'vitest';
import type { ChatSample, HeldSample, StreamSample } from './loads.js';
import type { AiPeerName } from './peers.js';
import { type AiMeasured, aiRows, aiTable, firstMs, verdict } from './report.js';

const chat = (requestsPerSecond: number, badStatuses = 0): ChatSample => ({
  ...{ requests: 100, seconds: 1, requestsPerSecond, p50Ms: 1, p90Ms: 2, p99Ms: 3, badStatuses, socketErrors: 0 },
  cpuMicrosPerChat: 10,
});
/** What is opened takes longer, and is not taken for the rest. */
const figures = {
  ...{ streams: 1, tokens: 100, failed: 0, why: '' },
  openingUs: [50_000],
  tokenP50Ms: 0.5,
  tokenP99Ms: 1,
};
/** Two rounds, of which one has all that was late. */
const streamed = (firstP50Ms: number, firstP99Ms: number): StreamSample[] =>
  [
    Array<number>(100).fill(firstP50Ms * 1_000),
    [...Array<number>(90).fill(0), ...Array<number>(10).fill(firstP99Ms * 1_000)],
  ].map((firstUs) => ({ ...figures, firstUs, cpuMicrosPerToken: 5 }));
const held = (peakBytes: number): HeldSample => ({
  ...{ ...figures, failed: 1, firstUs: [1_000], restBytes: 2 ** 20, peakBytes },
});
const of = (peer: AiPeerName, rates: readonly number[], p50: number, p99: number): AiMeasured => ({
  ...{ peer, chats: rates.map((rate) => chat(rate)), streams: streamed(p50, p99), held: [held(64 * 2 ** 20)] },
});
const all = [
  of('direct', [9_000], 0.2, 0.5),
  of('weir', [1_500, 1_600, 4_000], 0.6, 2.6),
  of('portkey', [100], 30, 40),
];

describe('the report', () => {
  it('takes medians, ratios to Portkey, and what is added to the direct call', () => {
    const [direct, weir] = aiRows(all);
    expect(direct).toMatchObject({ firstP50Ms: 0.2, firstP99Ms: 0.5, openingP50Ms: 50, throughputToPortkey: 90 });
    expect(weir).toMatchObject({ chatsPerSecond: 1_600, throughputToPortkey: 16, heldMiB: 64, failures: 1 });
    expect(weir?.firstP50Ms).toBeCloseTo(0.4);
    expect(weir?.firstP99Ms).toBeCloseTo(2.1);
  });

  it('takes first tokens of all rounds together, for one has too few for a percentile', () => {
    expect(firstMs(streamed(1, 7), 0.99)).toBe(7);
    expect(firstMs(streamed(1, 7), 0.94)).toBe(1);
    expect(firstMs([], 0.5)).toBeNaN();
  });

  it('says of each aim whether it is met', () => {
    expect(verdict(aiRows(all))).toMatch(
      /throughput: met \(16\.0\).* at p50: met \(0\.40\).* at p99: not met \(2\.10\)/,
    );
    expect(verdict(aiRows([of('weir', [1], 1, 1)]))).toContain('Portkey did not run');
    expect(verdict(aiRows([of('direct', [1], 1, 1)]))).toBe('Weir did not run.');
  });

  it('is a Markdown table with as many cells in each line', () => {
    const lines = aiTable(aiRows(all)).split('\n');
    expect(lines).toHaveLength(2 + all.length);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[3]).toContain('+0.40');
  });
});
