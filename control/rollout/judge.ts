/**
 * Whether a version harms the traffic of those who try it out, beside what the rest sees in the same time. Pure.
 *
 * It is looked at twice a second and what it decides costs clients, so it goes by what is certain and not by what is seen: the
 * least share that a canary's errors may truly have (Wilson score interval, 1927, three standard deviations) must lie above the
 * largest that the rest's may have, and by a margin. So a handful of exchanges convicts nobody, a version that fails
 * half of its requests is found after some twenty of them, and one that fails two in a hundred after some hundreds.
 */

import { DURATION_SLOTS, quantileMs } from '@weir/proto/cluster/durations.js';
import type { Criterion, RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import type { TrafficCounts } from '@weir/proto/events/traffic.js';

export interface Evidence {
  readonly canary: TrafficCounts;
  readonly rest: TrafficCounts;
}

/** Standard deviations that are allowed for chance, on each side. */
const CERTAIN = 3;
/** By so much the share must be larger, at the least. A tightened limit turns some away, so there it is more. */
const MARGINS = { errors: 0.005, timeouts: 0.005, 'turned-away': 0.05 } as const;
/** With fewer exchanges the rest says nothing; then more than half must go wrong. */
const REST_MIN = 20;
const HALF = 0.5;
const TAIL = 0.99;
/** So many times as long, and so much longer besides: slots of durations are 19 % wide, and a millisecond is nothing. */
const SLOWER_FACTOR = 1.5;
const SLOWER_MS = 20;

export const nothing: TrafficCounts = { exchanges: 0, failed: 0, timeouts: 0, turnedAway: 0, slots: [] };

/** What speaks against the canary, in words; null: nothing that is certain. */
export function harmOf({ canary, rest }: Evidence, { unjudged }: Pick<RolloutPlan, 'unjudged'>): string | null {
  const judged = (criterion: Criterion): boolean => !unjudged.includes(criterion);
  if (judged('errors') && isMore(canary, rest, 'failed', MARGINS.errors))
    return told('errors', canary, rest, ({ failed }) => failed);
  if (judged('timeouts') && isMore(canary, rest, 'timeouts', MARGINS.timeouts))
    return told('timeouts', canary, rest, ({ timeouts }) => timeouts);
  if (judged('turned-away') && isMore(canary, rest, 'turnedAway', MARGINS['turned-away']))
    return told('turned away', canary, rest, ({ turnedAway }) => turnedAway);
  return judged('latency') ? slowness(canary, rest) : null;
}

type Part = 'failed' | 'timeouts' | 'turnedAway';

function isMore(canary: TrafficCounts, rest: TrafficCounts, part: Part, margin: number): boolean {
  const least = interval(canary[part], canary.exchanges).from;
  if (rest.exchanges < REST_MIN) return least > HALF;
  return least > interval(rest[part], rest.exchanges).to + margin;
}

function slowness(canary: TrafficCounts, rest: TrafficCounts): string | null {
  const [own, others] = [countOf(canary), countOf(rest)];
  if (own === 0 || others < REST_MIN) return null;
  // The quantile that p99 may truly be, of so many values: less of the canary, more of the rest.
  const slack = (count: number): number => CERTAIN * Math.sqrt((TAIL * (1 - TAIL)) / count);
  const least = quantileMs(canary.slots, TAIL - slack(own));
  const most = quantileMs(rest.slots, Math.min(1, TAIL + slack(others)));
  if (least <= most * SLOWER_FACTOR + SLOWER_MS) return null;
  const p99 = (counts: TrafficCounts): string => `${Math.round(quantileMs(counts.slots, TAIL))} ms`;
  return `p99 of latency: ${p99(canary)} of ${own} on the canary, ${p99(rest)} of ${others} on the rest`;
}

function told(
  what: string,
  canary: TrafficCounts,
  rest: TrafficCounts,
  part: (counts: TrafficCounts) => number,
): string {
  const share = (counts: TrafficCounts): string =>
    counts.exchanges === 0 ? 'no traffic' : `${percent(part(counts) / counts.exchanges)} of ${counts.exchanges}`;
  return `${what}: ${share(canary)} on the canary, ${share(rest)} on the rest`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Between which shares the true one lies, when so many of so many were counted. */
export function interval(hits: number, whole: number): { readonly from: number; readonly to: number } {
  if (whole === 0) return { from: 0, to: 1 };
  const share = hits / whole;
  const scale = 1 + CERTAIN ** 2 / whole;
  const middle = (share + CERTAIN ** 2 / (2 * whole)) / scale;
  const half = (CERTAIN * Math.sqrt((share * (1 - share)) / whole + CERTAIN ** 2 / (4 * whole ** 2))) / scale;
  return { from: Math.max(0, middle - half), to: Math.min(1, middle + half) };
}

/** Of several nodes. */
export function sumOf(all: readonly TrafficCounts[]): TrafficCounts {
  return all.reduce((sum, each) => combined(sum, each, (a, b) => a + b), nothing);
}

/** What came since; counts that fell are of another life, and begin anew. */
export function since(counts: TrafficCounts, earlier: TrafficCounts): TrafficCounts {
  return combined(counts, earlier, (a, b) => Math.max(0, a - b));
}

function combined(one: TrafficCounts, other: TrafficCounts, by: (a: number, b: number) => number): TrafficCounts {
  const slots: number[] = [];
  for (let slot = 0; slot < Math.min(DURATION_SLOTS, Math.max(one.slots.length, other.slots.length)); slot += 1)
    slots.push(by(one.slots[slot] ?? 0, other.slots[slot] ?? 0));
  return {
    exchanges: by(one.exchanges, other.exchanges),
    failed: by(one.failed, other.failed),
    timeouts: by(one.timeouts, other.timeouts),
    turnedAway: by(one.turnedAway, other.turnedAway),
    slots,
  };
}

function countOf({ slots }: TrafficCounts): number {
  return slots.reduce((sum, count) => sum + count, 0);
}
