/**
 * Puts requests for one item each together to one for all of them. What it does is in node/optimize/coalesce, which is loaded late. Stands
 * below the cache, which knows each item by its own URL and asks once for all who want the same one; below the fallback, which each client
 * has for itself; and above all that makes attempts, which are made of the request for all.
 */
import type { Place } from '../pipeline/chain.js';

export const coalesce: Place = (route, services) => {
  const spec = route.coalesce;
  if (spec === null || route.action.kind !== 'proxy') return null;
  const composers = services.composers ?? null;
  if (composers === null) throw new Error(`route "${route.id}" coalesces, and what does that is not loaded`);
  return composers.coalesce(route, spec, services);
};
