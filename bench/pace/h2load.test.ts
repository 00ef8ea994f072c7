import { describe, expect, it } from 'vitest';
import { readPacedLog } from './h2load.js';

describe('what h2load has written down', () => {
  it('is summed up by the time that each request took', () => {
    // A hundred of them in 0.99 s, in no order, one of which failed.
    const text = Array.from({ length: 100 }, (_, at) => 99 - at)
      .map((at) => `${1_795_931_101_000_000 + at * 10_000}\t${at === 7 ? 502 : 200}\t${(at + 1) * 100}\n`)
      .join('');
    const report = readPacedLog(text);
    expect(report).toMatchObject({ requests: 100, failures: 1, p50Ms: 5, p99Ms: 9.9, p999Ms: 10 });
    expect(report.requestsPerSecond).toBeCloseTo(100 / 0.99, 6);
  });
});
