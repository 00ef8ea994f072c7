/**
 * The second level of the cache, as the rest of a node sees it: what nodes keep for each other, in Redis. A node asks it
 * when its own memory does not have something, and gives it what it stores.
 *
 * It never costs a request more than a few milliseconds: what does not answer in time is skipped, and not asked for a
 * while. And it never answers with what was purged: a response that was asked for before a purge is not found here after
 * `purge` was called on this node, nor on any other once that promise has resolved to true. What other nodes have in their own
 * memory they give up when they hear of it.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { CacheL2Spec } from '@weir/proto/snapshot/cache.js';
import type { LinkState } from '../../redis/link-state.js';
import type { CacheKey } from '../cache-key.js';
import type { PurgeSubject, PurgeTarget } from '../purge/marks.js';
import type { StoredBody } from '../store/body.js';
import type { Stored } from '../stored.js';
import type { Generation } from './generations.js';

export interface L2 {
  /** False: `find` would find nothing at once. Spares the caller a turn of the event loop. */
  readonly isReadable: boolean;
  /**
   * Taken when a fetch begins, and given to `keep` with what it fetched. Null: Redis was not reached yet, so what is
   * fetched now can't be kept.
   */
  generation(): Generation | null;
  /**
   * The variant that these request fields select. Keys are the same on all nodes: they begin with the id of a route and
   * the rule of its key, and not with a number that a node has given.
   */
  find(key: CacheKey, headers: HeaderList): Promise<L2Found | null>;
  /** Counts a look-up that its caller has spared itself, since `isReadable` is false or too many are under way. */
  skip(): void;
  /** Written behind the answer. False: it won't be. */
  keep(offer: L2Offer): boolean;
  /** A request has changed what is stored here (RFC 9111 §4.4). */
  forget(key: CacheKey): void;
  /** From when this is called, this node finds nothing that it means. True: nor does any other; false: Redis is yet to be told. */
  purge(target: PurgeTarget, isSoft: boolean): Promise<boolean>;
  /** From now on `obey` is told of the purges of other nodes, within `HEARD_WITHIN_MS` while Redis answers. */
  hear(obey: (target: PurgeTarget, isSoft: boolean) => void): void;
  /** Who of all nodes fetches this. Only where the spec has `collapse`. */
  lease(key: CacheKey): Promise<LeaseOutcome>;
  /** What another node has fetched meanwhile. */
  follow(key: CacheKey, headers: HeaderList): Following;
  /**
   * Limits from now on, also for what is under way. Null: nothing is read from Redis, nor written, until there are some
   * again; purges are told all the same, for other nodes may read there.
   */
  use(spec: CacheL2Spec | null): void;
  counts(): L2Counts;
  /** What operators are to be told; each changes seldom. */
  warnings(): readonly string[];
  /** Gives up everything at once. */
  close(): void;
}

export interface L2Found {
  /** Its monotonic times are those of this node. */
  readonly stored: Stored;
  readonly subject: PurgeSubject;
  /** Infinity: not purged; otherwise since when it is stale: monotonic. */
  readonly softPurgedAtMs: number;
  readonly generation: Generation;
  readonly body: L2Body;
}

export interface L2Body {
  readonly bytes: number;
  readonly pieces: number;
  /** All of it when there is one piece, or none. */
  readonly first: Uint8Array;
  /** Null: it is not there any more, or does not come in time; an answer that has begun has to break off. */
  read(index: number): Promise<Uint8Array | null>;
}

export interface L2Offer {
  readonly key: CacheKey;
  /** Of the request: they tell which variant it is. */
  readonly headers: HeaderList;
  readonly stored: Stored;
  readonly subject: PurgeSubject;
  readonly body: StoredBody;
  /** When its fetch, or its last validation, began. */
  readonly generation: Generation | null;
  /** Ends when it is written, or when it turns out that it won't be. */
  readonly lease?: Lease;
}

export type LeaseOutcome =
  /** This node fetches; it ends the lease by `keep` or by `release`, in every case. */
  | { readonly kind: 'leads'; readonly lease: Lease }
  /** Another one does: `follow`. */
  | { readonly kind: 'follows' }
  /** Each for itself: this was found not to be worth waiting for, or Redis can't tell. */
  | { readonly kind: 'alone' };

export interface Lease {
  readonly token: string;
  /** There will be nothing to find. `isForAll`: nobody need wait for this key for a while, since it is not stored. */
  release(isForAll: boolean): void;
  /** It has ended in Redis, or is left to end by itself. */
  stop(): void;
}

export interface Following {
  /** Null: ask by yourself. */
  readonly found: Promise<L2Found | null>;
  /** Nobody waits for it any more; it is null then. */
  cancel(): void;
}

/** So often Redis is asked for purges of other nodes: so long a node serves from its memory what another one has purged. */
export const HEARD_WITHIN_MS = 250;

/** Why a look-up was not made, or came to nothing. The names are public: labels of a metric. */
export const skipReasons = ['off', 'away', 'late', 'busy', 'purges', 'unusable'] as const;
export type SkipReason = (typeof skipReasons)[number];

/** What became of what was offered. Likewise. */
export const keepOutcomes = [
  'kept',
  // Not taken.
  /** The configuration says `redis: false`, or has come to say it since. */
  'off',
  /** Redis was not reached when its fetch began. */
  'unknown',
  /** Part of a response, too long a head or body, or stale too soon. */
  'unfit',
  'queue-full',
  // Taken, and not kept after all.
  'expired',
  'away',
  'memory-full',
  /** Something newer is there. */
  'older',
  /** Redis has lost its memory since, or was told to forget it. */
  'overtaken',
  'failed',
] as const;
export type KeepOutcome = (typeof keepOutcomes)[number];

export interface L2Counts {
  /** False: it was given no limits, so it is neither read nor written. */
  readonly isOn: boolean;
  readonly hits: number;
  readonly misses: number;
  /** Found, and purged. */
  readonly purged: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;
  /** Bodies that broke off. */
  readonly broken: number;
  readonly offers: Readonly<Record<KeepOutcome, number>>;
  readonly queuedBytes: number;
  readonly queuedEntries: number;
  /** Commands that were not answered in time, and connections that were given up. */
  readonly lates: number;
  readonly drops: number;
  readonly reads: LinkState['kind'];
  readonly writes: LinkState['kind'];
  /** Purges of which Redis has yet to be told, and how often they became one of everything. */
  readonly pendingPurges: number;
  readonly purgeCollapses: number;
  /** Purges of other nodes that were obeyed, and how often everything was purged since some can't be known. */
  readonly heardPurges: number;
  readonly lostPurges: number;
  readonly leases: Readonly<Record<LeaseOutcome['kind'], number>>;
  /** Waits for another node that ended with an answer, and all. */
  readonly followed: number;
  readonly follows: number;
}
