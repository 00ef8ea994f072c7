/**
 * What active probes make of a target: a machine without I/O. prober.ts sends the probes.
 *
 *                  good                     unhealthyAfter failed in a row
 *   ┌─────────┐ ─────────▶ ┌──────┐ ──────────────────────────────────────▶ ┌─────┐
 *   │ unknown │            │ well │                                         │ out │
 *   └─────────┘            └──────┘ ◀────────────────────────────────────── └─────┘
 *        │                             healthyAfter good in a row              ▲
 *        └──────────────────────────────── failed ─────────────────────────────┘
 *
 * A target begins unknown, which is as good as well: traffic need not wait for a probe. The first result decides at once,
 * for while nothing is known one failure outweighs a guess.
 */
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';

export interface ProbeState {
  readonly opinion: 'unknown' | 'well' | 'out';
  /** Results in a row that contradict the opinion. */
  readonly against: number;
}

export interface ProbeResult {
  readonly isGood: boolean;
  /** What went wrong, in words for people; empty when it is good. */
  readonly why: string;
  /** 0: no answer came, or a TCP probe. */
  readonly status: number;
  readonly tookMs: number;
}

export const unprobed: ProbeState = { opinion: 'unknown', against: 0 };

export type ProbeThresholds = Pick<ProbeSpec, 'unhealthyAfter' | 'healthyAfter'>;

export function stepProbe(state: ProbeState, isGood: boolean, thresholds: ProbeThresholds): ProbeState {
  const seen = isGood ? 'well' : 'out';
  if (state.opinion === 'unknown') return { opinion: seen, against: 0 };
  if (state.opinion === seen) return state.against === 0 ? state : { ...state, against: 0 };
  const against = state.against + 1;
  const needed = isGood ? thresholds.healthyAfter : thresholds.unhealthyAfter;
  return against >= needed ? { opinion: seen, against: 0 } : { ...state, against };
}

/** Share of the interval by which a probe comes earlier or later than the clock would have it. */
const JITTER = 0.1;

/** From the start of one probe to the start of the next: nodes and targets that were in step drift apart. */
export function probeDelayMs(intervalMs: number, random: number): number {
  return intervalMs * (1 - JITTER + 2 * JITTER * random);
}

/** To the first probe: spread over the interval, or all targets of a new snapshot would be probed at once. */
export function firstProbeDelayMs(intervalMs: number, random: number): number {
  return intervalMs * random;
}
