/** A log and a store of blobs in memory that can be away, slow, or forgetful, as tests say. */
import type { BlobFate, BlobShelf } from '@weir/proto/bus/blob-store.js';
import type { Broker, Port } from '@weir/proto/bus/broker.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import { type BusParts, busOver } from '@weir/proto/bus/carrier.js';
import type { Appended, LogBounds, LogEnd, LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';

/** What all processes reach; each has a `TestLog` of its own before it. */
export class LogServer {
  records: LogRecord[] = [];
  readonly followers = new Set<(record: LogRecord) => void>();
}

export class TestLog implements SharedLog {
  isAway = false;
  /** Entries are appended, and the answer is lost. */
  isUncertain = false;
  /** Runs right before the next append reaches the server: another control is quicker. */
  beforeAppend: (() => Promise<void>) | null = null;
  readonly #server: LogServer;

  constructor(server: LogServer) {
    this.#server = server;
  }

  async append(writer: string, bytes: Uint8Array, after?: LogEnd): Promise<Appended> {
    const before = this.beforeAppend;
    this.beforeAppend = null;
    await before?.();
    if (this.isAway) return { ok: false, why: 'away', detail: 'the log is away' };
    const { records, followers } = this.#server;
    const last = records.length;
    if (after !== undefined && after !== last) return { ok: false, why: 'conflict', detail: `the last one is ${last}` };
    const record = { number: last + 1, writer, bytes };
    records.push(record);
    setImmediate(() => {
      for (const follower of followers) follower(record);
    });
    if (this.isUncertain) return { ok: false, why: 'uncertain', detail: 'no answer' };
    return { ok: true, number: record.number };
  }

  async bounds(): Promise<LogBounds | null> {
    return this.isAway ? null : { first: 1, last: this.#server.records.length };
  }

  async read(from: number, max: number): Promise<readonly LogRecord[] | null> {
    return this.isAway ? null : this.#server.records.slice(from - 1, from - 1 + max);
  }

  follow(onRecord: (record: LogRecord) => void): () => void {
    const follower = (record: LogRecord): void => {
      if (!this.isAway) onRecord(record);
    };
    this.#server.followers.add(follower);
    return () => void this.#server.followers.delete(follower);
  }

  async close(): Promise<void> {}
}

/** An end of the bus in memory that is connected after so long. */
export function lateBus(broker: Broker, parts: BusParts, afterMs: number): Bus {
  return busOver((events) => {
    const port: Port = {
      patterns: new Set(),
      take(subject, bytes, replyTo) {
        const copy = new Uint8Array(bytes);
        queueMicrotask(() => events.onMessage(subject, copy, replyTo, null));
        return true;
      },
    };
    let detach = (): void => {};
    const cancel = parts.clock.after(afterMs, () => {
      detach = broker.attach(port);
      events.onState(true, '');
    });
    return {
      send(subject, bytes, replyTo) {
        const copy = new Uint8Array(bytes);
        queueMicrotask(() => broker.route(port, subject, copy, replyTo));
        return 'sent';
      },
      want: (pattern) => void port.patterns.add(pattern),
      unwant: (pattern) => void port.patterns.delete(pattern),
      pendingBytes: () => 0,
      async close() {
        cancel();
        detach();
      },
    };
  }, parts);
}

export class TestBlobs implements BlobShelf {
  isAway = false;
  readonly blobs = new Map<string, Uint8Array>();

  /** How often it was tried to put one. */
  puts = 0;
  /** It takes no more than so many. */
  max = 10_000;

  async put(name: string, bytes: Uint8Array): Promise<BlobFate> {
    this.puts += 1;
    if (this.isAway) return { why: 'away', detail: 'the store is away' };
    if (this.blobs.size >= this.max && !this.blobs.has(name)) return { why: 'away', detail: 'maximum bytes exceeded' };
    this.blobs.set(name, bytes);
    return 'stored';
  }

  async names(): Promise<readonly string[] | null> {
    return this.isAway ? null : [...this.blobs.keys()];
  }

  async remove(name: string): Promise<boolean> {
    return !this.isAway && this.blobs.delete(name);
  }

  async get(name: string): Promise<Uint8Array | null> {
    return this.blobs.get(name) ?? null;
  }

  async close(): Promise<void> {}
}
