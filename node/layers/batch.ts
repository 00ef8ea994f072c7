/** Takes several requests as one: the end of the chain for a route of that kind. What it does is in node/optimize/batch, which is loaded late. */
import type { Place } from '../pipeline/chain.js';

export const batch: Place = (route, services) => {
  if (route.action.kind !== 'batch') return null;
  const composers = services.composers ?? null;
  if (composers === null) throw new Error(`route "${route.id}" takes batches, and what does that is not loaded`);
  const dispatch = composers.batch(route, route.action, services);
  return () => dispatch;
};
