/**
 * What is stored for a URL, as it is told to whoever inspects the cache: plain data, ages and what is left in seconds, and
 * nothing of what a body says. Pure.
 */
import { headerValue } from '@weir/proto/http/headers.js';
import type { CacheKeySpec } from '@weir/proto/snapshot/cache.js';
import { purgedQuery } from './cache-key.js';
import type { LifetimeSource } from './freshness.js';
import { markedAuthority, markedPath, markedUrl, type PurgeMarks, type PurgeSubject } from './purge/marks.js';
import type { NotedRefusal } from './refusals.js';
import { type Entry, sizeOf } from './store/l1.js';
import { ageMs, remainingMs } from './stored.js';

export interface InspectedUrl {
  /** Host with its port, lower-case. */
  readonly authority: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
}

export interface InspectedVariant {
  /** Whose answer it is. */
  readonly route: string;
  readonly status: number;
  readonly ageS: number;
  /** What is left of its freshness; negative: since when it is stale. */
  readonly freshS: number;
  readonly freshBy: LifetimeSource;
  /** Never used without asking (no-cache). */
  readonly alwaysAsks: boolean;
  /** How long it may be used beyond its freshness. */
  readonly staleWhileRevalidateS: number;
  readonly staleIfErrorS: number;
  readonly bodyBytes: number;
  /** What it takes of the memory, body included. */
  readonly bytes: number;
  readonly contentType: string | null;
  readonly etag: string | null;
  /** The bytes that it holds, where it is a part. */
  readonly part: string | null;
  /** Request fields by which it was selected. */
  readonly vary: readonly string[];
  readonly tags: readonly string[];
  /** `hard`: it is not used any more, and goes when its place is wanted. */
  readonly purged: 'no' | 'soft' | 'hard';
  /** The URL as it was stored, where it was spelt otherwise. */
  readonly url: string;
}

export interface Inspection {
  readonly variants: readonly InspectedVariant[];
  /** False: only the most recently used part of the cache was looked through. */
  readonly isComplete: boolean;
  /** Why the latest answer that was not stored was not; null: it is not known, or the latest was stored. */
  readonly notStored: NotedRefusal | null;
}

/** What marks may mean of what is stored for this request: its URL as its key has it, without what is left out there. */
export function subjectOfAsk({ authority, path, query }: InspectedUrl, spec: CacheKeySpec): PurgeSubject {
  return subjectOf({ authority, path, query: purgedQuery(query, spec.query) }, []);
}

/** What marks may mean of a response to this URL. */
export function subjectOf({ authority, path, query }: InspectedUrl, tags: readonly string[]): PurgeSubject {
  return {
    authority: markedAuthority(authority),
    path: markedPath(path),
    url: markedUrl(authority, path, query),
    tags,
  };
}

export function inspectedVariant(entry: Entry, route: string, marks: PurgeMarks, nowMs: number): InspectedVariant {
  const { stored, body, subject, began, at } = entry;
  const purgedAtMs = marks.purgedAtMs(subject, began);
  const isSoft = purgedAtMs !== Number.POSITIVE_INFINITY;
  return {
    route,
    status: stored.status,
    ageS: seconds(ageMs(stored, nowMs)),
    freshS: seconds(Math.min(remainingMs(stored, nowMs), isSoft ? Math.max(purgedAtMs, 0) - nowMs : Infinity)),
    freshBy: stored.reuse.source,
    alwaysAsks: stored.reuse.alwaysAsks,
    staleWhileRevalidateS: seconds(stored.reuse.staleWhileRevalidateMs),
    staleIfErrorS: seconds(stored.reuse.staleIfErrorMs),
    bodyBytes: body.bytes,
    bytes: sizeOf(entry, at),
    contentType: headerValue(stored.headers, 'content-type') ?? null,
    etag: stored.etag,
    part: stored.part === null ? null : (headerValue(stored.headers, 'content-range') ?? null),
    vary: stored.vary,
    tags: subject.tags,
    purged: purgedAtMs === Number.NEGATIVE_INFINITY ? 'hard' : isSoft ? 'soft' : 'no',
    url: subject.url,
  };
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
