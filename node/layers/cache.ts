/**
 * Answers from what is stored, stores what passes, and makes one request of many that are the same (RFC 9111). All of it
 * is in node/cache; this is its place in the chain.
 *
 * Stands below what decides whether the client may ask at all, since an answer that is stored is given to whoever may; and
 * above everything that makes the request the upstream's, so that a key is the URL that clients use and purges name.
 */
import { answerThrough } from '../cache/answer.js';
import { routeCache } from '../cache/route-cache.js';
import type { Place } from '../pipeline/chain.js';

export const cache: Place = (route, services) => {
  const spec = route.cache;
  if (spec === null || (route.action.kind !== 'proxy' && route.action.kind !== 'compose')) return null;
  return (next) => {
    const compiled = routeCache(route, spec, services, next);
    return (request, handler) => answerThrough(compiled, request, handler);
  };
};
