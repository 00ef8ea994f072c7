/**
 * JetStream on a connection of its own (`nats-link.ts`): questions to its API and to its streams, each with a limit, and word of
 * each new connection for whoever has subscriptions. Logs (`jetstream-log.ts`) and objects (`jetstream-objects.ts`) stand on one of
 * these. Nothing waits for a server that is away, and nothing rejects.
 */
import { headers, type Msg, type NatsConnection, NatsError } from 'nats';
import type { BusState } from './bus.js';
import { type LinkParts, NatsLink, type NatsOptions, reasonOf } from './nats-link.js';

/** Asked and not answered yet; more are not asked. */
export const askedMax = 1_000;
const API_WITHIN_MS = 2_000;
/** Of an answer of the API, as it is decoded. */
const REPLY_BYTES_MAX = 1024 * 1024;

export type JetStreamParts = LinkParts & {
  /** A subject that no other connection has, as `weir.main.reply.n1-js`. */
  readonly inbox: string;
};

export interface Question {
  readonly subject: string;
  /** Not to be changed before the answer: the library sends them in a later turn. */
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMs: number;
}

/** `away`: nobody has heard it. `refused`: not allowed. `late`: it may have been heard. */
export type Asked =
  | { readonly ok: true; readonly message: Msg }
  | { readonly ok: false; readonly why: 'away' | 'refused' | 'late'; readonly detail: string };

/** What the API says, or its error with the number that it has for it. */
export type ApiAnswer =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly why: 'away' | 'refused' | 'late' | 'said';
      readonly detail: string;
      readonly code: number;
    };

export interface JetStreamCounts {
  asked: number;
  /** Not answered in time. */
  late: number;
  disconnects: number;
}

export class JetStream {
  readonly counts: JetStreamCounts = { asked: 0, late: 0, disconnects: 0 };
  readonly clock: LinkParts['clock'];
  readonly #link: NatsLink;
  readonly #onConnection = new Set<(connection: NatsConnection) => void>();
  readonly #onStateChange = new Set<(state: BusState) => void>();
  #state: BusState;
  #underWay = 0;

  /** Throws when `servers` has none, or one that is none. */
  constructor(options: NatsOptions, parts: JetStreamParts) {
    this.clock = parts.clock;
    this.#state = { isConnected: false, sinceMs: parts.clock.nowMs(), trouble: '' };
    this.#link = new NatsLink(options, parts, {
      onConnection: (connection) => {
        for (const listener of this.#onConnection) listener(connection);
      },
      onState: (isConnected, trouble) => this.#changed(isConnected, trouble),
      onPing: () => {},
      onPong: () => {},
      onLost: () => {
        this.counts.disconnects += 1;
      },
    });
  }

  state(): BusState {
    return this.#state;
  }

  /** The library's own; null while there is none. It is another one after each loss. */
  get connection(): NatsConnection | null {
    return this.#link.connection;
  }

  onStateChange(listener: (state: BusState) => void): () => void {
    this.#onStateChange.add(listener);
    return () => void this.#onStateChange.delete(listener);
  }

  /** Called for the connection that there is, and for each later one; returns how to end it. */
  onConnection(listener: (connection: NatsConnection) => void): () => void {
    this.#onConnection.add(listener);
    if (this.connection !== null) listener(this.connection);
    return () => void this.#onConnection.delete(listener);
  }

  async ask({ subject, bytes, headers: fields = {}, withinMs }: Question): Promise<Asked> {
    const { connection } = this;
    if (connection === null) return { ok: false, why: 'away', detail: this.#state.trouble || 'not connected' };
    if (this.#underWay >= askedMax) return { ok: false, why: 'away', detail: `${askedMax} questions are under way` };
    const told = headers();
    for (const [name, value] of Object.entries(fields)) told.set(name, value);
    this.#underWay += 1;
    this.counts.asked += 1;
    try {
      const message = await connection.request(subject, bytes, { timeout: withinMs, headers: told });
      return { ok: true, message };
    } catch (error) {
      return this.#failed(error);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Asks the API for something, as `STREAM.INFO.weir_main_purges`. */
  async api(what: string, request: unknown, withinMs = API_WITHIN_MS): Promise<ApiAnswer> {
    const bytes = new TextEncoder().encode(request === null ? '' : JSON.stringify(request));
    const asked = await this.ask({ subject: `$JS.API.${what}`, bytes, withinMs });
    if (!asked.ok) return { ...asked, code: 0 };
    const value = jsonOf(asked.message.data);
    if (value === null) return { ok: false, why: 'said', detail: 'an answer that is none', code: 0 };
    const error = errorOf(value);
    return error === null ? { ok: true, value } : { ok: false, why: 'said', ...error };
  }

  /** Nothing is asked or heard after it. */
  async close(): Promise<void> {
    this.#onConnection.clear();
    await this.#link.close();
    this.#changed(false, 'closed');
    this.#onStateChange.clear();
  }

  #failed(error: unknown): Asked {
    const code = error instanceof NatsError ? error.code : '';
    if (code === '503') return { ok: false, why: 'away', detail: 'no JetStream, or no such stream, answers there' };
    if (code === 'PERMISSIONS_VIOLATION') return { ok: false, why: 'refused', detail: reasonOf(error) };
    if (code === 'TIMEOUT') this.counts.late += 1;
    // The connection broke, or closes: it may have been written.
    return { ok: false, why: 'late', detail: code === 'TIMEOUT' ? 'not answered in time' : reasonOf(error) };
  }

  #changed(isConnected: boolean, trouble: string): void {
    const before = this.#state.isConnected;
    const sinceMs = before === isConnected ? this.#state.sinceMs : this.clock.nowMs();
    this.#state = { isConnected, sinceMs, trouble };
    if (before !== isConnected) for (const listener of this.#onStateChange) listener(this.#state);
  }
}

/** Null for what is no JSON object. */
export function jsonOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  if (bytes.length > REPLY_BYTES_MAX) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** What JetStream says is wrong, in an answer or an acknowledgement. */
export function errorOf(
  value: Readonly<Record<string, unknown>>,
): { readonly detail: string; readonly code: number } | null {
  const { error } = value;
  if (error === undefined) return null;
  const { description, err_code: code } = isObject(error) ? error : {};
  return { detail: String(description ?? 'an error without a word'), code: typeof code === 'number' ? code : 0 };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
