import { failure, timerFired } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptPhase } from '../pipeline/dispatch.js';
import { type Attempt, createAttempt, type Exchange } from '../pipeline/exchange.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { routeTimeouts } from '../pipeline/testing/specs.js';
import { incidentsOf, isUneventful, NEAR_SHARE, quickBelowMs } from './incidents.js';

const timeouts = { ...routeTimeouts, totalMs: 10_000, firstByteMs: 4_000, connectMs: 500 };

/** Phases by their lengths, one after the other. */
function attempt(lengths: Partial<Record<AttemptPhase, number>>, more: Partial<Attempt> = {}): Attempt {
  const made = createAttempt('a:1', 1_000);
  let atMs = 1_000;
  for (const [phase, lengthMs] of Object.entries(lengths) as [AttemptPhase, number][]) {
    // Keys of a record of phases.
    made.phaseStartMs[phase] = atMs;
    made.phase = phase;
    atMs += lengthMs;
  }
  return Object.assign(made, { endedAtMs: atMs, status: 200, ...more });
}

function exchange(attempts: readonly Attempt[], more: Partial<Exchange> = {}): Exchange {
  const made = makeExchange();
  made.attempts.push(...attempts);
  const endedAtMs = attempts.at(-1)?.endedAtMs ?? 1_000;
  return Object.assign(made, { status: 200, headersAtMs: endedAtMs, endedAtMs, deadlineAtMs: 11_000, ...more });
}

const seen = (of: Exchange, limits = timeouts): string[] =>
  incidentsOf(of, limits).map(({ kind, timer, elapsedMs, limitMs }) => `${kind} ${timer} ${elapsedMs}/${limitMs}`);

describe('incidents', () => {
  it('are each timer that fired, also of attempts that a retry has made good', () => {
    const first = attempt({ queue: 0, connect: 500 }, { status: 0, failure: timerFired('connect', 500) });
    const second = attempt(
      { queue: 0, send: 1, firstByte: 4_000 },
      { status: 0, failure: timerFired('firstByte', 4_000) },
    );
    const good = attempt({ queue: 0, firstByte: 5, body: 1 });
    expect(seen(exchange([first, second, good]))).toEqual(['fired connect 500/500', 'fired firstByte 4000/4000']);
  });

  it('count the failure of the last attempt once, though it became that of the exchange', () => {
    const failed = timerFired('firstByte', 4_000);
    const last = attempt({ queue: 0, firstByte: 4_001 }, { status: 0, failure: failed });
    expect(seen(exchange([last], { failure: failed, status: 504 }))).toEqual(['fired firstByte 4001/4000']);
    expect(seen(exchange([last], { failure: { ...failed }, status: 504 }))).toEqual(['fired firstByte 4001/4000']);
  });

  it('are what ended the exchange as a whole', () => {
    const cut = attempt({ queue: 0, firstByte: 10_000 }, { status: 0 });
    expect(seen(exchange([cut], { failure: timerFired('total', 10_000) }))).toEqual(['fired total 10000/10000']);
    expect(seen(exchange([], { failure: timerFired('queue', 1_000) }))).toEqual(['fired queue 1000/1000']);
    expect(seen(exchange([cut], { failure: timerFired('clientBody', 700) }))).toEqual(['fired clientBody 700/700']);
  });

  it('take a stall for as long as its limit, whatever had passed before it', () => {
    const idle = attempt({ firstByte: 10, body: 90_000 }, { failure: timerFired('idle', 30_000) });
    expect(seen(exchange([idle], { failure: idle.failure }))).toEqual(['fired idle 30000/30000']);
  });

  it('are a client that left while it waited, not one that changed its mind or had its answer', () => {
    const gone = failure('client_gone', '');
    const left = (ms: number, headersAtMs = Number.NaN) =>
      exchange([attempt({ firstByte: ms }, { status: 0 })], { failure: gone, status: 499, headersAtMs });
    expect(seen(left(3_000))).toEqual(['fired client 3000/0']);
    expect(seen(left(900))).toEqual([]);
    expect(seen(left(3_000, 1_500))).toEqual([]);
    expect(seen(exchange([], { failure: gone, status: 499, endedAtMs: 9_000, headersAtMs: Number.NaN }))).toEqual([]);
  });

  it.each<[string, Attempt]>([
    ['near queue 810/1000', attempt({ queue: 810, firstByte: 1, body: 1 })],
    ['near connect 410/500', attempt({ queue: 0, connect: 410, send: 0, firstByte: 1, body: 1 })],
    ['near tls 1700/2000', attempt({ queue: 0, connect: 1, tls: 1_700, send: 0, firstByte: 1, body: 1 })],
    ['near firstByte 3300/4000', attempt({ queue: 0, firstByte: 3_300, body: 1 })],
    ['near total 8101/10000', attempt({ queue: 0, firstByte: 1, body: 8_100 })],
  ])('see %s in an answer that came', (expected, one) => {
    expect(seen(exchange([one]))).toEqual([expected]);
  });

  it('see an answer that nearly had no place', () => {
    const one = exchange([attempt({ queue: 0, firstByte: 5, body: 1 })], { queuedMs: 950, receivedAtMs: 50 });
    expect(seen(one)).toEqual(['near queue 950/1000']);
  });

  it('tell the nearest of several near limits, and none beside a timer that fired', () => {
    const both = attempt({ queue: 810, connect: 495, send: 0, firstByte: 1, body: 1 });
    expect(seen(exchange([both]))).toEqual(['near connect 495/500']);
    const fired = attempt({ connect: 500 }, { status: 0, failure: timerFired('connect', 500) });
    expect(seen(exchange([fired, both]))).toEqual(['fired connect 500/500']);
  });

  it('hold an answer against the deadline of its client', () => {
    const one = exchange([attempt({ firstByte: 90, body: 1 })], { deadlineAtMs: 1_100 });
    expect(seen(one)).toEqual(['near total 91/100']);
    expect(isUneventful(one, quickBelowMs(timeouts))).toBe(false);
  });

  it('have no near for a limit that is learnt, nor for a tunnel', () => {
    const learnt = { kind: 'adaptive', quantile: 0.99, factor: 1, minMs: 5, maxMs: 4_000, coldMs: 4_000 } as const;
    const close = exchange([attempt({ firstByte: 3_900, body: 1 })]);
    expect(seen(close, { ...timeouts, firstByteLearnt: learnt })).toEqual([]);
    const tunnel = attempt({ firstByte: 1 }, { status: 101 });
    expect(seen(exchange([tunnel], { status: 101, endedAtMs: 9_999_999 }), { ...timeouts, attemptMs: 5 })).toEqual([]);
  });

  it('are never in what is called uneventful', () => {
    const lengths = fc.record({
      queue: fc.nat(1_200),
      connect: fc.nat(600),
      tls: fc.nat(2_500),
      firstByte: fc.nat(5_000),
      body: fc.nat(12_000),
    });
    const limit = fc.integer({ min: 1, max: 12_000 });
    const limits = fc.record({
      queueMs: limit,
      connectMs: limit,
      tlsMs: limit,
      firstByteMs: limit,
      attemptMs: fc.oneof(limit, fc.constant(0)),
    });
    fc.assert(
      fc.property(lengths, limits, fc.nat(12_000), (phases, some, deadlineMs) => {
        const all = { ...timeouts, ...some };
        const one = exchange([attempt(phases)], { deadlineAtMs: 1_000 + deadlineMs });
        if (isUneventful(one, quickBelowMs(all))) expect(seen(one, all)).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
    const quick = exchange([attempt({ queue: 0, firstByte: NEAR_SHARE * 499, body: 0 })]);
    expect(isUneventful(quick, quickBelowMs(timeouts))).toBe(true);
    expect(isUneventful({ ...quick, failure: timerFired('queue', 1) }, quickBelowMs(timeouts))).toBe(false);
  });
});
