/**
 * The Cache-Status field (RFC 9211): what each cache on the way did with a request, the one next to the origin first. This
 * cache appends itself; what stood there before is not looked at, since nothing is decided by it.
 *
 *   Cache-Status: weir; hit; ttl=376
 *   Cache-Status: weir; fwd=stale; fwd-status=304; stored; ttl=600
 *   Cache-Status: weir; fwd=bypass; detail=no-store
 */
import { combinedValue, type HeaderList, withField } from './headers.js';
import { structuredString } from './proxy-status.js';

/** Why a request went on towards the origin (RFC 9211 §2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';

export interface CacheStatus {
  /** Name of this cache; the pseudonym that it uses in Via. */
  readonly name: string;
  /** Null: answered from the cache without asking; `forbidden`: nor was anybody asked; otherwise why somebody was. */
  readonly forward: ForwardReason | 'forbidden' | null;
  /** Status of the next hop, where it is not the one that this answer has. */
  readonly forwardStatus?: number | undefined;
  /** Remaining freshness in seconds; negative when the answer was stale. */
  readonly ttlS?: number | undefined;
  readonly stored?: boolean | undefined;
  /** Waited for a request that was on its way already. */
  readonly collapsed?: boolean | undefined;
  /** A word of our own choosing, a token. */
  readonly detail?: string | undefined;
}

/** RFC 9651 §3.3.4. */
const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

const asItem = (text: string): string => (TOKEN.test(text) ? text : structuredString(text));

export function formatCacheStatus(status: CacheStatus): string {
  let text = asItem(status.name);
  if (status.forward !== 'forbidden') text += status.forward === null ? '; hit' : `; fwd=${status.forward}`;
  if (status.forwardStatus !== undefined) text += `; fwd-status=${status.forwardStatus}`;
  if (status.stored === true) text += '; stored';
  if (status.collapsed === true) text += '; collapsed';
  if (status.ttlS !== undefined) text += `; ttl=${Math.trunc(status.ttlS)}`;
  if (status.detail !== undefined) text += `; detail=${asItem(status.detail)}`;
  return text;
}

/** The same for hits alone, of which only the freshness differs. */
export function hitStatusOf(name: string): (ttlS: number) => string {
  const start = `${formatCacheStatus({ name, forward: null })}; ttl=`;
  return (ttlS) => start + Math.trunc(ttlS);
}

/** The list with this cache's member behind those of the caches before it. */
export function withCacheStatus(headers: HeaderList, status: CacheStatus): HeaderList {
  const before = combinedValue(headers, 'cache-status');
  const own = formatCacheStatus(status);
  return withField(headers, 'cache-status', before === undefined || before === '' ? own : `${before}, ${own}`);
}
