/**
 * Answers by what several other routes answer: the end of the chain for a route of that kind. What it does is in node/optimize/compose, which
 * is loaded late. Stands below the cache, so that the whole can be kept as any answer can.
 */
import type { Place } from '../pipeline/chain.js';

export const compose: Place = (route, services) => {
  if (route.action.kind !== 'compose') return null;
  const composers = services.composers ?? null;
  if (composers === null) throw new Error(`route "${route.id}" is composed, and what composes is not loaded`);
  const dispatch = composers.compose(route, route.action, services);
  return () => dispatch;
};
