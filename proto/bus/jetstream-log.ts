/**
 * The shared log over a JetStream stream (`shared-log.ts` has the contract):
 *
 *   append   a publication that is acknowledged, with the expected last sequence, or last message id, where one is given; its own id is
 *            drawn, and is the mark of the entry
 *   bounds   STREAM.INFO, when the stream's leader can show that it leads
 *   read     direct gets, some at once
 *   follow   the server republishes what is appended, with its number: one subscription for each process and no consumer, so
 *            followers cost the server nothing but their message
 *
 * The stream is made where it is missing and this side may make it. Owns its subscription.
 */
import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection } from 'nats';
import { errorOf, type JetStream, jsonOf } from './jetstream.js';
import { askStream, type LogPlace, type StreamAnswer, type StreamBounds } from './jetstream-stream.js';
import {
  type Appended,
  entryBytesMax,
  type LogBounds,
  type LogEnd,
  type LogRecord,
  logWithinMs,
  readBytesMax,
  type SharedLog,
} from './shared-log.js';
import { isWord } from './subject.js';

export interface JetStreamLogOptions {
  readonly place: LogPlace;
  /** Makes the stream so where there is none; null: it is made by others. */
  readonly makes: StreamBounds | null;
}

/** Enough to fill a line of some milliseconds. */
const READ_AT_ONCE = 32;
const READ_WITHIN_MS = 2_000;
const MARK = 'Nats-Msg-Id';
const WRONG_LAST: ReadonlySet<number> = new Set([10070, 10071]);
/** Of the message, of the account, of the stream; by size, and by number. */
const TOO_LARGE: ReadonlySet<number> = new Set([10054, 10077, 10109]);

export function jetStreamLog(jetStream: JetStream, options: JetStreamLogOptions): SharedLog {
  return new JetStreamLog(jetStream, options);
}

class JetStreamLog implements SharedLog {
  readonly #jetStream: JetStream;
  readonly #place: LogPlace;
  readonly #makes: StreamBounds | null;
  readonly #followers = new Set<(record: LogRecord) => void>();
  #endListening: (() => void) | null = null;
  #isClosed = false;
  /** On which connection the stream was seen to be there, and as it must be. */
  #seenOn: NatsConnection | null = null;

  constructor(jetStream: JetStream, { place, makes }: JetStreamLogOptions) {
    this.#jetStream = jetStream;
    this.#place = place;
    this.#makes = makes;
  }

  async append(writer: string, bytes: Uint8Array, after?: LogEnd): Promise<Appended> {
    if (!isWord(writer)) return { ok: false, why: 'refused', detail: `"${writer}" is no writer` };
    if (bytes.length > entryBytesMax) return { ok: false, why: 'refused', detail: 'larger than an entry may be' };
    if (this.#isClosed) return { ok: false, why: 'away', detail: 'closed' };
    // The sender may use its buffer again.
    const own = new Uint8Array(bytes);
    // Without a stream nobody would hear it; with another's it would go astray.
    const stream = await this.#stream();
    if (stream !== null)
      return { ok: false, why: stream.why === 'refused' ? 'refused' : 'away', detail: stream.detail };
    const asked = await this.#jetStream.ask({
      subject: `${this.#place.root}.${writer}`,
      bytes: own,
      headers: { 'Nats-Expected-Stream': this.#place.stream, [MARK]: randomUUID(), ...expectedOf(after) },
      withinMs: logWithinMs,
    });
    if (asked.ok) return appendedOf(asked.message, this.#place.stream);
    if (asked.why === 'away') this.#seenOn = null; // It was there, and is not any more.
    return { ok: false, why: asked.why === 'late' ? 'uncertain' : asked.why, detail: asked.detail };
  }

  async bounds(): Promise<LogBounds | null> {
    const asked = await this.#ask();
    if (!asked.ok) return null;
    const { first, last, identity, agoMs } = asked.state;
    return agoMs === null ? null : { first, last, identity, agoMs };
  }

  async read(from: number, max: number): Promise<readonly LogRecord[] | null> {
    const found = await this.#readOn(Math.max(from, 1), max);
    if (found === null || found.length > 0 || max < 1) return found;
    // Nothing at that number: behind the end, or given up by the log.
    const asked = await this.#ask();
    if (!asked.ok) return null;
    const { first, last } = asked.state;
    return from < first && first <= last ? this.#readOn(first, max) : found;
  }

  follow(onRecord: (record: LogRecord) => void): () => void {
    const follower = (record: LogRecord): void => onRecord(record);
    if (this.#isClosed) return () => {};
    this.#followers.add(follower);
    this.#endListening ??= this.#jetStream.onConnection((connection) => this.#listen(connection));
    return () => void this.#followers.delete(follower);
  }

  /** The connection is left open: others stand on it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followers.clear();
    this.#endListening?.();
  }

  /** Null: it is there. */
  async #stream(): Promise<Extract<StreamAnswer, { ok: false }> | null> {
    if (this.#seenOn !== null && this.#seenOn === this.#jetStream.connection) return null;
    const asked = await this.#ask();
    return asked.ok ? null : asked;
  }

  async #ask(): Promise<StreamAnswer> {
    if (this.#isClosed) return { ok: false, why: 'away', detail: 'closed' };
    const { connection } = this.#jetStream;
    const answer = await askStream(this.#jetStream, this.#place, this.#makes);
    this.#seenOn = answer.ok ? connection : null;
    return answer;
  }

  async #readOn(from: number, max: number): Promise<readonly LogRecord[] | null> {
    const records: LogRecord[] = [];
    const untilMs = this.#jetStream.clock.nowMs() + READ_WITHIN_MS;
    let bytes = 0;
    while (records.length < max) {
      const next = from + records.length;
      const wanted = Array.from({ length: Math.min(READ_AT_ONCE, max - records.length) }, (_, index) => next + index);
      const got = await Promise.all(wanted.map((number) => this.#get(number)));
      for (const record of got) {
        if (record === null) return records.length > 0 ? records : null;
        if (record === 'none') return records;
        if (records.length > 0 && bytes + record.bytes.length > readBytesMax) return records;
        bytes += record.bytes.length;
        records.push(record);
      }
      if (this.#jetStream.clock.nowMs() >= untilMs) break;
    }
    return records;
  }

  async #get(number: number): Promise<LogRecord | 'none' | null> {
    if (this.#isClosed) return null;
    const asked = await this.#jetStream.ask({
      subject: `$JS.API.DIRECT.GET.${this.#place.stream}`,
      bytes: new TextEncoder().encode(JSON.stringify({ seq: number })),
      withinMs: READ_WITHIN_MS,
    });
    if (!asked.ok) return null;
    const { headers } = asked.message;
    if (headers?.code === 404) return 'none';
    const record = recordOf(asked.message, headers?.get('Nats-Subject') ?? '', this.#place.stream);
    return record?.number === number ? record : null;
  }

  #listen(connection: NatsConnection): void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null || this.#isClosed) return;
      const record = recordOf(message, message.headers?.get('Nats-Subject') ?? '', this.#place.stream);
      if (record !== null) for (const follower of this.#followers) follower(record);
    };
    try {
      connection.subscribe(`${this.#place.told}.*`, { callback });
    } catch {
      // It is closing; the next connection is listened to.
    }
  }
}

function expectedOf(after: LogEnd | undefined): Readonly<Record<string, string>> {
  if (after === undefined) return {};
  return { [typeof after === 'number' ? 'Nats-Expected-Last-Sequence' : 'Nats-Expected-Last-Msg-Id']: String(after) };
}

/** Null for what is no message of that stream with a number. */
function recordOf({ headers, data }: Msg, subject: string, stream: string): LogRecord | null {
  const number = Number(headers?.get('Nats-Sequence'));
  if (!Number.isSafeInteger(number) || number < 1 || headers?.get('Nats-Stream') !== stream) return null;
  const writer = subject.slice(subject.lastIndexOf('.') + 1);
  // A copy, and not by slice: of a Buffer that is a view, here of what the socket read.
  const record = { number, writer, bytes: new Uint8Array(data) };
  const mark = headers?.get(MARK) ?? '';
  return mark === '' ? record : { ...record, mark };
}

function appendedOf({ data }: Msg, stream: string): Appended {
  const value = jsonOf(data);
  if (value === null) return { ok: false, why: 'uncertain', detail: 'an acknowledgement that is none' };
  const error = errorOf(value);
  if (error === null) {
    const { seq, stream: where } = value;
    if (typeof seq === 'number' && where === stream) return { ok: true, number: seq };
    return { ok: false, why: 'uncertain', detail: 'an acknowledgement of another stream' };
  }
  if (WRONG_LAST.has(error.code)) return { ok: false, why: 'conflict', detail: error.detail };
  return { ok: false, why: TOO_LARGE.has(error.code) ? 'refused' : 'away', detail: error.detail };
}
