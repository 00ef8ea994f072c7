import { type FailureCode, failure, failureTable } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptOutcome } from '../health/standing.js';
import { blameOf } from './blame.js';
import { type Load, NOT_BEGUN, unweighed } from './load.js';
import {
  COST_MIN_MS,
  createPeakEwma,
  DOUBT_MIN_MS,
  PENALTY_MS,
  RETRY_AFTER_MAX_MS,
  RISE_MAX,
  UNKNOWN_MS,
} from './peak-ewma.js';

const DECAY_MS = 10_000;

const outcomeAt = (endedAtMs: number, more: Partial<AttemptOutcome> = {}): AttemptOutcome => ({
  startedAtMs: 0,
  headAtMs: Number.NaN,
  endedAtMs,
  status: 200,
  failure: null,
  isCancelled: false,
  isOverdue: false,
  retryAfterMs: Number.NaN,
  ...more,
});

/** One attempt from start to end; the time of its end. */
function attempt(load: Load, startMs: number, tookMs: number, more: Partial<AttemptOutcome> = {}): number {
  load.end(load.begin(startMs), outcomeAt(startMs + tookMs, more));
  return startMs + tookMs;
}

const latency = fc.integer({ min: 1, max: 60_000 });
const latencies = fc.array(latency, { minLength: 1, maxLength: 60, size: 'max' });

describe('peak EWMA', () => {
  it('is never below the latest answer or four times what it was, and never above the worst', () => {
    fc.assert(
      fc.property(latencies, fc.array(fc.nat(20_000), { minLength: 60, maxLength: 60 }), (list, pauses) => {
        const load = createPeakEwma(DECAY_MS, 0);
        let nowMs = 0;
        list.forEach((tookMs, i) => {
          const startMs = nowMs + (pauses[i] ?? 0);
          const before = load.cost(startMs + tookMs, 0);
          nowMs = attempt(load, startMs, tookMs);
          expect(load.cost(nowMs, 0)).toBeGreaterThanOrEqual(Math.min(tookMs, RISE_MAX * before) - 1e-9);
          expect(load.cost(nowMs, 0)).toBeLessThanOrEqual(Math.max(UNKNOWN_MS, ...list.slice(0, i + 1)));
        });
      }),
    );
  });

  it('forgets two thirds of a peak in one decay, by silence as by better answers', () => {
    const silent = createPeakEwma(DECAY_MS, 0);
    const better = createPeakEwma(DECAY_MS, 0);
    // It takes three to rise from 30 ms to a second.
    let peakAtMs = 0;
    for (const load of [silent, better]) peakAtMs = attempt(load, attempt(load, attempt(load, 0, 1_000), 1_000), 1_000);
    expect(silent.cost(peakAtMs, 0)).toBe(1_000);
    for (let ms = 10; ms <= DECAY_MS; ms += 10) attempt(better, peakAtMs + ms - 1, 1);
    expect(silent.cost(peakAtMs + DECAY_MS, 0)).toBeCloseTo(1_000 / Math.E, 6);
    expect(better.cost(peakAtMs + DECAY_MS, 0)).toBeCloseTo(1 + 999 / Math.E, 6);
  });

  it('counts what waits by its age, whatever the average says, and only until it is answered', () => {
    fc.assert(
      fc.property(latency, fc.nat(10), (ageMs, others) => {
        const load = createPeakEwma(DECAY_MS, 0);
        const startMs = attempt(load, 0, 1) + 10 * DECAY_MS;
        const token = load.begin(startMs);
        for (let i = 0; i < others; i += 1) load.begin(startMs + ageMs);
        expect(load.cost(startMs + ageMs, 3)).toBeGreaterThanOrEqual(4 * ageMs);
        load.answered(token, startMs + ageMs);
        // From here on the rest is a stream: it may take an hour and is no load by its age.
        const hourMs = startMs + 3_600_000;
        if (others === 0) expect(load.cost(hourMs, 0)).toBe(COST_MIN_MS);
        load.end(token, outcomeAt(hourMs));
        if (others === 0) expect(load.cost(hourMs, 0)).toBe(COST_MIN_MS);
      }),
    );
  });

  it('takes what was given up as a lower bound: it never makes a target cheaper', () => {
    fc.assert(
      fc.property(latencies, latency, fc.boolean(), (list, waitedMs, isLimited) => {
        const load = createPeakEwma(DECAY_MS, 0);
        let nowMs = 0;
        for (const tookMs of list) nowMs = attempt(load, nowMs, tookMs);
        const untold = load.cost(nowMs + waitedMs, 0);
        attempt(load, nowMs, waitedMs, isLimited ? { status: 429 } : { isCancelled: true, status: 0 });
        expect(load.cost(nowMs + waitedMs, 0)).toBeCloseTo(Math.max(untold, Math.min(waitedMs, PENALTY_MS)), 6);
      }),
    );
  });

  it('makes a target that fails fast dearer than one that answers slowly', () => {
    const refused = failure('connection_refused', '');
    for (const more of [{ failure: refused, status: 0 }, { status: 503 }]) {
      const failing = createPeakEwma(DECAY_MS, 0);
      expect(failing.cost(attempt(failing, 0, 1, more), 0)).toBe(PENALTY_MS);
      // One that never got as far as to begin has failed all the same.
      const unbegun = createPeakEwma(DECAY_MS, 0);
      unbegun.end(NOT_BEGUN, outcomeAt(1, more));
      expect(unbegun.cost(1, 0)).toBe(PENALTY_MS);
    }
  });

  it('doubts a target after one error of its server, and gives it up after three', () => {
    const load = createPeakEwma(DECAY_MS, 0);
    const costs = [0, 10, 20].map((ms) => load.cost(attempt(load, ms, 1, { status: 500 }), 0));
    expect(costs[0]).toBe(DOUBT_MIN_MS);
    expect(costs[1]).toBeGreaterThan(4.9 * DOUBT_MIN_MS);
    expect(costs[2]).toBeGreaterThan(0.98 * PENALTY_MS);
    expect(load.cost(attempt(load, 40, 1, { status: 500 }), 0)).toBeLessThanOrEqual(PENALTY_MS);
  });

  it('leaves a target alone for as long as it asks, within a bound, and not a moment longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (retryAfterMs) => {
        const load = createPeakEwma(1, 0);
        const nowMs = attempt(load, 0, 1, { status: 503, retryAfterMs });
        const untilMs = nowMs + Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);
        expect(load.cost(untilMs - 0.5, 1)).toBeGreaterThanOrEqual(2 * PENALTY_MS);
        // The average of this target is gone by then: what is left is what was asked for.
        if (retryAfterMs > 1_000) expect(load.cost(untilMs, 0)).toBe(COST_MIN_MS);
      }),
    );
  });

  it('gives a fresh target some of the traffic beside good ones, and not all of it beside bad ones', () => {
    const fresh = createPeakEwma(DECAY_MS, 0);
    const quick = createPeakEwma(DECAY_MS, 0);
    let nowMs = 0;
    while (nowMs < 3 * DECAY_MS && fresh.cost(nowMs, 0) > quick.cost(nowMs, 0)) nowMs = attempt(quick, nowMs, 5);
    expect(nowMs).toBeLessThan(2 * DECAY_MS);

    const another = createPeakEwma(DECAY_MS, 0);
    const slow = createPeakEwma(DECAY_MS, 0);
    attempt(slow, 0, 500);
    let asked = 0;
    for (let ms = 500; ms < 1_500 && another.cost(ms, asked) < slow.cost(ms, 0); ms += 1) {
      another.begin(ms);
      asked += 1;
    }
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(50);
  });
});

describe('the blame for an outcome', () => {
  const codes = Object.keys(failureTable) as FailureCode[]; // The keys of the table are the codes by definition.
  const others = new Set<FailureCode>([
    ...(['total_timeout', 'response_head_too_large', 'upgrade_failed'] as const),
    // Found out above all attempts, by who asks models; what an attempt did for it was well.
    ...(['first_token_timeout', 'between_tokens_timeout', 'token_rate_timeout', 'model_timeout'] as const),
    ...(['model_failed', 'model_unavailable', 'model_rate_limited'] as const),
    // Found out above all attempts as well, by who asks for parts and items.
    ...(['part_failed', 'merge_failed', 'item_missing'] as const),
  ]);

  it.each(codes)('for %s falls on the target exactly if it is the one that failed', (code) => {
    const blame = blameOf(outcomeAt(1, { status: 0, failure: failure(code, '') }));
    const isUpstreams = failureTable[code].source === 'upstream';
    expect(blame).toBe(!isUpstreams ? 'bound' : others.has(code) ? 'declined' : 'failed');
  });

  it('is on nobody when the attempt was given up', () => {
    const given = outcomeAt(1, { isCancelled: true, status: 503, failure: failure('connect_timeout', '') });
    expect(blameOf(given)).toBe('bound');
  });

  it.each([
    [200, 'good'],
    [404, 'good'],
    [429, 'declined'],
    [500, 'doubtful'],
    [501, 'declined'],
    [505, 'declined'],
    [502, 'doubtful'],
    [503, 'failed'],
    [504, 'doubtful'],
  ] as const)('for status %i is %s', (status, blame) => {
    expect(blameOf(outcomeAt(1, { status }))).toBe(blame);
  });
});

it('goes on from what another one has learnt, as long as that is of its kind', () => {
  fc.assert(
    fc.property(latencies, fc.nat(30_000), fc.boolean(), (list, laterMs, isAskedToWait) => {
      const former = createPeakEwma(DECAY_MS, 0);
      let nowMs = 0;
      for (const tookMs of list) nowMs = attempt(former, nowMs, tookMs);
      if (isAskedToWait) nowMs = attempt(former, nowMs, 1, { status: 503, retryAfterMs: 20_000 });
      const load = createPeakEwma(DECAY_MS, nowMs + laterMs);
      load.adopt(former, nowMs + laterMs);
      for (const afterMs of [0, 1, 5_000, 60_000]) {
        const atMs = nowMs + laterMs + afterMs;
        expect(load.cost(atMs, 2)).toBeCloseTo(former.cost(atMs, 2), 6);
        expect(load.isDueToBeExplored(atMs)).toBe(former.isDueToBeExplored(atMs));
      }
    }),
  );
  const load = createPeakEwma(DECAY_MS, 0);
  load.adopt(unweighed, 0);
  expect(load.cost(0, 0)).toBe(UNKNOWN_MS);
});

it('does not wait for what the other one has under way', () => {
  const former = createPeakEwma(DECAY_MS, 0);
  const token = former.begin(0);
  const load = createPeakEwma(DECAY_MS, 1_000);
  load.adopt(former, 1_000);
  former.end(token, outcomeAt(40_000));
  expect(load.cost(40_000, 0)).toBe(COST_MIN_MS + UNKNOWN_MS * Math.exp(-4) - COST_MIN_MS);
});
