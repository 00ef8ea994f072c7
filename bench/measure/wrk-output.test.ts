import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWrkDuration, parseWrkReport } from './wrk-output.js';

// As printed by Debian's wrk 4.1.0.
const CLEAN = `Running 3s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms    1.00ms  18.61ms   92.09%
    Req/Sec    36.31k     2.44k   41.13k    73.33%
  Latency Distribution
     50%  755.00us
     75%    1.08ms
     90%    1.77ms
     99%    1.29s 
  108510 requests in 3.01s, 27.11MB read
Requests/sec:  36104.24
Transfer/sec:      9.02MB
`;

const TROUBLED = CLEAN.replace(
  'Requests/sec',
  '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 17\nRequests/sec',
);

describe('parseWrkReport', () => {
  it('reads counts, rate and percentiles in one unit', () => {
    expect(parseWrkReport(CLEAN)).toEqual({
      requests: 108510,
      seconds: 3.01,
      requestsPerSecond: 108510 / 3.01,
      p50Ms: 0.755,
      p90Ms: 1.77,
      p99Ms: 1290,
      badStatuses: 0,
      socketErrors: 0,
    });
  });

  it('adds up socket errors and counts refused answers', () => {
    const report = parseWrkReport(TROUBLED);
    expect(report.socketErrors).toBe(4321);
    expect(report.badStatuses).toBe(17);
  });

  it('refuses a report that lacks a part', () => {
    for (const missing of ['50%', '90%', '99%', ' requests in ']) {
      expect(() => parseWrkReport(CLEAN.replace(missing, 'gone'))).toThrow(/wrk's report names no/);
    }
    expect(() => parseWrkReport('unable to connect to 127.0.0.1:1 Connection refused')).toThrow(/Connection refused/);
  });

  it('refuses a report that was cut off before its last figure', () => {
    const end = CLEAN.indexOf('27.11MB');
    fc.assert(
      fc.property(fc.nat(end - 1), (length) => {
        expect(() => parseWrkReport(CLEAN.slice(0, length))).toThrow(/wrk's report names no/);
      }),
    );
  });
});

describe('parseWrkDuration', () => {
  it('knows every unit that wrk prints', () => {
    expect(parseWrkDuration('250.00us')).toBe(0.25);
    expect(parseWrkDuration('1.50ms')).toBe(1.5);
    expect(parseWrkDuration('2.00s')).toBe(2000);
    expect(parseWrkDuration('1.00m')).toBe(60_000);
    expect(parseWrkDuration('1.00h')).toBe(3_600_000);
  });

  it('is NaN for anything else', () => {
    for (const text of ['', 'ms', '1', '1.0.0ms', '-1ms', '1ms2', '12 ms', '5parsecs']) {
      expect(parseWrkDuration(text)).toBeNaN();
    }
  });
});
