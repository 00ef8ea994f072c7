/** Targets whose standing a test sets. Only tests import this file. */
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import { makeTarget } from '../../../pipeline/testing/specs.js';
import type { AttemptOutcome, Epoch, Health, Standing } from '../../health/standing.js';
import type { Target } from '../../target.js';

export interface FakeHealth extends Health {
  now: Standing;
  wellSinceMs: number;
  outUntilMs?: number;
  /** What it was told, in order: the epochs that it gave, and the outcomes with the epochs that came back. */
  readonly begun: readonly number[];
  readonly ended: readonly { readonly epoch: number; readonly outcome: AttemptOutcome }[];
}

export function fakeHealth(now: Standing = 'well'): FakeHealth {
  const begun: number[] = [];
  const ended: { epoch: number; outcome: AttemptOutcome }[] = [];
  return {
    now,
    wellSinceMs: Number.NEGATIVE_INFINITY,
    reason: '',
    begun,
    ended,
    standing() {
      return this.now;
    },
    begin() {
      const epoch = begun.length + 1;
      begun.push(epoch);
      return epoch as Epoch; // Made here, and only handed back.
    },
    end: (epoch, outcome) => ended.push({ epoch, outcome }),
  };
}

export interface FakeTarget extends Target {
  readonly health: FakeHealth;
}

export function fakeTarget(spec: Partial<TargetSpec> = {}, now: Standing = 'well'): FakeTarget {
  return { ...makeTarget(spec), health: fakeHealth(now) };
}
