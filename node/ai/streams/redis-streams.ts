/**
 * Streams in the Redis that nodes share, so that any of them can be asked. Each has two keys, both with an end: a hash that says whose it is
 * and where it stands, and a list of its events. A third one counts the streams of a route. Owns its connection.
 */
import { type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { JobOwner } from '../../jobs/job.js';
import { LinkError, RedisLink } from '../../redis/redis-link.js';
import type { Clock, Random, Timers } from '../../time/clock.js';
import { isObject } from '../json.js';
import { type StreamScript, streamScripts } from './stream-scripts.js';
import {
  LEASE_MS,
  type NewStream,
  type StreamCounts,
  type StreamEnd,
  type StreamReading,
  type StreamState,
  type StreamStore,
  StreamsAway,
} from './stream-store.js';

export interface RedisStreamsParts {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly digest: (text: string) => string;
}

/** One command; a stream that begins waits for one. */
const ANSWER_WITHIN_MS = 300;

export function createRedisStreams(parts: RedisStreamsParts): StreamStore {
  return new RedisStreams(parts);
}

interface Mine {
  readonly keepMs: number;
  readonly index: string;
}

class RedisStreams implements StreamStore {
  readonly kind = 'redis';
  readonly #parts: RedisStreamsParts;
  /** Streams that run here. */
  readonly #mine = new Map<string, Mine>();
  #link: RedisLink<StreamScript> | null = null;

  constructor(parts: RedisStreamsParts) {
    this.#parts = parts;
  }

  open(): void {
    const { url, clock, timers, random } = this.#parts;
    this.#link ??= new RedisLink<StreamScript>({
      ...{ url, clock, timers, random, scripts: streamScripts },
      answerWithinMs: () => ANSWER_WITHIN_MS,
      greet: async () => {},
    });
  }

  async begin({ id, routeId, owner, path, headers, keepMs, streamsMax }: NewStream): Promise<'begun' | 'full'> {
    const index = `{weir:ai:streams}:${this.#parts.digest(routeId)}`;
    const about = JSON.stringify([routeId, owner, path, headers]);
    const args = [id, about, LEASE_MS, LEASE_MS + keepMs, streamsMax];
    const said = await this.#ask('begin', [keyOf(id), index], args);
    if (said !== 1) return 'full';
    this.#mine.set(id, { keepMs, index });
    return 'begun';
  }

  async append(id: string, at: number, events: readonly string[]): Promise<number | 'gone' | 'full'> {
    const mine = this.#mine.get(id);
    if (mine === undefined) return 'gone';
    const args = [id, at, LEASE_MS, LEASE_MS + mine.keepMs, ...events];
    const said = await this.#ask('append', [keyOf(id), eventsKey(id), mine.index], args);
    if (said === 'full') return 'full';
    return typeof said !== 'number' || said < 0 ? 'gone' : said;
  }

  async end(id: string, state: StreamEnd, failure: FailureCode | null): Promise<void> {
    const mine = this.#mine.get(id);
    if (mine === undefined) return;
    await this.#ask('end', [keyOf(id), eventsKey(id), mine.index], [id, state, failure ?? '', mine.keepMs]);
    this.#mine.delete(id);
  }

  forget(id: string): void {
    this.#mine.delete(id);
  }

  async read(id: string, from: number, max: number, isHis: boolean): Promise<StreamReading | null> {
    return readingOf(await this.#ask('read', [keyOf(id), eventsKey(id)], [from, from + max - 1, isHis ? 1 : 0]));
  }

  counts(): StreamCounts {
    return { stored: this.#mine.size, bytes: 0, isReachable: this.#link?.isClosed ?? false };
  }

  close(): void {
    this.#link?.close();
  }

  /** `full`: it has no memory left. */
  async #ask(script: StreamScript, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (this.#link === null) throw new StreamsAway('nobody has opened it');
    try {
      return await this.#link.script(script, keys, args, ANSWER_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (error.problem === 'full') return 'full';
      throw new StreamsAway(error.problem, { cause: error });
    }
  }
}

const keyOf = (id: string): string => `{weir:ai:stream:${id}}`;
const eventsKey = (id: string): string => `{weir:ai:stream:${id}}:events`;

const states: ReadonlySet<string> = new Set(['running', 'done', 'failed', 'tooLong'] satisfies StreamState[]);

/** Null: there is none, or it was not written by this version. */
function readingOf(said: unknown): StreamReading | null {
  if (!Array.isArray(said) || said.length !== 6) return null;
  const [about, state, failure, isLost, length, events]: readonly unknown[] = said;
  const stream = aboutOf(textOf(about));
  const named = textOf(state);
  if (stream === null || !states.has(named) || typeof length !== 'number' || !Array.isArray(events)) return null;
  const code = textOf(failure);
  return {
    stream,
    state: named === 'running' && isLost === 1 ? 'lost' : (named as StreamState), // One of them, as was just seen.
    failure: Object.hasOwn(failureTable, code) ? (code as FailureCode) : null, // Likewise.
    length,
    events: events.map(textOf),
  };
}

const textOf = (value: unknown): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : typeof value === 'string' ? value : '';

function aboutOf(text: string): StreamReading['stream'] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [routeId, owner, path, headers]: readonly unknown[] = value;
  if (typeof routeId !== 'string' || typeof path !== 'string' || !isFields(headers)) return null;
  if (owner === null) return { routeId, owner, path, headers };
  return isOwner(owner) ? { routeId, owner, path, headers } : null;
}

function isOwner(value: unknown): value is JobOwner {
  return isObject(value) && typeof value['id'] === 'string' && typeof value['vouchedBy'] === 'string';
}

/** Nothing in it says where a message ends. */
function isFields(value: unknown): value is HeaderList {
  return (
    Array.isArray(value) && value.every((text) => typeof text === 'string' && /^[\t\x20-\x7e\x80-\uffff]*$/.test(text))
  );
}
