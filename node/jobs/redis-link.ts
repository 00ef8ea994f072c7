/**
 * The way to a Redis, and what is known of it: whether it answers, and since when. Owns the two connections, one for
 * commands and one that listens.
 *
 * A command is given 300 ms. One that takes longer is not merely given up: the connection is let go with all that waits on
 * it, and a new one is made, later each time it fails. On one that hangs, each piece of a result that is tried again would
 * be one more in the memory of this node, and nobody would ever find out that the other side is gone.
 *
 * Errors are translated here: StoreAway when there is no answer, or the answer is that Redis can't serve just now. Whatever
 * else goes wrong is a bug, of ours or in how Redis is set up, and stays what it is.
 */
import { Redis, ReplyError } from 'ioredis';
import type { Clock } from '../time/clock.js';
import { StoreAway } from './job-store.js';

/** A job is worth this wait of a request that was slow already, and no more. */
const COMMAND_WITHIN_MS = 300;
const CONNECT_WITHIN_MS = 1_000;
const RECONNECT_MAX_MS = 1_000;
/** For what was written last; a peer that hangs takes none of it. */
const DISCONNECT_WITHIN_MS = 50;

export class RedisLink {
  readonly #client: Redis;
  readonly #listener: Redis;
  readonly #clock: Clock;
  /** By the last command; a connection may be there, and nobody at its other end. */
  #isAnswering = false;
  #sinceMs = Number.NaN;

  constructor(url: string, clock: Clock) {
    this.#clock = clock;
    const shared = {
      // Without a connection a command fails at once: what waits in a queue would be carried out after it was given up.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_WITHIN_MS,
      commandTimeout: COMMAND_WITHIN_MS,
      disconnectTimeout: DISCONNECT_WITHIN_MS,
      retryStrategy: (times: number) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(times, 6)),
      protocol: 2,
    } as const;
    this.#client = new Redis(url, shared);
    this.#listener = new Redis(url, shared);
    // Both connect again by themselves; that they are away is told by every command.
    this.#client.on('error', () => {});
    this.#listener.on('error', () => {});
    this.#client.on('close', () => {
      this.#isAnswering = false;
    });
    this.#client.on('ready', () => this.#answered());
  }

  get isReachable(): boolean {
    return this.#isAnswering && this.#client.status === 'ready';
  }

  /** How long it has been there without a break. */
  get reachableForMs(): number {
    return this.isReachable ? this.#clock.nowMs() - this.#sinceMs : 0;
  }

  /** Gives one command, or script. */
  async ask<T>(command: (client: Redis) => Promise<T>): Promise<T> {
    try {
      const answer = await command(this.#client);
      this.#answered();
      return answer;
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#isAnswering = false;
      // The one that listens would not find out for itself, as it waits for nothing.
      if (wantsAnother(error)) for (const each of [this.#client, this.#listener]) reconnect(each);
      throw new StoreAway(error.message, { cause: error });
    }
  }

  /** Hears what is said on a channel, for as long as there is a connection. */
  hear(channel: string, hear: (text: string) => void): void {
    this.#listener.on('message', (_channel: string, text: string) => hear(text));
    const subscribe = (): void => void this.#listener.subscribe(channel).catch(() => reconnect(this.#listener));
    // Anew for each connection.
    this.#listener.on('ready', subscribe);
    if (this.#listener.status === 'ready') subscribe();
  }

  #answered(): void {
    if (!this.#isAnswering) this.#sinceMs = this.#clock.nowMs();
    this.#isAnswering = true;
  }

  close(): void {
    this.#listener.disconnect();
    this.#client.disconnect();
  }
}

/** Only one that is up: one that is being made ends, or fails, by itself, and to interrupt it would end the client for good. */
function reconnect(client: Redis): void {
  if (client.status === 'ready') client.disconnect(true);
}

/** Codes of answers by which Redis says that it can't serve now: it starts, follows, fails over, is busy, or can't save. */
const awayReplies = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|UNBLOCKED)\b/;
/** What the client says, which has no codes, where it had no answer. */
const awayTexts = new Set([
  'Command timed out',
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
]);
const awayNames = new Set(['MaxRetriesPerRequestError', 'AbortError']);

export function isAway(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof ReplyError) return awayReplies.test(error.message);
  // Errors of sockets name the system call.
  return awayTexts.has(error.message) || awayNames.has(error.name) || 'syscall' in error;
}

/** On another connection it may be better: this one hangs, or leads to one that only follows since a failover. */
function wantsAnother(error: Error): boolean {
  return error.message === 'Command timed out' || error.message.startsWith('READONLY');
}
