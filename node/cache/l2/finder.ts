/**
 * Looks a response up in Redis: one question for what does not vary, two for what does, and all of it within one limit.
 * Whatever is not as it must be is a miss.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { CacheL2Spec } from '@weir/proto/snapshot/cache.js';
import { type Calls, LinkError } from '../../redis/redis-link.js';
import type { Clock } from '../../time/clock.js';
import type { CacheKey } from '../cache-key.js';
import { type Digest, type Generation, judge } from './generations.js';
import type { L2Body, L2Found } from './l2.js';
import { type Look, type Looked, pieceBytes, piecesOf, readLook } from './look-reply.js';
import { fromRedisMs, type RedisTime, redisTime } from './redis-time.js';
import { BODY_PREFIX, bodyKey, entryKey, MARKS_KEY, type ScriptName } from './scripts.js';
import { variantAt } from './writer.js';

export interface FinderOptions {
  readonly calls: Calls<ScriptName>;
  readonly spec: () => CacheL2Spec;
  readonly clock: Clock;
  readonly digest: Digest;
  /** What each answer says of Redis. False: it contradicts what was known, and nothing of it counts. */
  readonly learn: (present: Generation | null, time: RedisTime) => boolean;
  readonly onBroken: () => void;
}

export type Finding =
  | { readonly kind: 'found'; readonly found: L2Found }
  | { readonly kind: 'miss' | 'purged' | 'unusable' };

const MISS: Finding = { kind: 'miss' };

/** The index, and a set of names after the other where what they lead to was purged. */
const QUESTIONS_MAX = 4;

interface Asked {
  readonly look: Look;
  readonly present: Generation;
  readonly time: RedisTime;
}

export class Finder {
  readonly #options: FinderOptions;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** Rejects with a LinkError when Redis does not answer in time. */
  async find(key: CacheKey, headers: HeaderList): Promise<Finding> {
    const { digest, clock, spec } = this.#options;
    const untilMs = clock.nowMs() + spec().readTimeoutMs;
    let places: readonly string[] = [entryKey(digest(key))];
    let wasIndex = false;
    let finding = MISS;
    for (let question = 0; question < QUESTIONS_MAX && places.length > 0; question += 1) {
      const asked = await this.#ask(places, untilMs - clock.nowMs());
      if (asked === null) return { kind: 'unusable' };
      const { what } = asked.look;
      if (what.kind === 'none') return finding;
      if (what.kind === 'unusable') return { kind: 'unusable' };
      if (what.kind === 'index') {
        if (wasIndex) return { kind: 'unusable' };
        wasIndex = true;
        places = what.varied.map((names) => variantAt(digest, key, what.generation, names, headers));
        continue;
      }
      finding = this.#judged(what, asked);
      if (finding.kind !== 'purged') return finding;
      places = places.slice(what.place + 1);
    }
    return finding;
  }

  async #ask(places: readonly string[], limitMs: number): Promise<Asked | null> {
    if (limitMs <= 0) throw new LinkError('late');
    const { calls, clock, spec, learn } = this.#options;
    const sentAtMs = clock.nowMs();
    const reply = await calls.script('look', [MARKS_KEY, ...places], [BODY_PREFIX], limitMs);
    const look = readLook(reply, spec().bodyBytesMax);
    if (look === null) return null;
    const time = redisTime(look.redisMs, sentAtMs, clock.nowMs());
    const { present } = look;
    return learn(present, time) && present !== null ? { look, present, time } : null;
  }

  #judged(what: Looked & { readonly kind: 'entry' }, { present, time }: Asked): Finding {
    const { digest, clock } = this.#options;
    const { stored, authority, path, url, tags, bytes } = what.head;
    const generation = { epoch: present.epoch, seq: what.seq };
    const judgement = judge(generation, present, path, what.marks, digest);
    if (judgement.kind === 'purged') return { kind: 'purged' };
    const nowMs = clock.nowMs();
    const here = (redisMs: number): number => fromRedisMs(redisMs, time, nowMs);
    return {
      kind: 'found',
      found: {
        stored: { ...stored, bornAtMs: here(stored.bornAtMs), askedAtMs: here(stored.askedAtMs) },
        subject: { authority, path, url, tags },
        softPurgedAtMs: judgement.kind === 'soft' ? here(judgement.atMs) : Number.POSITIVE_INFINITY,
        generation,
        body: this.#bodyOf(bytes, what.bodyId, what.first),
      },
    };
  }

  #bodyOf(bytes: number, bodyId: string | null, first: Uint8Array): L2Body {
    const read = (index: number): Promise<Uint8Array | null> =>
      bodyId === null ? Promise.resolve(null) : this.#readPiece(bodyId, index, pieceBytes(bytes, index));
    return { bytes, pieces: bodyId === null ? Math.min(1, bytes) : piecesOf(bytes), first, read };
  }

  async #readPiece(bodyId: string, index: number, length: number): Promise<Uint8Array | null> {
    const { calls, spec, onBroken } = this.#options;
    try {
      const piece = await calls.command('HGET', [bodyKey(bodyId), String(index)], spec().pieceTimeoutMs);
      if (piece instanceof Uint8Array && piece.byteLength === length) return piece;
    } catch {
      // Counted by the connection, and all one to an answer that has begun.
    }
    onBroken();
    return null;
  }
}
