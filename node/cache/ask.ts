/** A request as the cache sees it, and what must not be looked up at all. Pure. */

import { type CacheDirectives, cacheControl, emptyDirectives, noDirectives } from '@weir/proto/http/cache-control.js';
import type { ForwardReason } from '@weir/proto/http/cache-status.js';
import { type HeaderList, hasField, headerValue, listTokens } from '@weir/proto/http/headers.js';
import { isSafe } from '@weir/proto/http/methods.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';

export interface Ask {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Host with its port, lower-case. */
  readonly authority: string;
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly hasBody: boolean;
  /** In the form of `keyedConsumer`. */
  readonly consumerId: string | null;
  /** It came with Authorization, which the gateway has judged and may have taken off. */
  readonly wasAuthorized?: boolean;
  /** What a trusted peer says of the place that its own client has asked for (proto/http/origin-claims.ts). Left out, or empty: nothing. */
  readonly placeSaid?: string;
}

/**
 * Whether its answer is for those alone who are allowed, until the origin says more (RFC 9111 §3.5). Where the gateway has
 * taken the credential off, and keeps the answers of each consumer apart, nobody else would get it anyway.
 */
export function isAuthorized({ headers, wasAuthorized }: Ask, { key }: CacheSpec): boolean {
  return hasField(headers, 'authorization') || (wasAuthorized === true && !key.byConsumer);
}

/** May change something; an unknown method may change anything. */
export function isUnsafe(method: string): boolean {
  return !isSafe(method);
}

/**
 * Why a request goes past the cache, or null when it is looked up. A precondition that only the origin can judge
 * (If-Match, If-Unmodified-Since) belongs to it (RFC 9111 §4.3.2), and so does a request that asks to become something else.
 */
export function whyBypass(ask: Ask, directives: CacheDirectives, isPlain = false): ForwardReason | null {
  if (ask.method !== 'GET' && ask.method !== 'HEAD') return 'method';
  if (ask.hasBody || directives.noStore) return 'request';
  if (isPlain) return null;
  if (hasField(ask.headers, 'if-match') || hasField(ask.headers, 'if-unmodified-since')) return 'request';
  return hasField(ask.headers, 'upgrade') ? 'request' : null;
}

/** Fields that a cache looks at: directives, preconditions, ranges, and the wish to become something else. */
const LOOKED_AT: ReadonlySet<string> = new Set([
  ...['cache-control', 'pragma', 'range', 'if-range', 'upgrade'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
]);

const LENGTHS: ReadonlySet<number> = new Set([...LOOKED_AT].map((name) => name.length));

/** There is none of them, as in most requests: nothing of what follows has to be looked for one by one. */
export function isPlain(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (LENGTHS.has(name.length) && LOOKED_AT.has(name)) return false;
  }
  return true;
}

/** What this request says about caching, as far as the route listens. Pragma counts where there is no Cache-Control (§5.4). */
export function askedDirectives(headers: HeaderList, spec: CacheSpec): CacheDirectives {
  const isSaid = hasField(headers, 'cache-control');
  const pragma = isSaid ? undefined : headerValue(headers, 'pragma');
  if (!spec.obeysRequests) {
    // What a client does not want stored is never stored, and what it does not want fetched never fetched.
    if (!isSaid) return noDirectives;
    const { noStore, onlyIfCached } = cacheControl(headers);
    return { ...noDirectives, noStore, onlyIfCached };
  }
  if (isSaid) return cacheControl(headers);
  if (pragma === undefined || !listTokens(pragma).includes('no-cache')) return noDirectives;
  return { ...emptyDirectives(), noCache: true };
}
