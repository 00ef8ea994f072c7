/**
 * What a purge means, and questions about the cache of a node with their answers: each has a number, and is answered once under
 * it. Purges themselves go through the purge log (`purge-log.ts`).
 */
import { z } from 'zod';
import { MESSAGE_VERSION } from './message.js';

const v = z.literal(MESSAGE_VERSION);
/** Of the one who asks; growing. */
const number = z.number().int().nonnegative();

/** What a purge means. An authority is a host in lower case, with its port where that is no usual one. */
export type PurgeTarget =
  | { readonly kind: 'url'; readonly authority: string; readonly path: string; readonly query: string }
  /** All paths that begin so. */
  | { readonly kind: 'prefix'; readonly authority: string; readonly prefix: string }
  | { readonly kind: 'tag'; readonly tag: string }
  /** Without a port: on all of them. */
  | { readonly kind: 'host'; readonly authority: string }
  | { readonly kind: 'all' };

/** Targets of one purge. */
export const purgeTargetsMax = 256;

const text = z.string().max(16 * 1024);

export const purgeTarget: z.ZodType<PurgeTarget> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('url'), authority: text, path: text, query: text }),
  z.object({ kind: z.literal('prefix'), authority: text, prefix: text }),
  z.object({ kind: z.literal('tag'), tag: text }),
  z.object({ kind: z.literal('host'), authority: text }),
  z.object({ kind: z.literal('all') }),
]);

/** A request as somebody would make it. */
export interface InspectedRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  /** Names, lower-case, and values in turn. */
  readonly headers: readonly string[];
  /** As whom it would be made; null: as nobody. */
  readonly consumer: string | null;
}

/** Control → node: what is stored for this, and what would be done with it? */
export interface InspectOrder {
  readonly v: 1;
  readonly kind: 'cache.inspect';
  readonly number: number;
  readonly request: InspectedRequest;
}

export const inspectedRequest: z.ZodType<InspectedRequest> = z.object({
  method: text,
  scheme: z.enum(['http', 'https']),
  authority: text,
  path: text,
  query: text,
  headers: z.array(text).max(200),
  consumer: text.nullable(),
});

export const inspectOrder: z.ZodType<InspectOrder> = z.object({
  v,
  kind: z.literal('cache.inspect'),
  number,
  request: inspectedRequest,
});

/** One stored answer; times in seconds. */
export interface StoredVariant {
  readonly route: string;
  readonly url: string;
  readonly status: number;
  readonly ageS: number;
  /** What is left of its freshness; negative: since when it is stale. */
  readonly freshS: number;
  /** Who said how long it is fresh. */
  readonly freshBy: string;
  /** Never used without asking. */
  readonly alwaysAsks: boolean;
  readonly staleWhileRevalidateS: number;
  readonly staleIfErrorS: number;
  readonly bodyBytes: number;
  /** Of the memory. */
  readonly bytes: number;
  readonly contentType: string | null;
  readonly etag: string | null;
  /** Which bytes it holds, where it is a part. */
  readonly part: string | null;
  readonly vary: readonly string[];
  readonly tags: readonly string[];
  readonly purged: 'no' | 'soft' | 'hard';
}

/** What would be done with the request now. */
export type Foretold =
  | { readonly kind: 'no-route' }
  /** The route keeps nothing. */
  | { readonly kind: 'no-cache'; readonly route: string }
  /** Not looked up, or not found, or not to be used as it is: the upstream is asked, for this reason. */
  | { readonly kind: 'bypass' | 'ask'; readonly route: string; readonly reason: string }
  /** Answered from the cache; `refreshes`: and the upstream is asked behind it. */
  | { readonly kind: 'hit'; readonly route: string; readonly isStale: boolean; readonly refreshes: boolean }
  /** 504, since the request wants nothing but what is stored. */
  | { readonly kind: 'unavailable'; readonly route: string };

export interface CacheInspection {
  readonly foretold: Foretold;
  readonly variants: readonly StoredVariant[];
  /** False: there may be more than was looked at. */
  readonly isComplete: boolean;
  /** Why the latest answer that was not stored was not. */
  readonly notStored: { readonly why: string; readonly status: number; readonly atWallMs: number } | null;
}

/** Node → control. */
export interface Inspected {
  readonly v: 1;
  readonly kind: 'cache.inspected';
  readonly number: number;
  readonly inspection: CacheInspection;
}

const foretold: z.ZodType<Foretold> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('no-route') }),
  z.object({ kind: z.literal('no-cache'), route: z.string() }),
  z.object({ kind: z.enum(['bypass', 'ask']), route: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('hit'), route: z.string(), isStale: z.boolean(), refreshes: z.boolean() }),
  z.object({ kind: z.literal('unavailable'), route: z.string() }),
]);

const variant: z.ZodType<StoredVariant> = z.object({
  route: z.string(),
  url: z.string(),
  status: z.number(),
  ageS: z.number(),
  freshS: z.number(),
  freshBy: z.string(),
  alwaysAsks: z.boolean(),
  staleWhileRevalidateS: z.number(),
  staleIfErrorS: z.number(),
  bodyBytes: z.number(),
  bytes: z.number(),
  contentType: z.string().nullable(),
  etag: z.string().nullable(),
  part: z.string().nullable(),
  vary: z.array(z.string()),
  tags: z.array(z.string()),
  purged: z.enum(['no', 'soft', 'hard']),
});

export const cacheInspection: z.ZodType<CacheInspection> = z.object({
  foretold,
  variants: z.array(variant),
  isComplete: z.boolean(),
  notStored: z.object({ why: z.string(), status: z.number(), atWallMs: z.number() }).nullable(),
});

export const inspected: z.ZodType<Inspected> = z.object({
  v,
  kind: z.literal('cache.inspected'),
  number,
  inspection: cacheInspection,
});

/** Node → control: a question could not be answered. */
export interface CacheFailed {
  readonly v: 1;
  readonly kind: 'cache.failed';
  readonly number: number;
  readonly reason: string;
}

export const cacheFailed: z.ZodType<CacheFailed> = z.object({
  v,
  kind: z.literal('cache.failed'),
  number,
  reason: z.string(),
});
