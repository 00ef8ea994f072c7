/**
 * The purge log as a control reads it: who has joined, in the order of numbers. Begins where the log begins now, and begins anew when it
 * turns out to be another one or has given up what was not read yet; what is known of it is then a new registry, that calls nothing
 * complete before all leases from before have run out. Owns the registry.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import type { LogBounds, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import { LogSight } from '@weir/proto/cluster/log-sight.js';
import { type EntryTrust, readEntry } from '@weir/proto/cluster/purge-entries.js';
import { EARLY_MAX, READ_EVERY_MS } from '@weir/proto/cluster/purge-follower.js';
import { PurgeRegistry } from '@weir/proto/cluster/purge-round.js';
import type { PurgeEntry } from '@weir/proto/events/purge-log.js';

export interface PurgeLedgerParts {
  readonly log: SharedLog;
  readonly trust: EntryTrust;
  readonly clock: BusClock;
  /** The log was made with this process, so that no lease can be from before it. */
  readonly hasNoPast: boolean;
  /** More of the log is known, or another log. */
  readonly onNews: () => void;
}

const TICK_MS = 250;
const READ_AT_ONCE = 500;

export class PurgeLedger {
  /** Null: the log was not reached yet. It is another object when it was begun anew. */
  registry: PurgeRegistry | null = null;
  /** Entries that were not rightly signed, and logs that turned out to be others. */
  refused = 0;
  begunAnew = 0;
  readonly #parts: PurgeLedgerParts;
  readonly #early = new Map<number, PurgeEntry>();
  readonly #endFollowing: () => void;
  #sight = new LogSight();
  #known = 0;
  /** Mark of the entry that `#known` is the number of. */
  #mark: string | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isReading = false;
  #confirming: Promise<boolean | null> | null = null;
  #nextConfirming: Promise<boolean | null> | null = null;
  #cancelTick: () => void;
  #isOver = false;

  constructor(parts: PurgeLedgerParts) {
    this.#parts = parts;
    this.#endFollowing = parts.log.follow((record) => this.#take(record));
    this.#cancelTick = parts.clock.after(0, () => this.#tick());
  }

  /** Which log it is, as acknowledgements name it. */
  get identity(): number {
    return this.#sight.identity;
  }

  /**
   * The mark of the last entry, where all up to it are counted in. What the log takes behind it is in the log that the registry is of,
   * and nobody has joined before it of whom the registry does not know.
   */
  get end(): string | null {
    return this.registry !== null && this.registry.epoch === this.#known ? this.#mark : null;
  }

  /**
   * Asks the log, from now on or later. True: it is the one that the registry is of; null: that can't be known now. Those who ask while a
   * question is under way share the next one: it tells all of them what they need, and a server answers such questions one by one.
   */
  confirm(): Promise<boolean | null> {
    if (this.#confirming === null) return this.#beginConfirming();
    this.#nextConfirming ??= this.#confirming.then(() => {
      this.#nextConfirming = null;
      return this.#beginConfirming();
    });
    return this.#nextConfirming;
  }

  #beginConfirming(): Promise<boolean | null> {
    const confirming = this.#confirm().finally(() => {
      if (this.#confirming === confirming) this.#confirming = null;
    });
    this.#confirming = confirming;
    return confirming;
  }

  async #confirm(): Promise<boolean | null> {
    const { registry, begunAnew } = this;
    if (!(await this.#askEnd())) return null;
    return registry !== null && registry === this.registry && begunAnew === this.begunAnew;
  }

  close(): void {
    this.#isOver = true;
    this.#cancelTick();
    this.#endFollowing();
  }

  #tick(): void {
    const { clock } = this.#parts;
    this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
    if (this.registry === null || clock.nowMs() - this.#askedMs >= READ_EVERY_MS) void this.#askEnd();
    if (this.registry !== null && this.registry.epoch < this.#known) void this.#read();
  }

  async #askEnd(): Promise<boolean> {
    const [sight, known] = [this.#sight, this.#known];
    this.#askedMs = this.#parts.clock.nowMs();
    const bounds = await this.#parts.log.bounds();
    if (this.#isOver || bounds === null) return false;
    // It has begun anew meanwhile: this says nothing of what it is now.
    if (sight !== this.#sight) return false;
    if (sight.isSameBy(bounds.identity, bounds.last, known)) this.#beginAt(bounds);
    else this.#forget();
    return true;
  }

  #beginAt({ first, last }: LogBounds): void {
    const { clock, hasNoPast } = this.#parts;
    this.#knows(last, null);
    const isWhole = this.registry === null && hasNoPast && this.begunAnew === 0 && first === 1;
    if (this.registry === null || this.registry.epoch < first - 1) {
      this.registry = new PurgeRegistry(first - 1, isWhole ? undefined : clock.nowMs());
      this.#learn();
      this.#parts.onNews();
    }
    if (this.registry.epoch < this.#known) void this.#read();
  }

  #forget(): void {
    this.begunAnew += 1;
    this.registry = null;
    this.#sight = new LogSight();
    this.#known = 0;
    this.#mark = null;
    this.#early.clear();
    this.#parts.onNews();
    void this.#askEnd();
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let { registry } = this; registry !== null && registry === this.registry; ) {
      const before = registry.epoch;
      const records = await this.#parts.log.read(before + 1, READ_AT_ONCE);
      if (this.#isOver || registry !== this.registry) break;
      for (const record of records ?? []) this.#take(record);
      if (registry.epoch === before || registry.epoch >= this.#known) break;
    }
    this.#isReading = false;
  }

  #take(record: LogRecord): void {
    if (this.#isOver) return;
    const { number, bytes, mark = null } = record;
    if (!this.#sight.isSameEntry(number, bytes)) {
      this.#forget();
      return;
    }
    this.#knows(number, mark);
    if (number <= (this.registry?.epoch ?? 0)) return;
    const { content, fate } = readEntry(record, this.#parts.trust);
    if (fate !== 'read') this.refused += 1;
    if (this.#early.size < EARLY_MAX) this.#early.set(number, content);
    const { registry } = this;
    if (registry === null) return;
    this.#learn();
    if (registry.epoch < number) void this.#read();
    else this.#parts.onNews();
  }

  #knows(number: number, mark: string | null): void {
    if (number > this.#known || (number === this.#known && mark !== null)) this.#mark = mark;
    this.#known = Math.max(this.#known, number);
  }

  #learn(): void {
    const { registry } = this;
    if (registry === null) return;
    for (const number of this.#early.keys()) if (number <= registry.epoch) this.#early.delete(number);
    for (let next = registry.epoch + 1; ; next += 1) {
      const content = this.#early.get(next);
      if (content === undefined) return;
      this.#early.delete(next);
      registry.learn(next, content, this.#parts.clock.nowMs());
    }
  }
}
