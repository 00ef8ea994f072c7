/**
 * Which target an attempt goes to: what may be picked (eligibility.ts), and one of it by the policy of the upstream. A
 * picker is made for one route and answers synchronously, without allocating; what it remembers between picks (turns) is
 * its own, what it reads of the targets is written by `balance` and by those who form opinions about them.
 */
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Decision } from '../../observe/decisions.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Clock, Random } from '../../time/clock.js';
import type { Target } from '../target.js';
import type { Upstream } from '../upstreams.js';
import { Eligibility, type EligibilityRules } from './eligibility.js';
import { hashed } from './hashed.js';
import { leastRequest, peakEwma } from './least-cost.js';
import { type Load, unweighed } from './load.js';
import { createPeakEwma } from './peak-ewma.js';
import { createPenalty } from './penalty.js';
import type { Policy } from './policy.js';
import type { Sticky } from './sticky.js';
import { roundRobin, weighted } from './turns.js';

/** Null when no target may be used. */
export type Picker = (request: GatewayRequest, nowMs: number) => Target | null;

export interface PickerDeps {
  readonly random: Random;
  /** Of an upstream whose policy is `sticky`, else null. */
  readonly sticky: Sticky | null;
  readonly decided: (decision: Decision) => void;
}

export function pickerOf({ spec, targets, opinionChanges }: Upstream, { random, sticky, decided }: PickerDeps): Picker {
  const policy = policyOf(spec, targets, random);
  const eligible = eligibilityOf(targets, spec.balance, opinionChanges);
  return (request, nowMs) => {
    const kept = sticky === null ? undefined : targets[sticky.positionOf(request)];
    if (kept !== undefined && isWelcome(kept, request, nowMs)) return kept;
    eligible.select(request, nowMs, policy);
    if (eligible.count === 0) return null;
    if (eligible.panicked) decided('panic');
    if (eligible.spilledOver) decided('spill_over');
    return targets[policy.choose(eligible, request, nowMs)] ?? null;
  };
}

/** One for all routes to an upstream: what it holds is of use within one pick only. */
function eligibilityOf(
  targets: readonly Target[],
  rules: EligibilityRules,
  changes: Upstream['opinionChanges'],
): Eligibility {
  const known = eligibilities.get(targets);
  if (known !== undefined) return known;
  const made = new Eligibility(targets, rules, changes);
  eligibilities.set(targets, made);
  return made;
}

const eligibilities = new WeakMap<readonly Target[], Eligibility>();

/** The load of a new target, as the policy of its upstream needs it. */
export function loadOf({ balance }: UpstreamSpec, clock: Clock): Load {
  const { policy, decayMs } = balance;
  switch (policy) {
    case 'peak-ewma':
    case 'sticky':
      return createPeakEwma(decayMs, clock.nowMs());
    case 'least-request':
    case 'round-robin':
    case 'weighted':
      return createPenalty(decayMs);
    // A key stays where it is as long as its target is not out: that is what it was hashed for.
    case 'ring-hash':
    case 'maglev':
      return unweighed;
  }
}

function policyOf(spec: UpstreamSpec, targets: readonly Target[], random: Random): Policy {
  const { policy, slowStartMs } = spec.balance;
  switch (policy) {
    case 'peak-ewma':
    case 'sticky': // those that come without a cookie
      return peakEwma(targets, slowStartMs, random);
    case 'least-request':
      return leastRequest(targets, slowStartMs, random);
    case 'round-robin':
      return roundRobin(targets, slowStartMs, random);
    case 'weighted':
      return weighted(targets, slowStartMs, random);
    case 'ring-hash':
    case 'maglev':
      return hashed(spec, targets, random);
  }
}

/** A client stays with its target, whatever its zone and group, unless it is out or has failed this very exchange. */
function isWelcome(target: Target, request: GatewayRequest, nowMs: number): boolean {
  if (target.health.standing(nowMs) === 'out') return false;
  return !request.exchange.attempts.some((attempt) => attempt.targetId === target.spec.id);
}
