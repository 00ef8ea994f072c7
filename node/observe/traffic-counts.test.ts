import { slotOf } from '@weir/proto/cluster/durations.js';
import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../pipeline/exchange.js';
import { TrafficTally } from './traffic-counts.js';

/** The members that are looked at. */
const exchange = (more: Partial<Exchange>): Exchange =>
  ({ status: 200, failure: null, receivedAtMs: 100, headersAtMs: 110, endedAtMs: 5_000, ...more }) as Exchange;

describe('the traffic that a node tells of', () => {
  it('counts what failed, by a timer or otherwise, and what the gateway turned away', () => {
    const tally = new TrafficTally();
    const ends: readonly [number, Exchange['failure']][] = [
      [200, null],
      [404, null],
      [503, null],
      [504, failure('first_byte_timeout', '')],
      [200, failure('idle_timeout', '')],
      [200, failure('response_incomplete', '')],
      [404, failure('not_found', '')],
      [429, failure('rate_limited', '')],
    ];
    for (const [status, why] of ends) tally.ended(exchange({ status, failure: why }));
    expect(tally.counts()).toMatchObject({ exchanges: 8, failed: 4, timeouts: 2, turnedAway: 2 });
  });

  it('leaves out what clients did themselves', () => {
    const tally = new TrafficTally();
    for (const code of ['client_gone', 'client_body_timeout', 'client_idle_timeout'] as const)
      tally.ended(exchange({ status: 200, failure: failure(code, '') }));
    tally.refused(408);
    expect(tally.counts()).toEqual({ exchanges: 0, failed: 0, timeouts: 0, turnedAway: 0, slots: [] });
    tally.refused(400);
    expect(tally.counts()).toMatchObject({ exchanges: 1, turnedAway: 1 });
  });

  it('counts times to the head of the answer, or to the end where there was none', () => {
    const tally = new TrafficTally();
    tally.ended(exchange({}));
    tally.ended(
      exchange({ headersAtMs: Number.NaN, endedAtMs: 1_100, status: 504, failure: failure('total_timeout', '') }),
    );
    const { slots } = tally.counts();
    expect([slots[slotOf(10)], slots[slotOf(1_000)], slots.length]).toEqual([1, 1, slotOf(1_000) + 1]);
  });
});
