/**
 * Vectors that nodes tell each other by Redis. The nearest is always found in the memory of the node, as without Redis; what others have
 * told since the last time is read when a question comes, while its own vector is being made, and so mostly costs no time at all. Redis
 * that is slow, full or away makes a node know less, and nothing else: what it has made itself it knows at once.
 *
 *   look ── read page after page, from where the last one ended ──┐
 *   vector comes ── read to the end? nearest : wait `withinMs` ───┴─▶ nearest of what is known
 *
 * Pages that nobody waits for any more are read on, so that the next question finds them. Owns its connection.
 */
import { type Calls, LinkError, type LinkProblem, RedisLink } from '../../redis/redis-link.js';
import type { Clock, Random, Timer, Timers } from '../../time/clock.js';
import { packVector, readPage, type VectorPage } from './vector-codec.js';
import { BYTES_KEY, scopeKey, USED_KEY, type VectorScript, vectorScripts } from './vector-scripts.js';
import {
  type LookOutcome,
  lookOutcomes,
  type SharedVectorCounts,
  type SharedVectorStore,
  type TellOutcome,
  tellOutcomes,
  type VectorLimits,
  type VectorLook,
} from './vector-store.js';
import { VECTOR_BYTES_MAX, type Vectors } from './vectors.js';

export interface RedisVectorsParts {
  readonly known: Vectors;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Makes the connection; `onReady` whenever one is used from now on, which is when it answers within that time. */
  readonly connect: (onReady: () => void, answerWithinMs: () => number) => VectorLink;
}

export type VectorLink = Pick<Calls<VectorScript>, 'script'> &
  Pick<RedisLink<VectorScript>, 'isClosed' | 'isDoubtful' | 'state' | 'close'>;

/** Of vectors in Redis, of all nodes and routes together. */
const SHARED_BYTES_MAX = 256 * 1024 * 1024;
const SHARED_SCOPES_MAX = 100_000;
/** In Redis, beside its vector. */
const ENTRY_BYTES = 200;
/** Entries of one answer: 200 KiB where vectors have 1,536 numbers. */
const PAGE_ENTRIES = 32;
/** Of one look-up, so that it ends where others write as fast as it reads. */
const PAGES_MAX = 400;
/** Scopes that are read at once: each has one page under way. */
const READINGS_MAX = 64;
/** Vectors under way to Redis: 2 MiB or so. */
const TELLS_MAX = 256;

export interface RedisPlace {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export function createRedisVectors(known: Vectors, { url, clock, timers, random }: RedisPlace): RedisVectors {
  const connect: RedisVectorsParts['connect'] = (onReady, answerWithinMs) =>
    new RedisLink<VectorScript>({
      ...{ url, clock, timers, random, scripts: vectorScripts, onReady, answerWithinMs },
      greet: async () => {},
    });
  return new RedisVectors({ known, clock, timers, connect });
}

interface Reading {
  /** Whoever came before its latest page was asked for. */
  waiting: ((outcome: LookOutcome) => void)[];
  /** Those who came later: it may have been answered before what they must know was told. */
  next: ((outcome: LookOutcome) => void)[];
}

export class RedisVectors implements SharedVectorStore {
  readonly #parts: RedisVectorsParts;
  #link: VectorLink | null = null;
  /** Of the route that has asked, or was compiled, last. */
  #withinMs = 0;
  readonly #readings = new Map<string, Reading>();
  #telling = 0;
  readonly #looks = zeros(lookOutcomes);
  readonly #tells = zeros(tellOutcomes);
  #taken = 0;
  #refused = 0;

  constructor(parts: RedisVectorsParts) {
    this.#parts = parts;
  }

  open({ withinMs }: VectorLimits): void {
    this.#withinMs = withinMs;
    // What was missed meanwhile, and what was thought to be gone, is read again.
    const onReady = (): void => this.#parts.known.readAgain();
    this.#link ??= this.#parts.connect(onReady, () => this.#withinMs);
  }

  look(scope: string, limits: VectorLimits): VectorLook {
    const { known, clock, timers } = this.#parts;
    this.#withinMs = limits.withinMs;
    let outcome: LookOutcome | null = null;
    let waiting: { readonly limit: Timer; readonly go: () => void } | null = null;
    const settle = (how: LookOutcome): void => {
      if (outcome !== null) return;
      outcome = how;
      this.#looks[how] += 1;
      waiting?.limit.cancel();
      waiting?.go();
      waiting = null;
    };
    this.#read(scope, limits, settle);
    return {
      nearest(vector, threshold, go) {
        const find = (): void => go(known.nearest(scope, vector, threshold, clock.nowMs()));
        if (outcome !== null) {
          find();
          return;
        }
        const limit = timers.create(() => settle('late'));
        waiting = { limit, go: find };
        limit.arm(limits.withinMs);
      },
      giveUp() {
        waiting?.limit.cancel();
        waiting = null;
      },
    };
  }

  add(
    scope: string,
    { key, vector }: { readonly key: string; readonly vector: Float32Array },
    ttlMs: number,
    limits: VectorLimits,
  ): void {
    const { known, clock } = this.#parts;
    const nowMs = clock.nowMs();
    known.add(scope, { key, vector, untilMs: nowMs + ttlMs }, limits.entriesMax, nowMs);
    this.#tell(scope, key, packVector(vector), ttlMs, limits).then((outcome) => {
      this.#tells[outcome] += 1;
    });
  }

  withoutAnswer(scope: string, key: string): void {
    this.#parts.known.withoutAnswer(scope, key, this.#parts.clock.nowMs());
  }

  counts(): SharedVectorCounts {
    const [looks, tells] = [{ ...this.#looks }, { ...this.#tells }];
    return { link: this.#link?.state ?? 'open', looks, tells, taken: this.#taken, refused: this.#refused };
  }

  close(): void {
    this.#link?.close();
  }

  async #tell(
    scope: string,
    key: string,
    packed: Uint8Array,
    ttlMs: number,
    { entriesMax, tellWithinMs }: VectorLimits,
  ): Promise<TellOutcome> {
    if (this.#link === null) return 'away';
    if (this.#telling >= TELLS_MAX) return 'busy';
    // No more than a node has in its memory.
    const most = Math.min(entriesMax, Math.floor(VECTOR_BYTES_MAX / (packed.byteLength + ENTRY_BYTES)));
    const args = [scope, key, packed, Math.ceil(ttlMs), most, ENTRY_BYTES, SHARED_BYTES_MAX, SHARED_SCOPES_MAX];
    this.#telling += 1;
    try {
      await this.#link.script('add', [scopeKey(scope), USED_KEY, BYTES_KEY], args, tellWithinMs);
      return 'told';
    } catch (error) {
      return error instanceof LinkError ? tellProblems[error.problem] : 'unusable';
    } finally {
      this.#telling -= 1;
    }
  }

  #read(scope: string, limits: VectorLimits, settle: (outcome: LookOutcome) => void): void {
    const link = this.#link;
    if (link === null || !link.isClosed) {
      settle('away');
      return;
    }
    // Whose latest answer was late is not worth a second wait, but is asked, or nobody would learn that it is well again.
    if (link.isDoubtful) settle('late');
    const reading = this.#readings.get(scope);
    if (reading !== undefined) reading.next.push(settle);
    else if (this.#readings.size >= READINGS_MAX) settle('busy');
    else this.#begin(scope, limits, link, settle);
  }

  #begin(scope: string, limits: VectorLimits, link: VectorLink, settle: (outcome: LookOutcome) => void): void {
    const reading: Reading = { waiting: [settle], next: [] };
    this.#readings.set(scope, reading);
    this.#readAll(scope, reading, limits, link).then((outcome) => {
      this.#readings.delete(scope);
      for (const one of [...reading.waiting, ...reading.next]) one(outcome);
    });
  }

  async #readAll(scope: string, reading: Reading, limits: VectorLimits, link: VectorLink): Promise<LookOutcome> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      let hasMore: boolean | null;
      try {
        hasMore = await this.#readPage(scope, limits, link);
      } catch (error) {
        return error instanceof LinkError ? lookProblems[error.problem] : 'unusable';
      }
      if (hasMore === null) return 'unusable';
      if (hasMore) continue;
      for (const one of reading.waiting) one('current');
      if (reading.next.length === 0) return 'current';
      reading.waiting = reading.next;
      reading.next = [];
    }
    return 'late';
  }

  /** Null: what it says makes no sense. */
  async #readPage(scope: string, limits: VectorLimits, link: VectorLink): Promise<boolean | null> {
    const { known, clock } = this.#parts;
    const sentAtMs = clock.nowMs();
    const args = [scope, known.readTo(scope) ?? '', PAGE_ENTRIES];
    const said = await link.script('read', [scopeKey(scope), USED_KEY], args, limits.answerWithinMs);
    const page = readPage(said);
    if (page === null) return null;
    this.#take(scope, page, limits.entriesMax, sentAtMs);
    return page.hasMore;
  }

  #take(scope: string, page: VectorPage, entriesMax: number, sentAtMs: number): void {
    const { known, clock } = this.#parts;
    const nowMs = clock.nowMs();
    for (const { key, vector, untilRedisMs } of page.vectors) {
      // Rather too early than too late: as if Redis had answered when it was asked.
      const untilMs = sentAtMs + (untilRedisMs - page.redisMs);
      known.add(scope, { key, vector, untilMs }, entriesMax, nowMs);
    }
    known.setReadTo(scope, page.readTo);
    this.#taken += page.vectors.length;
    this.#refused += page.refused;
  }
}

const lookProblems: Readonly<Record<LinkProblem, LookOutcome>> = {
  ...{ away: 'away', late: 'late', busy: 'busy', full: 'unusable', malformed: 'unusable' },
};
const tellProblems: Readonly<Record<LinkProblem, TellOutcome>> = {
  ...{ away: 'away', late: 'late', busy: 'busy', full: 'full', malformed: 'unusable' },
};

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>; // One of each name.
