/**
 * Jobs in Redis, so that any node can tell of them and hand out their results. The edge to Redis; what a job may become
 * is decided by job.ts, here as in memory.
 *
 *   {weir:jobs}:ID         hash: record (JSON), state, version      expires with the job
 *   {weir:jobs}:ID:body    hash: number of the piece → bytes        likewise
 *   {weir:jobs}:index      sorted set: id by the time of its expiry, which counts the jobs
 *   {weir:jobs}:of:SHARER  the same of those of one sharer, by the hash of his name
 *   weir:jobs:cancelled    channel: ids of jobs that were cancelled
 *
 * A record is read, stepped, and written back only if its version is still the one that was read, in one script: of two
 * nodes that change a job, one tries again with what the other has made of it. Time is that of Redis. Pieces are written
 * by number, so a write whose answer was lost can be repeated, and only while the job is pending: after a Redis that
 * came back empty nothing is left behind that nobody would ever delete. So is a job: one script makes it.
 *
 * Pieces are the one thing that is large, so only a few are on their way at once, in either direction: were all jobs to send
 * theirs together, the last ones would take longer than a command may, over a line that is well.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../time/clock.js';
import { beginJob, expiresAtMs, type JobEvent, type JobRecord, jobStates, type NewJob, step } from './job.js';
import { type Creation, type JobStore, StoreAway, type StoreBounds, type StoreCounts } from './job-store.js';
import { RedisLink } from './redis-link.js';
import { COUNT, CREATE, FORGET, LOOK, SWAP, WRITE } from './redis-scripts.js';
import { Turns } from './turns.js';

export interface RedisStoreOptions {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly clock: Clock;
  readonly bounds: () => StoreBounds;
}

/** Writers that meet at one job: its node, and whoever cancels it. */
const TRIES_MAX = 8;
/** Of 64 KiB each: what a line of 100 Mbit/s carries within the limit of a command, four times over. */
const PIECES_UNDER_WAY_MAX = 16;

const KEYS = '{weir:jobs}:';
const INDEX = `${KEYS}index`;
const CANCELLED = 'weir:jobs:cancelled';

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
  readonly #link: RedisLink;
  readonly #turns = new Turns(PIECES_UNDER_WAY_MAX);
  #stored = 0;

  constructor({ url, clock, bounds }: RedisStoreOptions) {
    this.#bounds = bounds;
    this.#link = new RedisLink(url, clock);
  }

  async create(asked: NewJob): Promise<Creation> {
    // Names may be long, and addresses are nobody's business in a store.
    const job = { ...asked, sharer: createHash('sha256').update(asked.sharer).digest('base64url') };
    // Only Redis knows what time it is there, so the job begins at 0 here, and is moved to now.
    const begun = beginJob(job, 0);
    const { createdMs, leaseUntilMs, ...rest } = begun;
    const { jobsMax, ofOneMax } = this.#bounds();
    const times = [createdMs, leaseUntilMs, expiresAtMs(begun)];
    try {
      const answer = await this.#run(
        CREATE,
        [keyOf(job.id), INDEX, indexOf(job.sharer)],
        [job.id, JSON.stringify(rest), ...times, jobsMax, ofOneMax],
      );
      const [outcome, stored] = list(answer);
      this.#stored = Number(stored);
      return outcome === 'created' || outcome === 'share' ? outcome : 'full';
    } catch (error) {
      if (isOutOfMemory(error)) return 'full';
      throw error;
    }
  }

  async apply(id: string, event: JobEvent): Promise<JobRecord | null> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const { record, version, nowMs } = await this.#read(id);
      if (record === null) return null;
      const next = step(record, event, nowMs, this.#link.reachableForMs);
      if (next === record) return record;
      if (!(await this.#swap(next, version, nowMs))) continue;
      if (next.state === 'cancelled') await this.#link.ask((client) => client.publish(CANCELLED, id));
      return next;
    }
    throw new StoreAway('others kept changing the job');
  }

  async write(id: string, index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    try {
      const written = await this.#turns.take(() => this.#run(WRITE, [keyOf(id), bodyOf(id)], [index, bytes]));
      return written === 1 ? 'written' : 'over';
    } catch (error) {
      if (isOutOfMemory(error)) return 'full';
      throw error;
    }
  }

  read(id: string, index: number): Promise<Uint8Array | null> {
    return this.#turns.take(() => this.#link.ask((client) => client.hgetBuffer(bodyOf(id), String(index))));
  }

  async forget(id: string): Promise<void> {
    // Which never changes, so nothing can come in between.
    const { record } = await this.#read(id);
    await this.#run(FORGET, [keyOf(id), bodyOf(id), INDEX, indexOf(record?.sharer ?? '')], [id, CANCELLED]);
  }

  onCancelled(hear: (id: string) => void): void {
    this.#link.hear(CANCELLED, hear);
  }

  async sweep(): Promise<void> {
    this.#stored = Number(await this.#run(COUNT, [INDEX], []));
  }

  counts(): StoreCounts {
    return { stored: this.#stored, bytes: 0, isReachable: this.#link.isReachable };
  }

  async close(): Promise<void> {
    this.#link.close();
  }

  async #read(id: string): Promise<Read> {
    const [text, version, nowMs] = list(await this.#run(LOOK, [keyOf(id)], []));
    return {
      record: typeof text === 'string' ? readRecord(text) : null,
      version: typeof version === 'string' ? version : '',
      nowMs: Number(nowMs),
    };
  }

  async #swap(record: JobRecord, version: string, nowMs: number): Promise<boolean> {
    const expiryMs = expiresAtMs(record);
    const dropsResult = record.state !== 'pending' && record.state !== 'done';
    const times = [Math.max(1, Math.ceil(expiryMs - nowMs)), Math.ceil(expiryMs)];
    const swapped = await this.#run(
      SWAP,
      [keyOf(record.id), bodyOf(record.id), INDEX, indexOf(record.sharer)],
      [version, JSON.stringify(record), record.state, ...times, record.id, dropsResult ? '1' : '0'],
    );
    return swapped === 1;
  }

  #run(script: string, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    return this.#link.ask((client) => client.eval(script, keys.length, ...keys, ...args));
  }
}

const keyOf = (id: string): string => `${KEYS}${id}`;
const bodyOf = (id: string): string => `${KEYS}${id}:body`;
const indexOf = (sharer: string): string => `${KEYS}of:${sharer}`;
const list = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? answer : []);

/** `maxmemory` is reached, and nothing may be evicted for it. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /\bOOM\b/.test(error.message);
}

/** Null for what no node of ours has written. */
function readRecord(text: string): JobRecord | null {
  try {
    const value = JSON.parse(text) as Partial<JobRecord> | null;
    const isOurs =
      typeof value === 'object' &&
      value !== null &&
      typeof value.id === 'string' &&
      typeof value.routeId === 'string' &&
      typeof value.sharer === 'string' &&
      isOwner(value.owner) &&
      jobStates.some((state) => state === value.state);
    return isOurs ? (value as JobRecord) : null; // The members that decide were looked at; a node has written the rest.
  } catch {
    return null;
  }
}

function isOwner(owner: unknown): boolean {
  if (owner === null) return true;
  return typeof owner === 'object' && 'id' in owner && 'vouchedBy' in owner;
}
