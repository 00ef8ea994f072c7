/**
 * Whether an exchange has somewhere else to go: a target that is well and that it has not asked yet. What `balance` picks
 * for the next attempt is such a one then (balance/eligibility.ts, "another target"). Pure.
 */
import type { Attempt } from '../../pipeline/exchange.js';
import type { Target } from '../target.js';

export function isAnotherWell(
  targets: readonly Pick<Target, 'spec' | 'health'>[],
  attempts: readonly Pick<Attempt, 'targetId'>[],
  nowMs: number,
): boolean {
  return targets.some(
    ({ spec, health }) =>
      health.standing(nowMs) === 'well' && !attempts.some((attempt) => attempt.targetId === spec.id),
  );
}
