/**
 * What would be done with a request if it came now: by the decisions that its route's cache takes, and without asking
 * anybody. For whoever inspects the cache.
 */
import type { Foretold, InspectedRequest } from '@weir/proto/events/cache.js';
import type { Matcher } from '../route/router.js';
import { type Ask, askedDirectives, whyBypass } from './ask.js';
import { cacheKey } from './cache-key.js';
import { lookUp } from './look-up.js';
import type { NodeCache } from './node-cache.js';
import { compileBypass } from './route-cache.js';
import { scopedRoute } from './scopes.js';

/** `find`: null while no routes are in force. */
export function foretell(
  request: InspectedRequest,
  find: Matcher<unknown> | null,
  { scopes, l1, gate }: Pick<NodeCache, 'scopes' | 'l1' | 'gate'>,
  nowMs: number,
): Foretold {
  const found = find?.(request);
  if (found === undefined || typeof found === 'string' || !('route' in found)) return { kind: 'no-route' };
  const { id: route, cache: spec } = found.route;
  if (spec === null) return { kind: 'no-cache', route };
  const ask: Ask = { ...request, hasBody: false, consumerId: request.consumer };
  const asked = askedDirectives(ask.headers, spec);
  // An inspection has no body to make a key of.
  if (ask.method === 'POST' && spec.key.body !== null) return { kind: 'ask', route, reason: 'body' };
  const bypass = compileBypass(spec.bypass)(ask) ? 'bypass' : whyBypass(ask, asked);
  if (bypass !== null) return { kind: 'bypass', route, reason: bypass };
  const key = `${scopes.prefix(scopedRoute(found.route, spec))}${cacheKey(ask, spec.key)}`;
  const { entry, softPurgedAtMs, isKnown } = l1.find(key, ask.headers);
  const missReason = isKnown ? 'vary-miss' : 'uri-miss';
  const verdict = lookUp(entry?.stored ?? null, asked, softPurgedAtMs, missReason, nowMs, gate.isOpen);
  switch (verdict.kind) {
    case 'hit':
      return { kind: 'hit', route, isStale: verdict.isStale, refreshes: verdict.refreshes };
    case 'ask':
      return { kind: 'ask', route, reason: verdict.reason };
    case 'unavailable':
      return { kind: 'unavailable', route };
  }
}
