/**
 * The bus over NATS, on one connection after the other (`nats-link.ts`).
 *
 *   pending       bytes since the last PONG; beyond the bound nothing is taken.
 *   slow reading  messages are handed on as they are parsed; a process that can't keep up is cut off by the server, counted as a
 *                 disconnect, and connects again. They wait nowhere but in the socket of an end that reads at a pace.
 */
import type { Msg, NatsConnection, Subscription } from 'nats';
import type { Bus } from './bus.js';
import { type BusParts, busOver, type Carrier, type CarrierEvents } from './carrier.js';
import { NatsLink, type NatsOptions } from './nats-link.js';
import { NatsReader } from './nats-reader.js';

export type { NatsCredentials, NatsOptions } from './nats-link.js';

export interface NatsParts extends BusParts {
  /** Uniform in [0, 1): spreads the attempts of many. */
  readonly random: () => number;
  /** Of many messages some are read at once, and so up to 100 ms late (`read-pace.ts`): for ends that hear what nobody awaits. */
  readonly isPaced?: boolean;
}

/** Pings in mid-stream: when so much of the bound is used, and not for each message. */
const PING_AT_SHARE = 1 / 8;

/** Throws when `servers` has none, or one that is none. */
export function natsBus(options: NatsOptions, parts: NatsParts): Bus {
  return busOver((events, pendingMax) => new NatsCarrier(options, parts, events, pendingMax), parts);
}

class NatsCarrier implements Carrier {
  readonly #events: CarrierEvents;
  readonly #pendingMax: number;
  readonly #link: NatsLink;
  /** Null: all is read as it comes. */
  readonly #reader: NatsReader | null;
  readonly #patterns = new Map<string, Subscription | null>();
  /** Sent since the last PONG, and how much of it the PING under way stands behind. */
  #pending = { bytes: 0, messages: 0 };
  #pinged = { bytes: 0, messages: 0 };

  constructor(
    options: NatsOptions,
    { clock, random, isPaced = false }: NatsParts,
    events: CarrierEvents,
    pendingMax: number,
  ) {
    this.#events = events;
    this.#pendingMax = pendingMax;
    this.#reader = isPaced ? new NatsReader(clock) : null;
    this.#link = new NatsLink(
      options,
      { clock, random },
      {
        onConnection: (connection) => {
          this.#reader?.use(connection);
          for (const pattern of this.#patterns.keys()) this.#listen(connection, pattern);
        },
        onState: events.onState,
        onPing: () => {
          this.#pinged = { ...this.#pending };
        },
        onPong: () => {
          this.#pending.bytes -= this.#pinged.bytes;
          this.#pending.messages -= this.#pinged.messages;
        },
        onLost: () => this.#lost(),
      },
    );
  }

  send(subject: string, bytes: Uint8Array, replyTo: string): 'sent' | 'away' | 'full' {
    const { connection } = this.#link;
    if (connection === null) return 'away';
    if (this.#pending.bytes + bytes.length > this.#pendingMax) return 'full';
    try {
      connection.publish(subject, bytes, replyTo === '' ? {} : { reply: replyTo });
    } catch (error) {
      // Only a connection that closes at this moment refuses; what it says is told with the close.
      this.#link.note(error);
      return 'away';
    }
    this.#pending.bytes += bytes.length;
    this.#pending.messages += 1;
    if (replyTo !== '') this.#reader?.awaits();
    if (this.#pending.bytes > this.#pendingMax * PING_AT_SHARE) this.#link.ping();
    return 'sent';
  }

  want(pattern: string): void {
    this.#patterns.set(pattern, null);
    const { connection } = this.#link;
    if (connection !== null) this.#listen(connection, pattern);
  }

  unwant(pattern: string): void {
    const subscription = this.#patterns.get(pattern);
    this.#patterns.delete(pattern);
    if (subscription !== null && subscription !== undefined && !subscription.isClosed()) subscription.unsubscribe();
  }

  pendingBytes(): number {
    return this.#pending.bytes;
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #listen(connection: NatsConnection, pattern: string): void {
    // Of a pattern that is one subject the library need not be asked for it: at each look it decodes it, and the reply's, anew.
    const isSubject = !/[*>]/.test(pattern);
    const callback = (error: Error | null, message: Msg): void => {
      // The server does not let this end hear it, which the link tells.
      if (error !== null) return;
      this.#reader?.heard();
      const { data } = message;
      const isPlain = isSubject && sizeOf(message) === pattern.length + data.length;
      const [subject, replyTo] = isPlain ? [pattern, ''] : [message.subject, message.reply ?? ''];
      this.#events.onMessage(subject, data, replyTo, pattern, true);
    };
    try {
      this.#patterns.set(pattern, connection.subscribe(pattern, { callback }));
    } catch (error) {
      this.#link.note(error); // It is closing; the next connection subscribes again.
    }
  }

  #lost(): void {
    for (const pattern of this.#patterns.keys()) this.#patterns.set(pattern, null);
    this.#events.onUncertain(this.#pending.messages);
    this.#pending = { bytes: 0, messages: 0 };
  }
}

/** Of subject, reply and data together; the library's types leave it out. NaN where a release has none. */
function sizeOf(message: Msg): number {
  return 'size' in message && typeof message.size === 'function' ? Number(message.size()) : Number.NaN;
}
