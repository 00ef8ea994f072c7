/**
 * The shared log in the memory of one process, which tells others of it over a bus (`asked-log.ts`): for `weir up`, whose nodes
 * end with the process that has the log. Gives up the oldest entries beyond its bounds.
 */
import {
  type Appended,
  entryBytesMax,
  type LogBounds,
  type LogEnd,
  type LogRecord,
  readBytesMax,
  type SharedLog,
} from './shared-log.js';
import { isWord } from './subject.js';

export interface MemoryLogOptions {
  /** Of the life of this process, where something may outlive it. */
  readonly identity?: string;
  readonly messagesMax?: number;
  readonly bytesMax?: number;
}

const MESSAGES_MAX = 10_000;
const BYTES_MAX = 16 * 1024 * 1024;

export function memoryLog(options: MemoryLogOptions = {}): SharedLog {
  return new MemoryLog(options);
}

class MemoryLog implements SharedLog {
  readonly #identity: { readonly identity?: string };
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #records: LogRecord[] = [];
  readonly #followers = new Set<(record: LogRecord) => void>();
  #last = 0;
  #bytes = 0;
  #isClosed = false;

  constructor({ identity, messagesMax = MESSAGES_MAX, bytesMax = BYTES_MAX }: MemoryLogOptions) {
    this.#identity = identity === undefined ? {} : { identity };
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  async append(writer: string, bytes: Uint8Array, after?: LogEnd): Promise<Appended> {
    if (this.#isClosed) return { ok: false, why: 'away', detail: 'closed' };
    if (!isWord(writer)) return { ok: false, why: 'refused', detail: `"${writer}" is no writer` };
    if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: 'larger than an entry may be' };
    if (after !== undefined && after !== this.#last) {
      return { ok: false, why: 'conflict', detail: `the last entry is ${this.#last}, and not ${after}` };
    }
    this.#last += 1;
    // Each has bytes of its own.
    const record: LogRecord = { number: this.#last, writer, bytes: new Uint8Array(bytes) };
    this.#records.push(record);
    this.#bytes += bytes.length;
    while (this.#records.length > this.#messagesMax || this.#bytes > this.#bytesMax) {
      this.#bytes -= this.#records.shift()?.bytes.length ?? 0;
    }
    queueMicrotask(() => {
      for (const follower of this.#followers) follower({ ...record, bytes: new Uint8Array(record.bytes) });
    });
    return { ok: true, number: record.number };
  }

  async bounds(): Promise<LogBounds | null> {
    if (this.#isClosed) return null;
    return { first: this.#first, last: this.#last, ...this.#identity };
  }

  async read(from: number, max: number): Promise<readonly LogRecord[] | null> {
    if (this.#isClosed) return null;
    const begin = Math.max(from - this.#first, 0);
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const record of this.#records.slice(begin, begin + Math.max(max, 0))) {
      bytes += record.bytes.length;
      if (found.length > 0 && bytes > readBytesMax) break;
      found.push({ ...record, bytes: new Uint8Array(record.bytes) });
    }
    return found;
  }

  follow(onRecord: (record: LogRecord) => void): () => void {
    const follower = (record: LogRecord): void => onRecord(record);
    if (!this.#isClosed) this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followers.clear();
  }

  get #first(): number {
    return this.#last - this.#records.length + 1;
  }
}
