/** Holds requests to the route's operation of a contract: parameters and JSON bodies. What does it is in node/contract, which is loaded late. */
import type { Place } from '../pipeline/chain.js';

export const holdToContract: Place = (route, services) => {
  if (route.contract === null) return null;
  const hold = services.contracts ?? null;
  if (hold === null) throw new Error(`route "${route.id}" is held to a contract, and what does that is not loaded`);
  return hold(route.contract, services.bodies);
};
