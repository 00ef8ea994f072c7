/**
 * Reads a log into a History, and notices when it is not the log any more that was read before: shorter, or with another entry where the
 * last known one stood. Then it is read anew from its beginning. Owns what is known of one log.
 */
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import { type DecodedEntry, decodeEntry } from './entry.js';
import { History } from './history.js';

/** Entries that are asked for at once: sixteen of the largest are 15 MiB. */
const READ_AT_ONCE = 16;

export class LogReader {
  readonly #log: Pick<SharedLog, 'bounds' | 'read'>;
  readonly #decode: (bytes: Uint8Array) => DecodedEntry;
  #history = new History();
  /** Bytes of the entry that was read last, which must still be there when more is read. */
  #lastBytes: Uint8Array | null = null;
  #identity: string | undefined;

  /** `decode`: of a log with other entries that follow one another in the same way. */
  constructor(log: Pick<SharedLog, 'bounds' | 'read'>, decode = decodeEntry) {
    this.#log = log;
    this.#decode = decode;
  }

  /** As far as the log is known; another object after it was read anew. */
  get history(): History {
    return this.#history;
  }

  /** Reads up to its end; false when it can't be reached. */
  async catchUp(): Promise<boolean> {
    const bounds = await this.#log.bounds();
    if (bounds === null) return false;
    const known = this.#history.lastSequence;
    if (bounds.identity !== this.#identity || (known > 0 && bounds.first > known)) this.#forget();
    this.#identity = bounds.identity;
    if (bounds.last < known) {
      // It has lost its tail, or whoever told the bounds was behind.
      const [there] = (await this.#log.read(known, 1)) ?? [null];
      if (there === null) return false;
      if (there?.number === known && this.#isSame(there)) return true;
      this.#forget();
    }
    // From the last known one on: it has to be the same.
    let from = Math.max(bounds.first, this.#history.lastSequence, 1);
    while (from <= bounds.last) {
      const records = await this.#log.read(from, READ_AT_ONCE);
      if (records === null) return false;
      const [head] = records;
      if (head === undefined) {
        // Given up since the bounds were told, or gone.
        const again = await this.#log.bounds();
        if (again === null) return false;
        if (again.last >= from && again.first <= from) return false;
        return again.last < from ? true : this.catchUp();
      }
      if (!this.#isSame(head)) {
        this.#forget();
        return this.catchUp();
      }
      for (const record of records) this.#take(record);
      if (this.#history.blockedAt > 0) return true;
      from = (records.at(-1)?.number ?? from) + 1;
    }
    return true;
  }

  #isSame({ number, bytes }: LogRecord): boolean {
    if (number !== this.#history.lastSequence || this.#lastBytes === null) return true;
    const known = this.#lastBytes;
    return bytes.length === known.length && bytes.every((byte, index) => byte === known[index]);
  }

  #take({ number, bytes }: LogRecord): void {
    if (number <= this.#history.lastSequence) return;
    if (this.#history.apply(number, this.#decode(bytes)) !== 'blocked') this.#lastBytes = bytes;
  }

  #forget(): void {
    this.#history = new History();
    this.#lastBytes = null;
  }
}
