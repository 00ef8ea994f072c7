/**
 * Writes responses to Redis, behind the answers that they belong to: a few at a time, and of each the pieces of its body
 * one after the other, so that little is on its way however long the bodies are. What has waited for a connection goes one by one:
 * behind an outage it may be thousands, which would stand before the look-ups of all nodes in the one thread of Redis.
 * Owns what is being written.
 *
 *   queue ──▶ pieces of the body, if it is long ──▶ commit ──▶ kept
 *                                  place of a variant ──┘ └─ there is an index by now: once more, as a variant
 */
import type { CacheL2Spec } from '@weir/proto/snapshot/cache.js';
import { type Argument, type Calls, LinkError } from '../../redis/redis-link.js';
import type { Clock } from '../../time/clock.js';
import { varyKey } from '../vary-key.js';
import { encodeHead } from './entry-codec.js';
import { type Digest, fieldsOf, type Generation } from './generations.js';
import { keepForMs } from './keep-for.js';
import type { KeepOutcome, L2Offer } from './l2.js';
import { PIECE_BYTES, pieceOf, piecesOf, VARIED_SETS_MAX } from './look-reply.js';
import { type RedisTime, toRedisMs } from './redis-time.js';
import { BODY_PREFIX, bodyKey, entryKey, leaseKey, MARKS_KEY, type ScriptName } from './scripts.js';
import type { WriteQueue } from './write-queue.js';

export interface WriterOptions {
  readonly calls: Calls<ScriptName>;
  readonly canWrite: () => boolean;
  readonly queue: WriteQueue;
  readonly spec: () => CacheL2Spec;
  readonly clock: Clock;
  readonly digest: Digest;
  readonly token: () => string;
  readonly time: () => RedisTime | null;
  readonly onOutcome: (outcome: KeepOutcome, offer: L2Offer) => void;
}

/** Responses that are written at once. */
const WRITERS_MAX = 8;

/** A body whose response does not come is given up then. */
const BODY_WAITS_MS = 60_000;

/** For those who are still reading a body whose response was replaced. */
const REPLACED_STAYS_MS = 30_000;

const outcomes: Readonly<Partial<Record<string, KeepOutcome>>> = {
  kept: 'kept',
  older: 'older',
  lost: 'overtaken',
  forgotten: 'overtaken',
};

export class Writer {
  readonly #options: WriterOptions;
  #writing = 0;
  /** So many had waited for a connection, and are not written yet. */
  #backlog = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** There is a connection again. */
  resume(): void {
    this.#backlog = this.#options.queue.entries - this.#writing;
    this.go();
  }

  /** There is something to write. */
  go(): void {
    while (this.#writing < (this.#backlog > 0 ? 1 : WRITERS_MAX) && this.#options.canWrite()) {
      const taken = this.#options.queue.take();
      if (taken === null) return;
      this.#writing += 1;
      this.#outcomeOf(taken.offer).then((outcome) => {
        this.#writing -= 1;
        this.#backlog = Math.max(0, this.#backlog - 1);
        this.#options.queue.release(taken);
        this.#options.onOutcome(outcome, taken.offer);
        this.go();
      });
    }
  }

  async #outcomeOf(offer: L2Offer): Promise<KeepOutcome> {
    try {
      return await this.#write(offer);
    } catch (error) {
      const problem = error instanceof LinkError ? error.problem : 'malformed';
      if (problem === 'full') return 'memory-full';
      return problem === 'malformed' ? 'failed' : 'away';
    }
  }

  async #write(offer: L2Offer): Promise<KeepOutcome> {
    const { clock, spec, digest, time } = this.#options;
    const ttlMs = keepForMs(offer.stored, clock.nowMs(), spec().keepMaxS * 1000);
    if (ttlMs === 0) return 'expired';
    const redisTime = time();
    if (offer.generation === null || redisTime === null) return 'unknown';
    const { stored, subject, body } = offer;
    const bornAtMs = Math.floor(toRedisMs(stored.bornAtMs, redisTime));
    const askedAtMs = Math.floor(toRedisMs(stored.askedAtMs, redisTime));
    const { authority, path, url, tags } = subject;
    const atRedis = { ...stored, bornAtMs, askedAtMs };
    const head = encodeHead({ stored: atRedis, authority, path, url, tags, bytes: body.bytes });
    if (head === null) return 'unfit';
    const bodyId = body.bytes > PIECE_BYTES ? await this.#writeBody(offer) : '';
    const { epoch, seq }: Generation = offer.generation;
    const fields = fieldsOf(subject, digest).join(' ');
    const short = bodyId === '' ? pieceOf(body, 0) : '';
    const args = [epoch, seq, askedAtMs, fields, head, piecesOf(body.bytes), bodyId, short, ttlMs];
    return this.#commit(offer, args, ttlMs);
  }

  /** Returns its id. */
  async #writeBody({ body }: L2Offer): Promise<string> {
    const { calls, spec, token } = this.#options;
    const id = token();
    for (let index = 0; index < piecesOf(body.bytes); index += 1) {
      const args = [index, pieceOf(body, index), BODY_WAITS_MS];
      await calls.script('piece', [bodyKey(id)], args, spec().writeTimeoutMs);
    }
    return id;
  }

  async #commit(offer: L2Offer, args: readonly Argument[], ttlMs: number): Promise<KeepOutcome> {
    const { vary } = offer.stored;
    const base = entryKey(this.#options.digest(offer.key));
    if (vary.length === 0) {
      const [outcome] = await this.#commitAt(base, base, offer, args);
      if (outcome !== 'index') return outcomes[outcome ?? ''] ?? 'failed';
    }
    const generation = await this.#place(base, vary, ttlMs);
    const at = variantAt(this.#options.digest, offer.key, generation, vary, offer.headers);
    const [outcome] = await this.#commitAt(at, base, offer, args);
    return outcomes[outcome ?? ''] ?? 'failed';
  }

  async #commitAt(at: string, base: string, offer: L2Offer, args: readonly Argument[]): Promise<readonly string[]> {
    const { calls, spec, digest } = this.#options;
    const keys = [MARKS_KEY, at, base, leaseKey(digest(offer.key))];
    const more = [offer.lease?.token ?? '', BODY_PREFIX, REPLACED_STAYS_MS];
    const reply = await calls.script('commit', keys, [...args, ...more], spec().writeTimeoutMs);
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  async #place(base: string, names: readonly string[], ttlMs: number): Promise<string> {
    const { calls, spec, token } = this.#options;
    const args = [names.join(), token(), ttlMs, VARIED_SETS_MAX];
    return String(await calls.script('place', [base], args, spec().writeTimeoutMs));
  }
}

/** Where a variant is. The generation is that of its index: what was forgotten with that one is not found again. */
export function variantAt(
  digest: Digest,
  key: string,
  generation: string,
  names: readonly string[],
  headers: readonly string[],
): string {
  return entryKey(digest(`${key}\0${generation}\0${names.join()}\0${varyKey(names, headers)}`));
}
