/**
 * What one simulated history is about: a route with its limits, retries, hedges and fallbacks, an upstream whose targets
 * fall ill and get well, another one that is asked in its place, what both are asked at once, and clients, some of whom
 * leave. Everything follows from one seed. Pure.
 */

import type { Random } from '@weir/node/time/clock.js';
import { type History, historyOf } from '@weir/node/upstream/health/testing/histories.js';
import type { ConcurrencySpec, FallbackSpec, HedgeSpec, RetrySpec } from '@weir/proto/snapshot/resilience.js';

export interface Plan {
  /** The targets' fortunes, and who forms opinions about them. */
  readonly history: History;
  /** Of the upstream that may be asked instead. */
  readonly spareHistory: History;
  readonly concurrency: ConcurrencySpec | null;
  readonly spareConcurrency: ConcurrencySpec | null;
  readonly queueMs: number;
  /** In the order of the route's list; `repeats` is of the upstream. */
  readonly fallbacks: readonly FallbackSpec['kind'][];
  readonly repeats: boolean;
  readonly retry: RetrySpec;
  readonly hedge: HedgeSpec | null;
  readonly protectBytes: number;
  readonly totalMs: number;
  readonly firstByteMs: number;
  readonly attemptMs: number;
  /** Shares of the requests: that must not be repeated, that may be by their key, and that are given up by their client. */
  readonly unsafeShare: number;
  readonly backgroundShare: number;
  readonly keyedShare: number;
  readonly leavingShare: number;
}

export function planOf(random: Random): Plan {
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  const history = historyOf(random);
  const retry: RetrySpec = {
    retries: pick([1, 2, 4]),
    on: ['connect-failure', 'reset', 'refused', 'timeout', 'incomplete', 'status'],
    statuses: [502, 503, 504],
    budgetShare: pick([0.1, 0.25, 1]),
    budgetFloorPerS: pick([0, 1, 3]),
    backoffMs: pick([0, 10, 100]),
    backoffMaxMs: 500,
    bodyBytesMax: 65_536,
  };
  const hedge: HedgeSpec = {
    after: pick([
      { kind: 'fixed', ms: 30 },
      { kind: 'fixed', ms: 250 },
      { kind: 'adaptive', quantile: 0.95, factor: 1, minMs: 5, maxMs: 10_000, coldMs: 100 },
    ]),
    budgetShare: pick([0.1, 0.25]),
    budgetFloorPerS: pick([0, 1]),
  };
  return {
    history,
    spareHistory: historyOf(random),
    concurrency: concurrencyOf(random, pick),
    spareConcurrency: concurrencyOf(random, pick),
    queueMs: pick([30, 300, 2_000]),
    fallbacks: pick([[], ['upstream'], ['respond'], ['upstream', 'respond']]),
    repeats: random() < 0.5,
    retry,
    hedge: random() < 0.6 ? hedge : null,
    protectBytes: random() < 0.5 ? 1_024 : 0,
    // Two of them end just where a hedge, or a Retry-After of one second, would begin late.
    totalMs: pick([255, 300, 1_011, 2_500]),
    firstByteMs: pick([200, 700, 5_000]),
    attemptMs: pick([0, 0, 400]),
    unsafeShare: 0.25 * random(),
    backgroundShare: 0.3 * random(),
    keyedShare: 0.1,
    leavingShare: 0.05,
  };
}

type Pick = <T>(values: readonly [T, ...T[]]) => T;

/** So few at once that those who come wait now and then, although there are not many. */
function concurrencyOf(random: Random, pick: Pick): ConcurrencySpec | null {
  const queue = pick([0, 3, 50]);
  const limit = pick([1, 2, 4]);
  const fixed: ConcurrencySpec = { mode: 'fixed', limitMin: limit, limitMax: limit, limitStart: limit, queue };
  const adaptive: ConcurrencySpec = {
    mode: 'adaptive',
    limitMin: 1,
    limitMax: 100,
    limitStart: pick([2, 8, 100]),
    queue,
  };
  return random() < 0.25 ? null : pick([fixed, adaptive]);
}
