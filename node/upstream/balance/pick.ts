/**
 * Which target an attempt goes to. A picker is made for one upstream and answers synchronously; what it remembers
 * between picks (a position) is its own, what it reads of the targets (attempts in flight) is written by `balance`.
 */
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Random } from '../../time/clock.js';
import type { Target } from '../target.js';

/** Null only when there is no target at all. */
export type Picker = () => Target | null;

/**
 * Smooth weighted round robin (as nginx describes its own): each target gains its weight per pick, the largest wins
 * and pays the sum. Spreads a heavy target's turns instead of serving them in a row; equal weights give plain turns.
 */
export function roundRobin(targets: readonly Target[]): Picker {
  const totalWeight = targets.reduce((sum, target) => sum + target.spec.weight, 0);
  const credit = targets.map(() => 0);
  return () => {
    let best = -1;
    for (let i = 0; i < targets.length; i += 1) {
      credit[i] = (credit[i] ?? 0) + (targets[i]?.spec.weight ?? 0);
      if (best < 0 || (credit[i] ?? 0) > (credit[best] ?? 0)) best = i;
    }
    if (best < 0) return null;
    credit[best] = (credit[best] ?? 0) - totalWeight;
    return targets[best] ?? null;
  };
}

/**
 * The target with the fewest attempts in flight per unit of weight, over all targets: with the handful that one
 * upstream has, a full scan costs less than the error of sampling two. Ties are broken at random, so that nodes
 * that start together do not all choose the first.
 */
export function leastRequest(targets: readonly Target[], random: Random): Picker {
  return () => {
    let best: Target | null = null;
    let bestLoad = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (const target of targets) {
      const load = (target.inFlight + 1) / target.spec.weight;
      if (load < bestLoad) {
        best = target;
        bestLoad = load;
        ties = 1;
      } else if (load === bestLoad) {
        // Reservoir sampling over the ties: the k-th one replaces the choice with probability 1/k.
        ties += 1;
        if (random() * ties < 1) best = target;
      }
    }
    return best;
  };
}

export function pickerOf(spec: UpstreamSpec, targets: readonly Target[], random: Random): Picker {
  return spec.balance.policy === 'round-robin' ? roundRobin(targets) : leastRequest(targets, random);
}
