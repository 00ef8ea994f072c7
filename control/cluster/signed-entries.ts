/**
 * The latest entry of a shared log that control signs, as this control knows it: read when it comes, followed while it is here, and
 * put in the place of a known one by compare-and-set. Two logs are of this kind: rollouts, and announcements of snapshots.
 *
 * A log that was begun anew, or has lost its tail (by its server), does not take from this process what it knows: the entry stays the
 * latest, and the next one is appended to the new log. So it is with one that an earlier process has kept. What can't be opened with the pinned keys is passed over and counted.
 * Owns what is known of the log.
 */
import type { StreamBounds } from '@weir/proto/bus/jetstream-stream.js';
import { lookBack } from '@weir/proto/bus/look-back.js';
import { type Appended, entryBytesMax, type LogRecord, type SharedLog } from '@weir/proto/bus/shared-log.js';
import { type ClusterMessage, decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import {
  type KeyRing,
  openFrame,
  type Signer,
  type SigningContext,
  sealFrame,
} from '@weir/proto/signing/signed-frame.js';

export interface EntryParts<Entry extends ClusterMessage> {
  readonly log: SharedLog;
  readonly cluster: string;
  readonly signer: Signer;
  readonly keys: KeyRing;
  /**
   * Entries count at the number alone that they were signed for: else whoever may publish could put an old one at the end. Not so
   * where they are told outside of the log as well, and have rising numbers of their own.
   */
  readonly isBound: boolean;
  /** Null: it is no entry of this log. */
  readonly pick: (message: ClusterMessage) => Entry | null;
  /** The latest one that an earlier process has known; null: none. */
  readonly kept?: KeptEntry | null;
  readonly keep?: (entry: KeptEntry) => void;
  /** How far something else is, looked at before the log is asked: `latestSince` is what it said. Left out: nothing is of interest. */
  readonly meanwhile?: () => number;
}

/** As it stands in the log. */
export interface KeptEntry {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Of the log. */
  readonly identity?: string;
}

/** Who may append, as the last word of the subject. */
const WRITER = 'control';

/** An hour of one rollout a second, of some hundred bytes each; what was decided long ago is history. */
const ENTRIES_MAX = 20_000;
/** Entries that name a hundred nodes with a long reason each have 100 KiB; of these so many hundreds are kept. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Of each of the two logs. One that was made without a bound in bytes keeps what its operator gives it. */
export function streamOfSignedEntries(replicas: number): StreamBounds {
  return { replicas, messagesMax: ENTRIES_MAX, bytesMax: BYTES_MAX, ageMaxMs: null, entryBytesMax };
}

export class SignedEntries<Entry extends ClusterMessage> {
  /** Entries that could not be opened. */
  forged = 0;
  readonly #parts: EntryParts<Entry>;
  readonly #listeners = new Set<() => void>();
  readonly #endFollowing: () => void;
  /** The last number of the log, as far as it is known. */
  #number = -1;
  #identity: string | undefined;
  #latest: Entry | null = null;
  /** Where the latest one stands. */
  #latestAt = -1;
  #latestSince: number | null = null;
  #isInLog = false;
  #told: { readonly entry: Entry; readonly bytes: Uint8Array } | null = null;

  constructor(parts: EntryParts<Entry>) {
    this.#parts = parts;
    const { kept = null } = parts;
    // A disk is believed no more than a log is.
    this.#latest = kept === null ? null : this.#open(kept);
    if (kept !== null && this.#latest !== null) {
      this.#latestAt = kept.number;
      this.#identity = kept.identity;
    }
    this.#endFollowing = parts.log.follow((record) => this.#follow(record));
  }

  latest(): Entry | null {
    return this.#latest;
  }

  /** Of the last entry of the log; -1 before the first look. */
  get number(): number {
    return this.#number;
  }

  /**
   * What `meanwhile` said before the log was last asked for its end, or given one: the latest one was the latest after that. Null: it was not
   * asked since another one came to be the latest.
   */
  get latestSince(): number | null {
    return this.#latestSince;
  }

  /** False when the log was begun anew since: then the latest one is known to those alone who remember it. */
  get isInLog(): boolean {
    return this.#isInLog;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** False: what the latest one is can't be known now. */
  async refresh(): Promise<boolean> {
    const since = this.#parts.meanwhile?.() ?? null;
    const isKnown = await this.#refresh();
    if (isKnown) this.#latestSince = since;
    return isKnown;
  }

  async #refresh(): Promise<boolean> {
    const bounds = await this.#parts.log.bounds();
    if (bounds === null) return false;
    if (bounds.last === this.#number && bounds.identity === this.#identity) return true;
    if (this.#latest !== null && bounds.identity === this.#identity && bounds.last < this.#latestAt) {
      // It has lost its tail, or this is not its end: then compare-and-set tells.
      this.#number = bounds.last;
      this.#isInLog = false;
      return true;
    }
    const found: { readonly entry: Entry; readonly record: LogRecord }[] = [];
    const looked = await lookBack(this.#parts.log, bounds, ENTRIES_MAX, (record) => {
      const entry = this.#open(record);
      if (entry !== null) found.push({ entry, record });
      return entry !== null;
    });
    if (looked === 'away') return false;
    this.#number = bounds.last;
    this.#identity = bounds.identity;
    this.#isInLog = false;
    for (const { entry, record } of found) this.#become(entry, record);
    return true;
  }

  /**
   * In the place of the one that was the latest when the log had this `number`, and of no other: what is appended was made of that
   * one, and while it was made another may have come.
   */
  async append(entry: Entry, after: number): Promise<Appended> {
    if (after < 0) return { ok: false, why: 'away', detail: 'the log has not been read yet' };
    const bytes = this.#seal(entry, after + 1);
    const since = this.#parts.meanwhile?.() ?? null;
    const appended = await this.#parts.log.append(WRITER, bytes, after);
    if (!appended.ok || appended.number <= this.#number) return appended;
    this.#number = appended.number;
    this.#become(entry, { number: appended.number, bytes });
    this.#latestSince = since;
    return appended;
  }

  /** The latest ones, the newest first; null: they can't be had now. */
  async history(max: number): Promise<readonly Entry[] | null> {
    const bounds = await this.#parts.log.bounds();
    if (bounds === null) return null;
    const entries: Entry[] = [];
    const looked = await lookBack(this.#parts.log, bounds, ENTRIES_MAX, (record) => {
      const entry = this.#open(record);
      if (entry !== null) entries.push(entry);
      return entries.length >= max;
    });
    return looked === 'away' ? null : entries;
  }

  /** The latest one as it is told outside of the log; null: none is known. Signed once, for it may be told every five seconds. */
  sealed(): Uint8Array | null {
    if (this.#parts.isBound) throw new Error('an entry that is bound to its place is told by the log alone');
    if (this.#latest === null) return null;
    if (this.#told?.entry !== this.#latest) this.#told = { entry: this.#latest, bytes: this.#seal(this.#latest, 0) };
    return this.#told.bytes;
  }

  #seal(entry: Entry, number: number): Uint8Array {
    return sealFrame(encodeMessage(entry), this.#contextAt(number), this.#parts.signer);
  }

  #contextAt(number: number): SigningContext {
    const { cluster, isBound } = this.#parts;
    return isBound ? { cluster, purpose: 'rollout', place: number } : { cluster, purpose: 'message' };
  }

  close(): void {
    this.#endFollowing();
    this.#listeners.clear();
  }

  #follow(record: LogRecord): void {
    // What does not follow the last one is found by the next look: it may be another log.
    if (record.number !== this.#number + 1) return;
    this.#number = record.number;
    const entry = this.#open(record);
    if (entry !== null) this.#become(entry, record);
  }

  #open({ number, bytes }: Pick<LogRecord, 'number' | 'bytes'>): Entry | null {
    const opened = openFrame(bytes, this.#contextAt(number), this.#parts.keys);
    const decoded = opened.ok ? decodeMessage(opened.body) : null;
    const entry = decoded?.ok === true ? this.#parts.pick(decoded.message) : null;
    if (entry === null) this.forged += 1;
    return entry;
  }

  #become(entry: Entry, { number, bytes }: Pick<LogRecord, 'number' | 'bytes'>): void {
    this.#isInLog = true;
    this.#latestSince = null;
    this.#latest = entry;
    this.#latestAt = number;
    this.#parts.keep?.({ number, bytes, ...(this.#identity === undefined ? {} : { identity: this.#identity }) });
    for (const listener of this.#listeners) listener();
  }
}
