/** Attempts as tests tell them, and what machines say about themselves. Only tests import this file. */
import type { HealthChange, OpinionKind, Standing } from '@weir/proto/events/health.js';
import { failure } from '@weir/proto/http/failures.js';
import type { BreakerSpec, OutlierSpec, ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import type { AttemptOutcome, Tell } from '../standing.js';
import type { Verdict } from '../verdict.js';

export const breakerSpec: BreakerSpec = {
  failureShare: 0.5,
  requestsMin: 4,
  windowMs: 10_000,
  openMs: 1_000,
  openMaxMs: 8_000,
  every5xx: false,
};

export const outlierSpec: OutlierSpec = {
  consecutiveFailures: 5,
  successRateDeviations: 3,
  latencyFactor: 0,
  intervalMs: 5_000,
  requestsMin: 20,
  ejectionMs: 5_000,
  ejectionMaxMs: 60_000,
  ejectedShareMax: 0.5,
  every5xx: false,
};

export const probeSpec: ProbeSpec = {
  kind: 'http',
  path: '/healthz',
  host: null,
  statuses: [[200, 299]],
  contains: null,
  intervalMs: 1_000,
  timeoutMs: 200,
  unhealthyAfter: 3,
  healthyAfter: 2,
};

/** An attempt that ended at `endedAtMs` and took `tookMs`. */
export function outcome(verdict: Verdict, endedAtMs: number, more: Partial<AttemptOutcome> = {}): AttemptOutcome {
  const startedAtMs = more.startedAtMs ?? endedAtMs - 10;
  const common = { startedAtMs, endedAtMs, isOverdue: false, retryAfterMs: Number.NaN };
  const silent = { headAtMs: Number.NaN, status: 0 };
  switch (verdict) {
    case 'good':
      return { ...common, headAtMs: endedAtMs, status: 200, failure: null, isCancelled: false, ...more };
    case 'bad':
      return { ...common, ...silent, failure: failure('connection_refused', ''), isCancelled: false, ...more };
    case 'none':
      return { ...common, ...silent, failure: null, isCancelled: true, ...more };
  }
}

export interface Told {
  readonly tell: Tell;
  /** `kind from to` of each change. */
  readonly changes: readonly string[];
  readonly reasons: readonly string[];
}

export function listening(): Told {
  const changes: string[] = [];
  const reasons: string[] = [];
  const tell = (kind: OpinionKind, from: Standing, to: Standing, reason: string): void => {
    changes.push(`${kind} ${from} ${to}`);
    reasons.push(reason);
  };
  return { tell, changes, reasons };
}

export function change(overrides: Partial<HealthChange> = {}): HealthChange {
  const about = { kind: 'probe', upstream: 'up', target: 'a:80', from: 'well', to: 'out' } as const;
  return { ...about, reason: '', evidence: {}, atWallMs: 0, ...overrides };
}
