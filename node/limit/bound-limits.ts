/**
 * The limits of one place of a route, bound to their counters, and the judgement of all of them: a request passes when each
 * allows it, and one that a limit refuses costs the others nothing.
 *
 * Keys: an IPv6 client is its /64, since that is what one household or host is given and can change within at will. A
 * request without an authenticated consumer counts for its address, and one without the header for all that have none. A
 * name that another vouches for is not the consumer of that name.
 */
import { combinedValue } from '@weir/proto/http/headers.js';
import type { LimitSpec, RateLimitSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { addressBytes } from '../address/cidr-set.js';
import { keyedConsumer } from '../auth/own-consumers.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { HoldLimiter, Limiter, LimitVerdict } from './limiter.js';
import type { LimiterStore } from './limiter-store.js';
import { keyNames, limitIdOf } from './shared-limiter.js';
import type { StrictAsk, StrictCounter } from './strict-counter.js';

/** Longest part of a header value that tells keys apart, in characters; bounds the memory of one key. */
const KEY_LENGTH_MAX = 256;

export interface BoundLimit {
  readonly keyOf: (request: GatewayRequest) => string;
  /** Of a strict limit, what counts while Redis does not. */
  readonly limiter: Limiter;
  /** The same, where what is taken is given back. */
  readonly holds: HoldLimiter | null;
  readonly strict: StrictLimit | null;
}

export interface StrictLimit {
  readonly counter: StrictCounter;
  readonly withinMs: number;
  readonly onLoss: 'open' | 'closed';
  ask(key: string): StrictAsk;
}

export function bindLimits(route: RouteSpec, specs: readonly LimitSpec[], limiters: LimiterStore): BoundLimit[] {
  return specs.map((spec) => {
    // Limits of one scope count together, wherever they stand.
    const [owner, position] = spec.scope === undefined ? [route.id, route.limits.indexOf(spec)] : [`@${spec.scope}`, 0];
    const keyOf = compileKey(spec.by);
    if (spec.kind === 'concurrent') {
      const holds = limiters.holds(owner, position, spec);
      return { keyOf, limiter: holds, holds, strict: null };
    }
    const strict = spec.redis === null ? null : bindStrict(owner, position, spec, limiters.strict);
    return { keyOf, limiter: limiters.limiter(owner, position, spec), holds: null, strict };
  });
}

function bindStrict(
  routeId: string,
  position: number,
  { requests, periodMs, burst, by, keys, redis }: RateLimitSpec,
  counter: StrictCounter | null,
): StrictLimit {
  if (counter === null || redis === null)
    throw new Error(`limits of "${routeId}": a strict one needs a Redis to count in (--redis)`);
  const limitId = limitIdOf(JSON.stringify([routeId, position, requests, periodMs, burst, by]), counter.digest);
  counter.open();
  const names = keyNames(limitId, keys, counter.digest);
  return { counter, ...redis, ask: (key) => ({ key: names.get(key), requests, periodMs, burst }) };
}

export function keysOf(limits: readonly BoundLimit[], request: GatewayRequest): string[] {
  return limits.map(({ keyOf }) => keyOf(request));
}

/** Takes from all limits, or, when one refuses, from none. Nothing runs in between, so what is peeked is what is taken. */
export function judge(limits: readonly BoundLimit[], keys: readonly string[], nowMs: number): LimitVerdict[] {
  const [only] = limits;
  if (limits.length === 1 && only !== undefined) return [only.limiter.take(keys[0] ?? '', nowMs)];
  const peeked = limits.map(({ limiter }, i) => limiter.peek(keys[i] ?? '', nowMs));
  if (peeked.every(({ allowed }) => allowed)) return limits.map(({ limiter }, i) => limiter.take(keys[i] ?? '', nowMs));
  // Whoever refuses hears that it was asked, as shares go by that.
  for (const [i, { allowed }] of peeked.entries()) if (!allowed) limits[i]?.limiter.take(keys[i] ?? '', nowMs);
  return peeked.map(untaken);
}

/** Those that would have allowed it were spared the request that their verdict has already counted. */
export function untaken(verdict: LimitVerdict): LimitVerdict {
  return verdict.allowed ? { ...verdict, remaining: verdict.remaining + 1 } : verdict;
}

function compileKey(by: LimitSpec['by']): BoundLimit['keyOf'] {
  if (by === 'route') return () => '';
  if (by === 'address') return (request) => addressKey(request.exchange.clientAddress);
  if (by === 'consumer') {
    return ({ exchange }) => {
      const consumer = keyedConsumer(exchange.consumerId, exchange.vouchedBy);
      return consumer === null ? ` ${addressKey(exchange.clientAddress)}` : consumerKey(consumer);
    };
  }
  return (request) => (combinedValue(request.headers, by.header) ?? '').slice(0, KEY_LENGTH_MAX);
}

/**
 * No consumer's name can be taken for an address, which has a space before it. Nearly every name is its own key: a text
 * that is put together anew would also have to be hashed anew, for each request.
 */
function consumerKey(consumerId: string): string {
  return consumerId.charCodeAt(0) === SPACE ? `  ${consumerId}` : consumerId;
}

const SPACE = 0x20;

/** The address itself, or the /64 of an IPv6 address. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = addressBytes(address);
  if (bytes === null) return address;
  return bytes.length === 4 ? bytes.join('.') : bytes.slice(0, 8).join('.');
}
