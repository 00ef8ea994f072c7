import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, drawLine, drawTable, shortCount, shortDuration, type View } from './table.js';
import { emptyTally, type Outcome, record, rowKeys } from './tally.js';

function viewOf(outcomes: readonly (readonly [number, Partial<Outcome>])[], more: Partial<View> = {}): View {
  const tally = emptyTally();
  for (const [count, outcome] of outcomes) {
    for (let i = 0; i < count; i += 1) {
      record(tally, { side: 'without', row: 'steady', result: 'good', name: '', latencyMs: 10, ...outcome });
    }
  }
  return {
    elapsedMs: 43_200,
    requestsPerSecond: 40,
    deadlineMs: 2_000,
    now: ['steady', 'stalling', 'steady', 'slow', 'steady'],
    tally,
    colour: false,
    ...more,
  };
}

const seen = viewOf([
  [1_000, {}],
  [312, { row: 'stalling', result: 'timeout', latencyMs: 2_000 }],
  [60, { row: 'failing', result: 'error', name: 'status 500', latencyMs: 3 }],
  [50, { row: 'failing', result: 'error', name: 'connection reset', latencyMs: 3 }],
  [1_200, { side: 'with' }],
  [150, { side: 'with', row: 'slow', latencyMs: 600 }],
  [12, { side: 'with', row: 'stalling', result: 'error', name: '504 first_byte_timeout', latencyMs: 1_500 }],
  [4, { side: 'with', row: 'unknown', result: 'timeout', latencyMs: 2_000 }],
]);

const golden = `Weir demo  0:43  40 requests a second on each side, client deadline 2.0s
now: orders/2 is stalling, orders/4 is slow, the others are steady (for 7 s)

client timeouts  without Weir: 312, with Weir: 4

                     without Weir            |            with Weir
upstream    reqs  good t/out error  p50  p99 |  reqs  good t/out error  p50  p99
steady      1000  1000     0     0 10ms 10ms |  1200  1200     0     0 10ms 10ms
slow           0     0     0     0    –    – |   150   150     0     0 0.6s 0.6s
stalling     312     0   312     0 2.0s 2.0s |    12     0     0    12 1.5s 1.5s
failing      110     0     0   110  3ms  3ms |     0     0     0     0    –    –
overloaded     0     0     0     0    –    – |     0     0     0     0    –    –
unknown        0     0     0     0    –    – |     4     0     4     0 2.0s 2.0s
---------------------------------------------+----------------------------------
all         1422  1000   312   110 10ms 2.0s |  1366  1350     4    12 10ms 1.5s

t/out: the client waited for its whole deadline and gave up. error: a failure
was answered, or the connection broke. Latencies count from the due time.

errors, by the name that the client could read:
  without Weir: status 500: 60, connection reset: 50
  with Weir:    504 first_byte_timeout: 12`;

describe('the table', () => {
  it('looks like this', () => {
    expect(drawTable(seen).join('\n')).toBe(golden);
  });

  it('fits into 80 columns whatever the numbers and names are', () => {
    const counts = fc.array(
      fc.tuple(
        fc.nat(50),
        fc.record({
          side: fc.constantFrom('without', 'with'),
          row: fc.constantFrom(...rowKeys),
          result: fc.constantFrom('good', 'timeout', 'error', 'error', 'error'),
          name: fc.string({ minLength: 15, maxLength: 40 }),
          latencyMs: fc.double({ min: 0, max: 9_900, noNaN: true }),
        }),
      ),
      { maxLength: 20, size: 'max' },
    );
    fc.assert(
      fc.property(counts, fc.nat(3_600_000), (outcomes, elapsedMs) => {
        for (const line of drawTable(viewOf(outcomes as [number, Partial<Outcome>][], { elapsedMs }))) {
          expect([...line].length).toBeLessThanOrEqual(COLUMNS);
        }
      }),
    );
  });

  it('paints only when it is asked to, and painting changes no letter', () => {
    const codes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    const painted = drawTable({ ...seen, colour: true }).join('\n');
    expect(painted).toMatch(codes);
    expect(painted.replaceAll(codes, '')).toBe(golden);
    expect(golden).not.toMatch(codes);
  });

  it('leaves out what does not exist: the row of unknown upstreams, and the present once it is over', () => {
    const lines = drawTable(viewOf([[1, {}]], { now: null }));
    expect(lines.join('\n')).not.toMatch(/unknown|now:/);
    expect(lines.join('\n')).toContain('without Weir: none');
  });

  it('has a short form that tells both sides', () => {
    expect(drawLine(seen)).toBe(
      '0:43  without Weir: 1422 requests, 312 timeouts, 110 errors\n      with Weir: 1366 requests, 4 timeouts, 12 errors',
    );
  });
});

describe('numbers', () => {
  it('keep within their columns', () => {
    expect([0, 99_999, 100_000, 9_999_999, 10_000_000].map(shortCount)).toEqual(['0', '99999', '100k', '9999k', '10M']);
    expect([0, 1, 99.4, 99.5, 950, 2_000, 9_940].map(shortDuration)).toEqual([
      '0ms',
      '1ms',
      '99ms',
      '0.1s',
      '0.9s',
      '2.0s',
      '9.9s',
    ]);
    expect(shortDuration(Number.NaN)).toBe('–');
  });
});
