/**
 * The cache of a node: what is stored, what was purged, what is being fetched, and why something was not stored. One for
 * the node, so that a reload keeps it, and a purge needs to be told once. Sole owner of its parts; layers use them.
 *
 *   marks      what was purged: look-ups compare
 *   l1         what is stored, bounded in bytes
 *   flights    what is being fetched
 *   second     what nodes keep for each other in Redis, where there is one
 *   scopes     which keys belong to which route
 *   refusals   why answers were not stored
 *   gate       whether what is stored may be served now
 */
import type { CacheMemorySpec, CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Clock, Timer, Timers } from '../time/clock.js';
import { ofList, type Work } from '../time/slices.js';
import { Flights } from './fetch/flights.js';
import { SecondLevel } from './fetch/second-level.js';
import { type InspectedUrl, type InspectedVariant, type Inspection, inspectedVariant } from './inspection.js';
import type { L2, L2Counts } from './l2/l2.js';
import { fingerprints } from './purge/fingerprint.js';
import { KeyedUrls } from './purge/keyed-urls.js';
import { limitsOfNode, markedUrl, PurgeMarks, type PurgeTarget } from './purge/marks.js';
import type { OtherNodes } from './purge/others.js';
import { NOTED_MAX, type NotedRefusal, Refusals } from './refusals.js';
import type { PurgeKind } from './results.js';
import { type ScopedRoute, Scopes, scopedRoute } from './scopes.js';
import { ServeGate } from './serve-gate.js';
import { L1 } from './store/l1.js';

export interface NodeCacheServices {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Left out: this node shares nothing with others. */
  readonly l2?: L2 | null;
  /** Hears of each purge when it is as far in force as it was waited for. */
  readonly onPurged?: (kind: PurgeKind, ms: number, isTold: boolean) => void;
  /** Drawn once, so that no client can make two URLs that are one here. Left out: 0. */
  readonly seed?: number;
}

export interface CacheCounts {
  readonly bytes: number;
  readonly entries: number;
  readonly writingBytes: number;
  readonly heldBytes: number;
  readonly evictions: number;
  readonly purges: number;
  /** Marks of purges that are kept, and how often some had to be given up. */
  readonly marks: number;
  readonly markCollapses: number;
  /** Fetches that have not ended, those of them that others may wait for, and those that nobody waits for. */
  readonly fetches: number;
  readonly flights: number;
  readonly refreshes: number;
  readonly refreshRefusals: number;
  /** Requests for which a stored answer might not be used, since it was not known what was purged. */
  readonly withheld: number;
  /** Null: there is no second level. */
  readonly l2: L2Counts | null;
}

/** What a reload says to it. */
export interface CachedRoute extends Pick<RouteSpec, 'id' | 'mask' | 'convert'> {
  readonly cache: CacheSpec | null;
}

export interface NodeCache {
  /** From when this returns, no answer that was asked for before is used as it was. Returns the number of the purge. */
  purge(target: PurgeTarget, isSoft: boolean): number;
  /**
   * The same, and waits for a moment until the other nodes find none of it in Redis; what they have in their memory they give up
   * when they hear of it. False: they may find it, for Redis is away.
   */
  purgeEverywhere(target: PurgeTarget, isSoft: boolean): Promise<boolean>;
  /** In the memory of this node alone: somebody else tells Redis, or has. */
  purgeHere(target: PurgeTarget, isSoft: boolean): void;
  /** In Redis alone, for all nodes that share it. Null: this one shares nothing; false: Redis has yet to be told. */
  purgeShared(targets: readonly PurgeTarget[], isSoft: boolean): Promise<boolean> | null;
  /** A client has changed what is at this URL (RFC 9111 §4.4): a hard purge that takes no place from any. */
  change(url: InspectedUrl): void;
  /** The same, of a client of another node: it has told everybody else. */
  changeHere(url: InspectedUrl): void;
  inspect(url: InspectedUrl): Inspection;
  counts(): CacheCounts;
  /** Limits and routes of the snapshot that is in force from now on. */
  use(memory: CacheMemorySpec, routes: Iterable<CachedRoute>): void;
  readonly marks: PurgeMarks;
  readonly l1: L1;
  readonly flights: Flights;
  readonly second: SecondLevel | null;
  readonly scopes: Scopes;
  readonly refusals: Refusals;
  readonly gate: ServeGate;
  /** Null: this node is by itself. */
  others: OtherNodes | null;
}

/** Of all routes those that have a cache, for `use`. */
export const cachingRoutes = ofList(function* (routes: readonly CachedRoute[]): Work<readonly CachedRoute[]> {
  const caching: CachedRoute[] = [];
  for (const route of routes) {
    if (route.cache !== null) caching.push(route);
    yield;
  }
  return caching;
});

/** Before the first snapshot nothing is stored. */
const NOTHING = { bytes: 0, writingBytes: 0 };

/** Entries that an inspection looks at: some 5 ms. */
const INSPECTED_MAX = 100_000;
const VARIANTS_SHOWN_MAX = 100;

/** When a lowered limit is made good: so many entries at a time, which takes less than a tick of the timers. */
const TRIM_ENTRIES = 2_000;
const TRIM_EVERY_MS = 20;

export function createNodeCache(services: NodeCacheServices): NodeCache {
  return new Cache(services);
}

class Cache implements NodeCache {
  readonly marks: PurgeMarks;
  readonly scopes = new Scopes();
  readonly gate = new ServeGate();
  others: OtherNodes | null = null;
  readonly refusals: Refusals;
  readonly l1: L1;
  readonly flights: Flights;
  readonly second: SecondLevel | null;
  readonly #clock: Clock;
  readonly #onPurged: NonNullable<NodeCacheServices['onPurged']>;
  readonly #trimming: Timer;
  readonly #keyedUrls = new KeyedUrls();

  constructor({ clock, timers, l2 = null, seed = 0, onPurged = () => {} }: NodeCacheServices) {
    const print = fingerprints(seed);
    this.marks = new PurgeMarks(limitsOfNode, print);
    this.refusals = new Refusals(NOTED_MAX, print);
    this.l1 = new L1(NOTHING, this.marks);
    this.flights = new Flights(this.marks, print);
    this.#clock = clock;
    this.#onPurged = onPurged;
    this.second = l2 === null ? null : new SecondLevel(l2, this.l1, this.marks, clock);
    l2?.hear((target, isSoft) => this.#obey(target, isSoft));
    this.#trimming = timers.create(() => this.#trim());
  }

  purge(target: PurgeTarget, isSoft: boolean): number {
    void this.purgeEverywhere(target, isSoft);
    return this.marks.seq;
  }

  async purgeEverywhere(target: PurgeTarget, isSoft: boolean): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    const told: Promise<boolean>[] = [];
    for (const marked of this.#keyedUrls.marked(target)) {
      this.marks.purge(marked, isSoft, nowMs);
      if (this.second !== null) told.push(this.second.l2.purge(marked, isSoft));
    }
    return this.#purged(target.kind, nowMs, told);
  }

  purgeHere(target: PurgeTarget, isSoft: boolean): void {
    const nowMs = this.#clock.nowMs();
    for (const marked of this.#keyedUrls.marked(target)) this.marks.purge(marked, isSoft, nowMs);
    void this.#purged(target.kind, nowMs, []);
  }

  purgeShared(targets: readonly PurgeTarget[], isSoft: boolean): Promise<boolean> | null {
    const l2 = this.second?.l2;
    if (l2 === undefined) return null;
    const told = targets.flatMap((target) => [...this.#keyedUrls.marked(target)].map((each) => l2.purge(each, isSoft)));
    return Promise.all(told).then((all) => all.every((each) => each));
  }

  change({ authority, path, query }: InspectedUrl): void {
    const nowMs = this.#clock.nowMs();
    const told: Promise<boolean>[] = [];
    for (const kept of this.#keyedUrls.queries(query)) {
      this.marks.change(authority, path, kept);
      if (this.second !== null) told.push(this.second.l2.purge({ kind: 'url', authority, path, query: kept }, false));
    }
    this.others?.changed({ authority, path, query });
    void this.#purged('change', nowMs, told);
  }

  changeHere({ authority, path, query }: InspectedUrl): void {
    const nowMs = this.#clock.nowMs();
    for (const kept of this.#keyedUrls.queries(query)) this.marks.change(authority, path, kept);
    void this.#purged('change', nowMs, []);
  }

  async #purged(kind: PurgeKind, beganMs: number, told: readonly Promise<boolean>[]): Promise<boolean> {
    const isTold = (await Promise.all(told)).every((each) => each);
    this.#onPurged(kind, this.#clock.nowMs() - beganMs, isTold);
    return isTold;
  }

  /** What another node has purged. Which of its URLs clients have changed it does not say, so none of them takes a mark. */
  #obey(target: PurgeTarget, isSoft: boolean): void {
    if (target.kind === 'url' && !isSoft) this.marks.change(target.authority, target.path, target.query);
    else this.marks.purge(target, isSoft, this.#clock.nowMs());
  }

  inspect({ authority, path, query }: InspectedUrl): Inspection {
    const urls = new Set(this.#keyedUrls.queries(query).map((kept) => markedUrl(authority, path, kept)));
    const nowMs = this.#clock.nowMs();
    const variants: InspectedVariant[] = [];
    let looked = 0;
    for (const entry of this.l1.all()) {
      looked += 1;
      if (looked > INSPECTED_MAX || variants.length === VARIANTS_SHOWN_MAX) break;
      if (!urls.has(entry.subject.url)) continue;
      const route = this.scopes.routeOf(entry.at);
      if (route !== null) variants.push(inspectedVariant(entry, route, this.marks, nowMs));
    }
    const isComplete = looked <= INSPECTED_MAX && variants.length < VARIANTS_SHOWN_MAX;
    return { variants, isComplete, notStored: this.#latestRefusal(urls) };
  }

  #latestRefusal(urls: Iterable<string>): NotedRefusal | null {
    let latest: NotedRefusal | null = null;
    for (const url of urls) {
      const noted = this.refusals.latest(url);
      if (noted !== null && (latest === null || noted.atWallMs > latest.atWallMs)) latest = noted;
    }
    return latest;
  }

  counts(): CacheCounts {
    const { l1, marks, flights } = this;
    return {
      bytes: l1.bytes,
      entries: l1.entries,
      writingBytes: l1.writingBytes,
      heldBytes: l1.heldBytes,
      evictions: l1.evictions,
      purges: marks.seq,
      marks: marks.size,
      markCollapses: marks.collapses,
      fetches: flights.fetches,
      flights: flights.size,
      refreshes: flights.refreshes,
      refreshRefusals: flights.refreshRefusals,
      withheld: this.gate.withheld,
      l2: this.second?.l2.counts() ?? null,
    };
  }

  use({ memoryBytes, writingBytes, l2 }: CacheMemorySpec, routes: Iterable<CachedRoute>): void {
    const caching: ScopedRoute[] = [];
    for (const route of routes) if (route.cache !== null) caching.push(scopedRoute(route, route.cache));
    this.scopes.retain(caching);
    this.#keyedUrls.use(caching.map(({ key }) => key));
    this.l1.limit({ bytes: memoryBytes, writingBytes });
    this.second?.l2.use(l2);
    this.#trim();
  }

  #trim(): void {
    if (!this.l1.trim(TRIM_ENTRIES)) this.#trimming.arm(TRIM_EVERY_MS);
  }
}
