/**
 * Jobs in Redis, so that any node can tell of them and hand out their results. The edge to Redis; what a job may become
 * is decided by job.ts, here as in memory.
 *
 *   {weir:jobs}:ID         hash: record (JSON), state, version      expires with the job
 *   {weir:jobs}:ID:body    hash: number of the piece → bytes        likewise
 *   {weir:jobs}:index      sorted set: id by the time of its expiry, which counts the jobs
 *   weir:jobs:cancelled    channel: ids of jobs that were cancelled
 *
 * A record is read, stepped, and written back only if its version is still the one that was read, in one script: of two
 * nodes that change a job, one tries again with what the other has made of it. Time is that of Redis. Pieces are written
 * by number, so a write whose answer was lost can be repeated, and only while the job is pending: after a Redis that
 * came back empty nothing is left behind that nobody would ever delete.
 */
import { Redis } from 'ioredis';
import { beginJob, expiresAtMs, type JobEvent, type JobRecord, jobStates, type NewJob, step } from './job.js';
import { type JobStore, StoreAway, type StoreBounds, type StoreCounts } from './job-store.js';

export interface RedisStoreOptions {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly bounds: () => StoreBounds;
}

/** A job is worth this wait of a request that was slow already, and no more. */
const COMMAND_WITHIN_MS = 300;
const CONNECT_WITHIN_MS = 1_000;
const RECONNECT_MAX_MS = 1_000;
/** Writers that meet at one job: its node, and whoever cancels it. */
const TRIES_MAX = 8;

const KEYS = '{weir:jobs}:';
const INDEX = `${KEYS}index`;
const CANCELLED = 'weir:jobs:cancelled';

const LOOK = `local time = redis.call('TIME')
local job = redis.call('HMGET', KEYS[1], 'record', 'version')
return { job[1], job[2], time[1] * 1000 + math.floor(time[2] / 1000) }`;

/** ARGV: version that was read, record, state, time to live, time of expiry, id, whether the result goes. */
const SWAP = `local version = redis.call('HGET', KEYS[1], 'version')
if (version or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'record', ARGV[2], 'state', ARGV[3], 'version', (tonumber(version or 0) + 1))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[7] == '1' then redis.call('DEL', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[6])
return 1`;

/**
 * The same in a Redis whose memory is full (Redis 7): a record is small and there already, and its end frees a result. Were
 * it refused, one job that is too large would let all that run be lost.
 */
const SWAP_WHEN_FULL = `#!lua flags=allow-oom
${SWAP}`;

const WRITE = `if redis.call('HGET', KEYS[1], 'state') ~= 'pending' then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))
return 1`;

export function createRedisStore(options: RedisStoreOptions): JobStore {
  return new RedisStore(options);
}

interface Read {
  readonly record: JobRecord | null;
  readonly version: string;
  readonly nowMs: number;
}

class RedisStore implements JobStore {
  readonly kind = 'redis';
  readonly #bounds: () => StoreBounds;
  readonly #client: Redis;
  readonly #subscriber: Redis;
  #stored = 0;

  constructor({ url, bounds }: RedisStoreOptions) {
    this.#bounds = bounds;
    const shared = {
      // Without a connection a command fails at once: what waits in a queue would be carried out after it was given up.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_WITHIN_MS,
      retryStrategy: (times: number) => Math.min(RECONNECT_MAX_MS, 50 * 2 ** Math.min(times, 6)),
      protocol: 2,
    } as const;
    this.#client = new Redis(url, { ...shared, commandTimeout: COMMAND_WITHIN_MS });
    this.#subscriber = new Redis(url, shared);
    // Both connect again by themselves; that they are away is told by every command.
    this.#client.on('error', () => {});
    this.#subscriber.on('error', () => {});
  }

  async create(job: NewJob): Promise<'created' | 'full'> {
    return this.#bounded(async () => {
      const { record, version, nowMs } = await this.#read(job.id);
      if (record !== null) return 'created';
      await this.#client.zremrangebyscore(INDEX, '-inf', nowMs);
      this.#stored = await this.#client.zcard(INDEX);
      if (this.#stored >= this.#bounds().jobsMax) return 'full';
      await this.#swap(SWAP, beginJob(job, nowMs), version, nowMs);
      this.#stored += 1;
      return 'created';
    });
  }

  async apply(id: string, event: JobEvent): Promise<JobRecord | null> {
    return this.#bounded(async () => {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const { record, version, nowMs } = await this.#read(id);
        if (record === null) return null;
        const next = step(record, event, nowMs);
        if (next === record) return record;
        if (!(await this.#swap(SWAP_WHEN_FULL, next, version, nowMs))) continue;
        if (next.state === 'cancelled') await this.#client.publish(CANCELLED, id);
        return next;
      }
      throw new StoreAway('others kept changing the job');
    });
  }

  async write(id: string, index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    return this.#bounded(async () => {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      try {
        const written = await this.#client.eval(WRITE, 2, keyOf(id), bodyOf(id), index, bytes);
        return written === 1 ? 'written' : 'over';
      } catch (error) {
        // `maxmemory` is reached, and nothing may be evicted for it.
        if (error instanceof Error && /\bOOM\b/.test(error.message)) return 'full';
        throw error;
      }
    });
  }

  async read(id: string, index: number): Promise<Uint8Array | null> {
    return this.#bounded(() => this.#client.hgetBuffer(bodyOf(id), String(index)));
  }

  async forget(id: string): Promise<void> {
    await this.#bounded(async () => {
      await this.#client.del(keyOf(id), bodyOf(id));
      await this.#client.zrem(INDEX, id);
      await this.#client.publish(CANCELLED, id);
    });
  }

  onCancelled(hear: (id: string) => void): void {
    this.#subscriber.on('message', (_channel: string, id: string) => hear(id));
    const subscribe = (): void => void this.#subscriber.subscribe(CANCELLED).catch(() => {});
    // Anew for each connection; one that breaks off meanwhile is followed by another.
    this.#subscriber.on('ready', subscribe);
    if (this.#subscriber.status === 'ready') subscribe();
  }

  sweep(): void {
    if (!this.counts().isReachable) return;
    this.#client.zcard(INDEX).then(
      (count) => {
        this.#stored = count;
      },
      () => {},
    );
  }

  counts(): StoreCounts {
    return { stored: this.#stored, bytes: 0, isReachable: this.#client.status === 'ready' };
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect();
    this.#client.disconnect();
  }

  async #read(id: string): Promise<Read> {
    const answer = await this.#client.eval(LOOK, 1, keyOf(id));
    const [text, version, nowMs] = Array.isArray(answer) ? (answer as unknown[]) : [];
    if (typeof nowMs !== 'number') throw new StoreAway('Redis answered a look with something else');
    return {
      record: typeof text === 'string' ? readRecord(text) : null,
      version: typeof version === 'string' ? version : '',
      nowMs,
    };
  }

  async #swap(script: string, record: JobRecord, version: string, nowMs: number): Promise<boolean> {
    const expiryMs = expiresAtMs(record);
    const dropsResult = record.state !== 'pending' && record.state !== 'done';
    const swapped = await this.#client.eval(
      script,
      3,
      ...[keyOf(record.id), bodyOf(record.id), INDEX],
      ...[version, JSON.stringify(record), record.state, Math.max(1, Math.ceil(expiryMs - nowMs)), Math.ceil(expiryMs)],
      ...[record.id, dropsResult ? '1' : '0'],
    );
    return swapped === 1;
  }

  /** What goes wrong on the way to Redis, or in it, is all one to the caller. */
  async #bounded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof StoreAway) throw error;
      throw new StoreAway(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}

const keyOf = (id: string): string => `${KEYS}${id}`;
const bodyOf = (id: string): string => `${KEYS}${id}:body`;

/** Null for what no node of ours has written. */
function readRecord(text: string): JobRecord | null {
  try {
    const value = JSON.parse(text) as Partial<JobRecord> | null;
    const isOurs =
      typeof value === 'object' &&
      value !== null &&
      typeof value.id === 'string' &&
      typeof value.routeId === 'string' &&
      (value.owner === null || typeof value.owner === 'string') &&
      jobStates.some((state) => state === value.state);
    return isOurs ? (value as JobRecord) : null; // The members that decide were looked at; a node has written the rest.
  } catch {
    return null;
  }
}
