/** The policies that go by turns: round robin, and smooth weighted round robin. What they remember is their own. */
import type { Random } from '../../time/clock.js';
import type { Target } from '../target.js';
import type { Policy } from './policy.js';
import { slowStartShare } from './slow-start.js';

/**
 * Each candidate in turn, weights ignored. Turns are counted over the candidates and not over all targets: with a
 * position that skips what is out, whoever stands behind a target that is out would get its turns as well. Begins at a
 * random one, so that nodes that start together do not all send their first requests to the same.
 */
export function roundRobin(targets: readonly Target[], slowStartMs: number, random: Random): Policy {
  let turn = Math.floor(random() * targets.length);
  return {
    draw: random,
    choose({ count, positions }, _request, nowMs) {
      let position = 0;
      // A target that starts slowly, or has failed, gives turns to the next; at most once round, if all of them do.
      for (let i = 0; i < count; i += 1) {
        turn = (turn + 1) % count;
        position = positions[turn] ?? 0;
        const share = shareOf(targets[position], slowStartMs, nowMs);
        if (share >= 1 || random() < share) break;
      }
      return position;
    },
  };
}

/**
 * Smooth weighted round robin (as nginx describes its own): each candidate gains its weight per pick, the largest wins
 * and pays the sum. Spreads a heavy target's turns instead of serving them in a row.
 */
export function weighted(targets: readonly Target[], slowStartMs: number, random: Random): Policy {
  const credit = new Float64Array(targets.length);
  return {
    draw: random,
    choose({ count, positions }, _request, nowMs) {
      let best = positions[0] ?? 0;
      let sum = 0;
      for (let i = 0; i < count; i += 1) {
        const position = positions[i] ?? 0;
        const gain = (targets[position]?.spec.weight ?? 0) * shareOf(targets[position], slowStartMs, nowMs);
        sum += gain;
        credit[position] = (credit[position] ?? 0) + gain;
        if ((credit[position] ?? 0) > (credit[best] ?? 0)) best = position;
      }
      credit[best] = (credit[best] ?? 0) - sum;
      return best;
    },
  };
}

/** Of its turns, those that a target takes: fewer while it starts slowly, and while a failure is remembered. */
function shareOf(target: Target | undefined, slowStartMs: number, nowMs: number): number {
  if (target === undefined) return 1;
  const share = 1 / target.load.cost(nowMs, 0);
  return slowStartMs === 0 ? share : share * slowStartShare(target.health.wellSinceMs, slowStartMs, nowMs);
}
