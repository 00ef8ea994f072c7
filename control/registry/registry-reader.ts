/**
 * Reads a log into the registry's state, and notices when it is not the log any more that was read before. A machine of which
 * all members that read the same log come to the same answer, whatever else is in it:
 *
 *   an entry of the next number, behind the last one, with an id that is new ──▶ its changes are made
 *   one that was lost by a log and put back                                   ──▶ all of its changes, or none where they are overtaken
 *   an entry of another number, or behind another one                         ──▶ nothing: its author had not seen the last
 *   garbage                                                                   ──▶ nothing
 *   of a later release                                                        ──▶ nothing more is read
 *
 * It begins at a checkpoint where there is one: then what was before it may be given up by the log.
 */
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import { revisionsKeptMax } from '../log/history.js';
import { takenBy } from '../model/base-paths.js';
import type { AuditEntry, Change } from '../model/entities.js';
import { decodeEntry, type Entry, keyOfId } from './entry.js';
import { RegistryState } from './state.js';

/** Entries that are asked for at once; of large ones an answer holds fewer. */
const READ_AT_ONCE = 256;
/** By so many ids a command that is made again is known; a log that is kept in step with another one knows as many (replicated-log.ts). */
export const recentMax = revisionsKeptMax;

export interface Recent {
  readonly id: string;
  readonly number: number;
  /** Its place in the log. */
  readonly sequence: number;
}

/** A state as it is kept, and where in the log it was reached. */
export interface Checkpoint {
  readonly number: number;
  readonly sequence: number;
  readonly lastId: string;
  /** Of the last entries, the oldest first. */
  readonly recent: readonly Recent[];
  readonly changes: Iterable<Change>;
}

export class RegistryReader {
  readonly #log: Pick<SharedLog, 'bounds' | 'read'>;
  readonly #onEntry: (entry: AuditEntry) => void;
  #state = new RegistryState();
  #lastId = '';
  #lastSequence = 0;
  #lastBytes: Uint8Array | null = null;
  #identity: string | undefined;
  #blockedAt = 0;
  /** By the keys of their ids. */
  #recent = new Map<string, Recent>();
  /** The log no longer has what comes next. */
  hasGap = false;
  /** Entries that changed nothing: garbage, and such as were appended without sight of the last. */
  ignored = 0;

  constructor(log: Pick<SharedLog, 'bounds' | 'read'>, onEntry: (entry: AuditEntry) => void) {
    this.#log = log;
    this.#onEntry = onEntry;
  }

  get state(): RegistryState {
    return this.#state;
  }

  get lastId(): string {
    return this.#lastId;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The place of an entry that this release does not understand; 0: there is none. */
  get blockedAt(): number {
    return this.#blockedAt;
  }

  /** Of that key, whatever its fingerprint. */
  recent(id: string): Recent | null {
    return this.#recent.get(keyOfId(id)) ?? null;
  }

  recents(): Iterable<Recent> {
    return this.#recent.values();
  }

  /** Before anything was read. */
  begin({ number, sequence, lastId, recent, changes }: Checkpoint): void {
    this.#state = new RegistryState();
    this.#state.load(number, changes);
    this.#lastSequence = sequence;
    this.#lastId = lastId;
    this.#recent = new Map(recent.map((one) => [keyOfId(one.id), one]));
  }

  /** What another reader of the same log has read. */
  take(other: RegistryReader): void {
    this.#state = other.#state;
    this.#lastId = other.#lastId;
    this.#lastSequence = other.#lastSequence;
    this.#lastBytes = other.#lastBytes;
    this.#identity = other.#identity;
    this.#blockedAt = other.#blockedAt;
    this.#recent = other.#recent;
  }

  /** Reads up to its end; false when it can't be reached. */
  async catchUp(): Promise<boolean> {
    const bounds = await this.#log.bounds();
    if (bounds === null) return false;
    if (this.#identity !== undefined && bounds.identity !== this.#identity) return this.#isAnother();
    this.#identity = bounds.identity;
    if (this.#blockedAt > 0) return true;
    const known = this.#lastSequence;
    if (bounds.last < known) return this.#isAnother();
    this.hasGap = bounds.first > known + 1 && bounds.last > known;
    if (this.hasGap) return true;
    // From the last known one on, where the log still has it: it has to be the same.
    let from = Math.max(bounds.first, known, 1);
    while (from <= bounds.last) {
      const records = await this.#log.read(from, READ_AT_ONCE);
      if (records === null || records.length === 0) return false;
      for (const record of records) {
        if (record.number === this.#lastSequence && !this.#isSame(record)) return this.#isAnother();
        this.#take(record);
        if (this.#blockedAt > 0) return true;
      }
      from = (records.at(-1)?.number ?? from) + 1;
    }
    return true;
  }

  /** It has lost its tail, or was begun anew: what was made of it is known still, and nothing is read behind it. */
  #isAnother(): boolean {
    this.hasGap = true;
    return true;
  }

  #isSame({ bytes }: LogRecord): boolean {
    const known = this.#lastBytes;
    if (known !== null) return bytes.length === known.length && bytes.every((byte, index) => byte === known[index]);
    this.#lastBytes = bytes;
    const decoded = decodeEntry(bytes);
    return !decoded.ok || decoded.entry.number !== this.#state.number || decoded.entry.id === this.#lastId;
  }

  #take({ number: sequence, bytes }: LogRecord): void {
    if (sequence <= this.#lastSequence) return;
    const decoded = decodeEntry(bytes);
    if (!decoded.ok && decoded.why === 'unknown') {
      this.#blockedAt = sequence;
      return;
    }
    this.#lastSequence = sequence;
    this.#lastBytes = bytes;
    if (decoded.ok && this.#follows(decoded.entry)) this.#apply(decoded.entry, sequence);
    else this.ignored += 1;
  }

  #follows({ number, before, id }: Entry): boolean {
    return number === this.#state.number + 1 && before === this.#lastId && !this.#recent.has(keyOfId(id));
  }

  #apply(entry: Entry, sequence: number): void {
    const { before: _, ...written } = entry;
    const audited = isInForce(entry, this.#state) ? written : { ...written, changes: [] };
    this.#state.apply(audited);
    this.#lastId = entry.id;
    this.#recent.set(keyOfId(entry.id), { id: entry.id, number: entry.number, sequence });
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > recentMax && oldest !== undefined) this.#recent.delete(oldest);
    this.#onEntry(audited);
  }
}

/** Of what was lost and put back: whether all that it has changed is still as its author had seen it. */
function isInForce({ recovers = 0, changes }: Entry, state: RegistryState): boolean {
  if (recovers === 0) return true;
  return changes.every((change) => {
    const { kind, id, value } = change;
    const present = state.get(kind, id);
    if (value === null) return present !== null;
    if ((present?.version ?? 0) !== value.version - 1) return false;
    if (kind === 'user') return (state.userByLogin(value.login)?.id ?? id) === id;
    return kind !== 'service' || value.stage === 'retired' || takenBy(state, value, { reservedPaths: [] }) === null;
  });
}
