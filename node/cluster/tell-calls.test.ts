import type { PublishFate } from '@weir/proto/bus/bus.js';
import type { Calls } from '@weir/proto/events/calls.js';
import type { Life } from '@weir/proto/events/membership.js';
import type { ClusterMessage } from '@weir/proto/events/wire.js';
import { describe, expect, it } from 'vitest';
import { newOutcome } from '../ai/gateway/outcome.js';
import { CallTally } from '../observe/call-tally.js';
import { SpendTally } from '../observe/spend-tally.js';
import { fakeClock, fakeTimers, makeExchange, makeRequest } from '../pipeline/testing/harness.js';
import { TELL_CALLS_MS, tellCalls } from './tell-calls.js';

function setUp() {
  const clock = fakeClock();
  const told: Calls[] = [];
  const bus = { fate: 'sent' as PublishFate };
  const life: Life = { id: 'n', incarnation: 1, session: 7 };
  const tell = (message: ClusterMessage): PublishFate => {
    if (bus.fate === 'sent' && message.kind === 'calls') told.push(message);
    return bus.fate;
  };
  const [calls, spends] = [new CallTally(), new SpendTally()];
  const last = tellCalls({ life, tell }, fakeTimers(clock), { calls, spends });
  const spend = (micros: number): void => {
    const usage = { input: 1, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
    const bill = [{ provider: 'a', usage, costMicros: micros }];
    spends.ended(Object.assign(makeExchange(), { ai: { ...newOutcome('m'), provider: 'a', bill } }));
  };
  const micros = () => told.map(({ spends: rows = [] }) => rows.reduce((sum, [, sums]) => sum + sums[7], 0));
  return { clock, told, bus, calls, spend, micros, last };
}

describe('what a node tells controls each second', () => {
  it('is calls, and what models took by itself; nothing where there was nothing', () => {
    const { clock, told, calls, spend, micros } = setUp();
    clock.advance(TELL_CALLS_MS);
    expect(told).toEqual([]);
    calls.route('r').ended(makeRequest(), 1);
    spend(5);
    clock.advance(TELL_CALLS_MS);
    expect(told.map(({ rows, spends }) => [rows.length, spends?.length])).toEqual([
      [1, undefined],
      [0, 1],
    ]);
    clock.advance(TELL_CALLS_MS);
    expect(micros()).toEqual([0, 5]);
  });

  it('of what was spent comes later where the bus is away, once, and at the end of the node at once', () => {
    const { clock, bus, calls, spend, micros, last } = setUp();
    bus.fate = 'away';
    for (const cost of [5, 6]) {
      spend(cost);
      calls.route('r').ended(makeRequest(), 1);
      clock.advance(TELL_CALLS_MS);
    }
    bus.fate = 'sent';
    clock.advance(TELL_CALLS_MS);
    expect(micros()).toEqual([11]);
    spend(7);
    last();
    expect(micros()).toEqual([11, 7]);
    clock.advance(TELL_CALLS_MS);
    expect(micros()).toEqual([11, 7]);
  });
});
