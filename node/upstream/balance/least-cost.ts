/** The policies that go by what a target has to do: least request, and peak EWMA over two random choices. */
import type { Random } from '../../time/clock.js';
import type { Target } from '../target.js';
import type { Policy } from './policy.js';
import { slowStartShare } from './slow-start.js';

/**
 * The target with the fewest attempts in flight per unit of weight, over all candidates; one that has failed lately
 * counts as if it had many more (penalty.ts). Two random choices are good
 * where counts are old or a scan is dear; here they are exact, and a scan of the handful that one upstream has costs less
 * than the error of sampling two. Ties are broken at random, so that nodes that start together do not all choose the
 * first.
 */
export function leastRequest(targets: readonly Target[], slowStartMs: number, random: Random): Policy {
  return {
    draw: random,
    choose({ count, positions }, _request, nowMs) {
      let best = 0;
      let bestLoad = Number.POSITIVE_INFINITY;
      let ties = 0;
      for (let i = 0; i < count; i += 1) {
        const position = positions[i] ?? 0;
        const load = perShare(targets[position], slowStartMs, nowMs);
        if (load < bestLoad) {
          best = position;
          bestLoad = load;
          ties = 1;
        } else if (load === bestLoad) {
          // Reservoir sampling over the ties: the k-th one replaces the choice with probability 1/k.
          ties += 1;
          if (random() * ties < 1) best = position;
        }
      }
      return best;
    },
  };
}

/** Chance of a target that is due, each time it is drawn: where little is asked, exploring is not to be half of it. */
const EXPLORE_SHARE = 1 / 16;

/**
 * The cheaper of two candidates drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
 * 2001). Here a scan would be wrong: the cheapest of all stays so until its first answer is back, and gets everything
 * until then; the dearest of all is never drawn alone, and so gets nothing unless all others are as bad, but for being explored (peak-ewma.ts).
 */
export function peakEwma(targets: readonly Target[], slowStartMs: number, random: Random): Policy {
  return {
    draw: random,
    choose({ count, positions }, _request, nowMs) {
      const first = Math.floor(random() * count);
      const one = positions[first] ?? 0;
      if (count === 1) return one;
      // The second of the others: whatever stands at or behind the first is one place further on.
      const second = Math.floor(random() * (count - 1));
      const other = positions[second < first ? second : second + 1] ?? 0;
      const costOfOne = perShare(targets[one], slowStartMs, nowMs);
      const isOtherCheaper = perShare(targets[other], slowStartMs, nowMs) < costOfOne;
      const dearer = isOtherCheaper ? one : other;
      const isDue = targets[dearer]?.load.isDueToBeExplored(nowMs) ?? false;
      if (isDue && random() < EXPLORE_SHARE) return dearer;
      return isOtherCheaper ? other : one;
    },
  };
}

/** A load per unit of what the target is to get: its weight, less as long as it starts slowly. */
function perShare(target: Target | undefined, slowStartMs: number, nowMs: number): number {
  if (target === undefined) return Number.POSITIVE_INFINITY;
  const share = slowStartMs === 0 ? 1 : slowStartShare(target.health.wellSinceMs, slowStartMs, nowMs);
  return target.load.cost(nowMs, target.inFlight) / (target.spec.weight * share);
}
