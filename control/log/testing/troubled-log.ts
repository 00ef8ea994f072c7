/**
 * A shared log in memory that gets into the troubles of a real one, drawn from a seed: answers that are lost, a tail or everything
 * that is lost, garbage of others; and a member's disk, which outlives its crashes. Only tests import this file.
 */
import type { Appended, LogBounds, LogEnd, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import type { LogCopy, LogEntry } from '../revision.js';

export interface Troubles {
  /** Of calls: not answered, with nothing done. */
  away: number;
  /** Of appends: done or not, and the answer is lost. */
  uncertain: number;
}

/** Where the entries are; members reach it by `reach`. */
export class TroubledLog {
  readonly troubles: Troubles;
  entries: Uint8Array[] = [];
  readonly #random: () => number;
  readonly #followers = new Set<(record: LogRecord) => void>();

  constructor(random: () => number, troubles: Troubles) {
    this.#random = random;
    this.troubles = troubles;
  }

  loseTail(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count));
  }

  write(bytes: Uint8Array): void {
    this.entries.push(bytes);
  }

  /** A member's way to it: after `isDown` says so nothing that the member has asked for ends any more. */
  reach(isDown: () => boolean): SharedLog {
    const answer = async <T>(work: () => T, lost: T): Promise<T> => {
      const delay = Math.floor(this.#random() * 4);
      for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
      if (isDown()) return new Promise<T>(() => {});
      if (this.#random() < this.troubles.away) return lost;
      const result = work();
      for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
      return isDown() ? new Promise<T>(() => {}) : result;
    };
    const told: Appended = { ok: false, why: 'away', detail: 'away' };
    return {
      append: (_writer, bytes, after) => answer(() => this.#append(bytes, after), told),
      bounds: () => answer((): LogBounds | null => ({ first: 1, last: this.entries.length }), null),
      read: (from, max) => answer((): readonly LogRecord[] | null => recordsOf(this.entries, from, max), null),
      follow: (onRecord) => {
        this.#followers.add(onRecord);
        return () => this.#followers.delete(onRecord);
      },
      close: async () => {},
    };
  }

  #append(bytes: Uint8Array, after: LogEnd | undefined): Appended {
    const isLost = this.#random() < this.troubles.uncertain;
    if (isLost && this.#random() < 0.5) return { ok: false, why: 'uncertain', detail: 'late' };
    if (after !== undefined && after !== this.entries.length) return { ok: false, why: 'conflict', detail: 'taken' };
    this.entries.push(bytes);
    const number = this.entries.length;
    for (const tell of this.#followers) if (this.#random() < 0.8) tell({ number, writer: 'w', bytes });
    return isLost ? { ok: false, why: 'uncertain', detail: 'late' } : { ok: true, number };
  }
}

/** What a member has on disk: whole at each instant. */
export class MemoryDisk {
  first = 1;
  entries: Uint8Array[] = [];

  get last(): number {
    return this.first + this.entries.length - 1;
  }

  reach(isDown: () => boolean): LogCopy {
    const answer = async <T>(work: () => T): Promise<T> => (isDown() ? new Promise<T>(() => {}) : work());
    return {
      append: (_writer, bytes, after) =>
        answer((): Appended => {
          if (after !== undefined && after !== this.last) return { ok: false, why: 'conflict', detail: 'taken' };
          this.entries.push(bytes);
          return { ok: true, number: this.last };
        }),
      bounds: () => answer(() => ({ first: this.first, last: this.last })),
      read: (from, max) => answer(() => recordsOf(this.entries, from, max, this.first)),
      follow: () => () => {},
      replaceAfter: (number, entries) => {
        if (isDown()) return;
        const kept = this.last < number ? [] : this.entries.slice(0, Math.max(0, number - this.first + 1));
        if (kept.length === 0) this.first = number + 1;
        this.entries = [...kept, ...entries.map(({ bytes }: LogEntry) => bytes)];
      },
      close: async () => {},
    };
  }
}

function recordsOf(entries: readonly Uint8Array[], from: number, max: number, first = 1): LogRecord[] {
  const start = Math.max(0, from - first);
  return entries
    .slice(start, start + max)
    .map((bytes, index) => ({ number: first + start + index, writer: 'w', bytes }));
}
