/**
 * What this node holds to be out by its own sight, as it was told: for those who ask for it, and to be told again as long as
 * it stands. Bounded by the configuration: one for each opinion about each target. Pure.
 */

import type { HealthChange } from '@weir/proto/events/health.js';
import type { HealthState, StandingOut } from '@weir/proto/events/health-state.js';
import { outsMax } from '@weir/proto/events/health-state.js';
import type { Life } from '@weir/proto/events/membership.js';
import { keyOf, REPORT_MS_MAX, type Report } from '../upstream/health/peer-reports.js';

/** Of a reason, when it is passed on: what a person reads of it. */
const REASON_MAX = 200;

export class OwnOuts {
  readonly #outs = new Map<string, { readonly change: HealthChange; readonly untilMs: number }>();

  changed(change: HealthChange, nowMs: number): void {
    const name = `${change.kind} ${keyOf(change.upstream, change.target)}`;
    if (change.to !== 'out') this.#outs.delete(name);
    else this.#outs.set(name, { change, untilMs: nowMs + forMsOf(change) });
  }

  /** Those of probes: they stand until a probe says otherwise, so nobody can know when they end. */
  *ofProbes(): Generator<HealthChange> {
    for (const { change } of this.#outs.values()) if (change.kind === 'probe') yield change;
  }

  retain(isKnown: (key: string) => boolean): void {
    for (const [name, { change }] of this.#outs)
      if (!isKnown(keyOf(change.upstream, change.target))) this.#outs.delete(name);
  }

  /** A part of the answer to who asks for all: one's own first, then what others are known to say. */
  state(
    { id, incarnation }: Pick<Life, 'id' | 'incarnation'>,
    seq: number,
    offset: number,
    heard: Iterable<Report>,
    nowMs: number,
  ): HealthState {
    const outs: StandingOut[] = [];
    for (const { change, untilMs } of this.#outs.values()) {
      const forMs = change.kind === 'probe' ? REPORT_MS_MAX : Math.round(untilMs - nowMs);
      if (forMs > 0) outs.push({ change: shortened(change), forMs, isOwn: true });
    }
    for (const report of heard) {
      const forMs = Math.round(report.untilMs - nowMs);
      const { upstream, target, kind, reason, evidence, isRefuted } = report;
      const about = { kind, upstream, target, from: 'well', to: 'out', evidence, atWallMs: 0 } as const;
      if (forMs > 0 && !isRefuted) outs.push({ change: shortened({ ...about, reason }), forMs, isOwn: false });
    }
    const part = outs.slice(offset, offset + outsMax);
    return { kind: 'health.state', id, incarnation, seq, total: outs.length, outs: part };
  }
}

/** For how long something that was told is out; of a probe nobody knows. */
export function forMsOf({ kind, evidence }: HealthChange): number {
  return kind === 'probe' ? REPORT_MS_MAX : (evidence['forMs'] ?? REPORT_MS_MAX);
}

function shortened(change: HealthChange): HealthChange {
  return change.reason.length <= REASON_MAX ? change : { ...change, reason: change.reason.slice(0, REASON_MAX) };
}
