/**
 * Random histories of an upstream whose targets fall ill and get well, in virtual time: what the machines of health are
 * driven with by simulation.test.ts. Everything follows from one seed. Only tests import this file.
 */
import type { BalancePolicy, BreakerSpec, OutlierSpec, ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import type { Random } from '../../../time/clock.js';
import { breakerSpec, outlierSpec, probeSpec } from './outcomes.js';

/**
 * - `up`: answers in 8 to 20 ms, so that chance alone makes no median three times another. - `slow`: in 200 to 600 ms. - `stalled`: not at all, until the attempt times out.
 * - `down`: refuses at once. - `erring`: four of five answers are 503. - `flapping`: up and down by turns.
 */
export const conditions = ['up', 'slow', 'stalled', 'down', 'erring', 'flapping'] as const;
export type Condition = (typeof conditions)[number];

export interface History {
  readonly policy: BalancePolicy;
  readonly panicShare: number;
  readonly outlier: OutlierSpec | null;
  readonly breaker: BreakerSpec | null;
  readonly probe: ProbeSpec | null;
  /** Requests per second. */
  readonly rate: number;
  /** For each target its conditions in turn; from HEALED_AT_MS on it is up. */
  readonly targets: readonly (readonly { readonly condition: Condition; readonly untilMs: number }[])[];
}

/** Whatever ails a target is over by then. */
export const HEALED_AT_MS = 15_000;
/** A stalled attempt or probe fails after this long; no answer takes longer. */
export const TIMEOUT_MS = 700;
const FLAP_MS = 900;

const policies = ['peak-ewma', 'least-request', 'round-robin', 'weighted'] as const;

export function historyOf(random: Random): History {
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const outlier: OutlierSpec = {
    ...outlierSpec,
    consecutiveFailures: pick([0, 2, 5]),
    latencyFactor: pick([0, 3]),
    intervalMs: pick([500, 2_000]),
    requestsMin: between(3, 10),
    ejectionMs: pick([500, 2_000]),
    ejectionMaxMs: pick([3_000, 6_000]),
    ejectedShareMax: random(),
  };
  const breaker: BreakerSpec = {
    ...breakerSpec,
    failureShare: pick([0.3, 0.5, 0.9]),
    requestsMin: between(2, 12),
    windowMs: pick([1_000, 5_000]),
    openMaxMs: pick([1_000, 4_000]),
  };
  const probe: ProbeSpec = {
    ...probeSpec,
    intervalMs: pick([300, 1_000]),
    unhealthyAfter: between(1, 3),
    healthyAfter: between(1, 3),
  };
  return {
    policy: pick(policies),
    panicShare: pick([0, 0.5]),
    outlier: random() < 0.85 ? outlier : null,
    breaker: random() < 0.7 ? breaker : null,
    probe: random() < 0.5 ? probe : null,
    rate: between(8, 40),
    targets: Array.from({ length: between(1, 6) }, () => fortunesOf(random, pick)),
  };
}

/** One in three targets is well throughout: somebody must be there to be wronged. */
function fortunesOf(random: Random, pick: (values: typeof conditions) => Condition): History['targets'][number] {
  if (random() < 0.33) return [];
  const fortunes: { condition: Condition; untilMs: number }[] = [];
  for (let atMs = 0; atMs < HEALED_AT_MS; ) {
    atMs = Math.min(atMs + 500 + random() * 6_000, HEALED_AT_MS);
    fortunes.push({ condition: pick(conditions), untilMs: atMs });
  }
  return fortunes;
}

/** How a target is at a moment; of one that flaps, whether it is up or down just then. */
export function conditionAt(fortunes: History['targets'][number], nowMs: number): Exclude<Condition, 'flapping'> {
  const condition = fortunes.find(({ untilMs }) => nowMs < untilMs)?.condition ?? 'up';
  if (condition !== 'flapping') return condition;
  return Math.floor(nowMs / FLAP_MS) % 2 === 0 ? 'up' : 'down';
}

/** Within this time after all ills are over, everything must be well again; see the terms. */
export function recoveryMs({ outlier, breaker, probe, rate }: History): number {
  const lastFailureMs = TIMEOUT_MS;
  // What was counted before is compared once more, and each opinion ends with the next request after its time; a trial
  // that is given up costs a pause of ten times its length.
  const comparedMs = outlier === null ? 0 : outlier.intervalMs + 1_000;
  const outMs = Math.max(outlier?.ejectionMaxMs ?? 0, breaker?.openMaxMs ?? 0);
  const probedMs = probe === null ? 0 : (probe.healthyAfter + 1) * probe.intervalMs * 1.1 + TIMEOUT_MS;
  const trialsMs = 3_000 + 20_000 / rate;
  return lastFailureMs + comparedMs + Math.max(outMs, probedMs) + (breaker?.openMaxMs ?? 0) + trialsMs;
}
