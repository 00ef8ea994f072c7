/**
 * Rate limits of the route, at two places of its chain. A request passes when all of them allow it; one that a limit
 * refuses costs the others of the same place nothing.
 * Every answer, refusals included, states the policies and what is left (limit/ratelimit-fields.ts). So does the 202 of a
 * job, which is given above this layer: `exchange.limitFields` is for that.
 *
 * Keys: an IPv6 client is its /64, since that is what one household or host is given and can change within at will. A
 * request without an authenticated consumer counts for its address, and one without the header for all that have none.
 */
import { failure } from '@weir/proto/http/failures.js';
import { combinedValue } from '@weir/proto/http/headers.js';
import type { LimitSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { addressBytes } from '../address/cidr-set.js';
import type { Limiter, LimitVerdict } from '../limit/limiter-store.js';
import { compileRateLimit, policyField, policyNames, wholeSeconds } from '../limit/ratelimit-fields.js';
import type { Place } from '../pipeline/chain.js';
import { type GatewayRequest, type Layer, nothingToCancel } from '../pipeline/dispatch.js';
import { editedResponse, type HeaderEdit } from '../pipeline/edited-response.js';
import type { ChainServices } from '../pipeline/services.js';

/** Longest part of a header value that tells keys apart, in characters; bounds the memory of one key. */
const KEY_LENGTH_MAX = 256;

interface BoundLimit {
  readonly limiter: Limiter;
  readonly keyOf: (request: GatewayRequest) => string;
}

/** Limits by route, address or header: above authenticate, so that guessing credentials is limited as well. */
export const limitCallers: Place = (route, services) => limitBy(route, services, (spec) => spec.by !== 'consumer');

/** Limits by consumer: below authenticate, which says who that is. */
export const limitConsumers: Place = (route, services) => limitBy(route, services, (spec) => spec.by === 'consumer');

function limitBy(route: RouteSpec, services: ChainServices, isMine: (spec: LimitSpec) => boolean): Layer | null {
  const specs = route.limits.filter(isMine);
  if (specs.length === 0) return null;
  const names = policyNames(specs);
  const policies = policyField(names, specs);
  const limits = specs.map(
    (spec): BoundLimit => ({
      limiter: services.limiters.limiter(route.id, route.limits.indexOf(spec), spec),
      keyOf: compileKey(spec.by),
    }),
  );
  const rateLimit = compileRateLimit(names);
  // Spread and not concat, which takes twice as long.
  const edit: HeaderEdit<string> = (headers, _of, left) => [
    ...headers,
    'ratelimit-policy',
    policies,
    'ratelimit',
    left,
  ];
  return (next) => (request, handler) => {
    const verdicts = judge(limits, request, services.clock.nowMs());
    const left = rateLimit(verdicts);
    const refusing = verdicts.findIndex(({ allowed }) => !allowed);
    if (refusing === -1) {
      const { exchange } = request;
      if (exchange.noJob !== null) exchange.limitFields = edit(exchange.limitFields, 'response', left);
      return next(request, editedResponse(handler, edit, left));
    }
    const waitMs = verdicts.reduce(
      (most, verdict) => (verdict.allowed ? most : Math.max(most, verdict.retryAfterMs)),
      0,
    );
    const retryAfterS = Math.max(1, wholeSeconds(waitMs));
    const detail = `the limit "${names[refusing]}" of this route is reached`;
    handler.onError(failure('rate_limited', detail, { retryAfterS, headers: edit([], 'failure', left) }));
    return nothingToCancel;
  };
}

/** Takes from all limits, or, when one refuses, from none. Nothing runs in between, so what is peeked is what is taken. */
function judge(limits: readonly BoundLimit[], request: GatewayRequest, nowMs: number): LimitVerdict[] {
  const [only] = limits;
  if (limits.length === 1 && only !== undefined) return [only.limiter.take(only.keyOf(request), nowMs)];
  const keys = limits.map(({ keyOf }) => keyOf(request));
  const peeked = limits.map(({ limiter }, i) => limiter.peek(keys[i] ?? '', nowMs));
  if (peeked.some(({ allowed }) => !allowed)) {
    // Those that would have allowed it were spared the request that their verdict has already counted.
    return peeked.map((verdict) => (verdict.allowed ? { ...verdict, remaining: verdict.remaining + 1 } : verdict));
  }
  return limits.map(({ limiter }, i) => limiter.take(keys[i] ?? '', nowMs));
}

function compileKey(by: LimitSpec['by']): BoundLimit['keyOf'] {
  if (by === 'route') return () => '';
  if (by === 'address') return (request) => addressKey(request.exchange.clientAddress);
  if (by === 'consumer') {
    return ({ exchange }) =>
      exchange.consumerId === null ? ` ${addressKey(exchange.clientAddress)}` : consumerKey(exchange.consumerId);
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
