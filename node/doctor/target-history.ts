/**
 * What attempts at each target met of late, whatever their route: so that a record can say whether a target's peers,
 * or the target itself for other routes, are as slow. Owns the counts; their number is bounded by the configuration.
 */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Attempt } from '../pipeline/exchange.js';
import { atOnce, type Work } from '../time/slices.js';
import { SLICE_MS } from './latencies.js';

export interface TargetSeenLately {
  readonly answered: number;
  readonly timedOut: number;
  readonly meanMs: number;
  readonly silentMs: number | null;
  readonly cutInARow: number;
}

/** Counts of the slice under way and of the one before it. */
export class TargetHistory {
  #answered = 0;
  #timedOut = 0;
  #sumMs = 0;
  #last = { answered: 0, timedOut: 0, sumMs: 0 };
  readonly #sliceMs: number;
  #turnAtMs = 0;
  #answeredAtMs = Number.NaN;
  #cutInARow = 0;

  constructor(sliceMs = SLICE_MS) {
    this.#sliceMs = sliceMs;
  }

  /** `wasCut`: it was still waiting when the exchange as a whole was given up. */
  ended(attempt: Attempt, wasCut: boolean, nowMs: number): void {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs);
    if (attempt.status !== 0) {
      const firstByteMs = firstByteOf(attempt);
      this.#answered += 1;
      this.#cutInARow = 0;
      // The head, and not the end: a stream goes on for long.
      this.#answeredAtMs = Math.max(attempt.phaseStartMs.body, this.#answeredAtMs) || attempt.endedAtMs;
      if (firstByteMs > 0) this.#sumMs += firstByteMs;
    }
    if (wasCut || attempt.failure?.timer !== undefined) {
      this.#timedOut += 1;
      this.#cutInARow += 1;
    }
  }

  lately(nowMs: number): TargetSeenLately {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs);
    const answered = this.#answered + this.#last.answered;
    const sumMs = this.#sumMs + this.#last.sumMs;
    return {
      answered,
      timedOut: this.#timedOut + this.#last.timedOut,
      meanMs: answered === 0 ? 0 : Math.round((sumMs / answered) * 10) / 10,
      silentMs: this.#answeredAtMs >= 0 ? Math.max(0, Math.round(nowMs - this.#answeredAtMs)) : null,
      cutInARow: this.#cutInARow,
    };
  }

  #turn(nowMs: number): void {
    const wasLong = nowMs >= this.#turnAtMs + this.#sliceMs;
    this.#last = wasLong
      ? { answered: 0, timedOut: 0, sumMs: 0 }
      : { answered: this.#answered, timedOut: this.#timedOut, sumMs: this.#sumMs };
    this.#answered = 0;
    this.#timedOut = 0;
    this.#sumMs = 0;
    this.#turnAtMs = nowMs + this.#sliceMs;
  }
}

/** From the request being sent to the head of its answer; NaN without one. */
export function firstByteOf({ phaseStartMs }: Attempt): number {
  const { firstByte, send, body } = phaseStartMs;
  return body - (firstByte >= 0 ? firstByte : send);
}

/** Upstream → target → history, for the targets of the snapshot in force and no others. */
export class TargetHistories {
  readonly #sliceMs: number | undefined;
  #upstreams: ReadonlyMap<string, ReadonlyMap<string, TargetHistory>> = new Map();
  #retained: Snapshot['upstreams'] | null = null;

  constructor(sliceMs?: number) {
    this.#sliceMs = sliceMs;
  }

  /** Undefined for a target that a snapshot no longer names. */
  find(upstreamId: string, targetId: string): TargetHistory | undefined {
    return this.#upstreams.get(upstreamId)?.get(targetId);
  }

  retain(upstreams: Snapshot['upstreams']): void {
    atOnce(this.retaining(upstreams))();
  }

  /** The same, got ready upstream by upstream, and then put in force by what it returns. */
  *retaining(upstreams: Snapshot['upstreams']): Work<() => void> {
    if (upstreams === this.#retained) return () => {};
    const next = new Map<string, ReadonlyMap<string, TargetHistory>>();
    for (const { id, targets } of upstreams) {
      const history = (target: string) => this.find(id, target) ?? new TargetHistory(this.#sliceMs);
      next.set(id, new Map(targets.map((target) => [target.id, history(target.id)])));
      yield;
    }
    return () => {
      this.#upstreams = next;
      this.#retained = upstreams;
    };
  }
}
