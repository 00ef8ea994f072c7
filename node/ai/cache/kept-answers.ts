/**
 * Where answers are kept: in the cache of the node, beside responses of HTTP, so that they share its memory and its bound, go by the same
 * purges on all nodes of a cluster, and are found by others in the same Redis. An answer of a model is stored there as a response
 * that nobody but this file reads.
 */
import { formatHttpDate } from '@weir/proto/http/http-date.js';
import type { Generation } from '../../cache/l2/generations.js';
import type { L2Offer, Lease } from '../../cache/l2/l2.js';
import type { NodeCache } from '../../cache/node-cache.js';
import { markedAuthority, markedPath, markedUrl, type PurgeSubject } from '../../cache/purge/marks.js';
import { TAG_LENGTH_MAX } from '../../cache/purge/tags.js';
import { bodyInPieces } from '../../cache/store/body.js';
import type { Found } from '../../cache/store/l1.js';
import type { Stored } from '../../cache/stored.js';
import { ageMs, remainingMs } from '../../cache/stored.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Clock } from '../../time/clock.js';
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.js';

export interface FoundAnswer extends KeptAnswer {
  readonly ageMs: number;
  readonly leftMs: number;
}

/** When an answer was asked for: what was purged since means it too. */
export interface Asked {
  readonly atMs: number;
  readonly seq: number;
  readonly generation: Generation | null;
}

/** Keys of responses begin with a number. */
const PREFIX = 'ai ';

export class KeptAnswers {
  readonly #cache: NodeCache;
  readonly #clock: Clock;
  readonly #bytesMax: number;

  constructor(cache: NodeCache, clock: Clock, bytesMax: number) {
    this.#cache = cache;
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  /** False: it is not known what was purged, so that nothing stored may be given. */
  get mayServe(): boolean {
    return this.#cache.gate.isOpen;
  }

  /** What is found nowhere is nowhere: what was purged is known, and so is what other nodes keep. */
  get knowsAll(): boolean {
    return this.mayServe && this.#cache.second?.mayAsk !== false;
  }

  now(): Asked {
    const { marks, second } = this.#cache;
    return { atMs: this.#clock.nowMs(), seq: marks.seq, generation: second?.l2.generation() ?? null };
  }

  /** Whether a question that comes now may have the answer to one that was asked then. */
  mayJoin(subject: PurgeSubject, { seq }: Asked): boolean {
    return this.mayServe && this.#cache.marks.mayJoin(subject, seq);
  }

  find(key: string): FoundAnswer | null {
    return this.#read(this.#cache.l1.find(PREFIX + key, []));
  }

  /**
   * Asks the other nodes, where there are any. `go` is called in any case, before this returns or later, with what was found, and
   * otherwise with a lease where this node is to ask for all.
   */
  findElsewhere(
    key: string,
    collapses: boolean,
    go: (found: FoundAnswer | null, lease: Lease | null) => void,
  ): () => void {
    const { second } = this.#cache;
    if (second?.mayAsk !== true || !this.mayServe) {
      go(null, null);
      return () => {};
    }
    const wanted = { key: PREFIX + key, sharedKey: PREFIX + key, headers: [], bodyBytesMax: this.#bytesMax, collapses };
    return second.ask(wanted, noHandler, ({ found, lease }) => {
      // Of several who ask at once the first is told; it is kept here by then.
      go(found === null ? this.find(key) : this.#read(found), lease);
      return () => {};
    });
  }

  keep(
    key: string,
    kept: KeptAnswer,
    subject: PurgeSubject,
    asked: Asked,
    ttlMs: number,
    lease: Lease | null,
  ): boolean {
    const { l1, second } = this.#cache;
    const bytes = encodeAnswer(kept);
    const writing = l1.write(bytes.byteLength, this.#bytesMax);
    if (writing === null || !writing.push(bytes)) {
      lease?.release(false);
      return false;
    }
    const stored = this.#stored(asked, ttlMs);
    const why = l1.store(PREFIX + key, [], stored, writing, subject, asked.seq);
    // Redis may have the room that this node has not.
    if (why === null || why === 'not-admitted') {
      const { generation } = asked;
      const body = bodyInPieces([bytes]);
      const offer: L2Offer = { key: PREFIX + key, headers: [], stored, subject, body, generation };
      if (second === null) lease?.release(false);
      else second.l2.keep(lease === null ? offer : { ...offer, lease });
    } else lease?.release(false);
    return why === null;
  }

  #read({ entry, softPurgedAtMs }: Found): FoundAnswer | null {
    if (entry === null) return null;
    const nowMs = this.#clock.nowMs();
    const leftMs = Math.min(remainingMs(entry.stored, nowMs), softPurgedAtMs - nowMs);
    if (leftMs <= 0) return null;
    if (!this.mayServe) {
      this.#cache.gate.withheld += 1;
      return null;
    }
    const kept = decodeAnswer(entry.body.pieces);
    return kept === null ? null : { ...kept, ageMs: ageMs(entry.stored, nowMs), leftMs };
  }

  #stored({ atMs }: Asked, ttlMs: number): Stored {
    const wallMs = this.#clock.wallMs();
    return {
      status: 200,
      headers: ['content-type', 'application/json', 'date', formatHttpDate(wallMs)],
      control: [],
      reuse: {
        ...{ freshMs: ttlMs, source: 'override', staleWhileRevalidateMs: 0, staleIfErrorMs: 0 },
        ...{ isErrorLimitOfOrigin: true, isClientsChoice: false, alwaysAsks: false, immutable: false },
      },
      bornAtMs: this.#clock.nowMs(),
      askedAtMs: atMs,
      ...{ etag: null, lastModifiedMs: null, dateMs: wallMs, part: null, vary: [] },
    };
  }
}

/** What purges mean of it: its URL and its host, as of any response, and tags for what a model has said. */
export function subjectOf({ authority, path }: GatewayRequest, routeId: string, model: string): PurgeSubject {
  const tags = ['ai', `ai-route:${routeId}`, `ai-model:${model}`.slice(0, TAG_LENGTH_MAX)];
  return { authority: markedAuthority(authority), path: markedPath(path), url: markedUrl(authority, path, ''), tags };
}

/** Answers are not told through it: whoever waits is told by `go`. */
const noHandler = {
  onHeaders() {},
  onData: () => true,
  onComplete() {},
  onError() {},
};
