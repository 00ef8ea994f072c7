/** The chains of other routes, for a route that asks them: found by name when they are first asked, since they may be compiled after it. */
import type { AuthSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch, GatewayRequest } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { compileMatcher } from '../route/router.js';

export interface Ways {
  /** The whole chain of a route, where it takes the request; writes its name and parameters to the exchange. Null: it does not. */
  to(routeId: string, request: GatewayRequest): Dispatch | null;
  route(routeId: string): RouteSpec | undefined;
  authOf(routeId: string): readonly AuthSpec[];
}

export function linkedWays({ chains }: Pick<ChainServices, 'chains'>): Ways {
  const matchers = new Map<string, ReturnType<typeof compileMatcher<Dispatch>>>();
  const route = (id: string): RouteSpec | undefined => chains?.get(id)?.route;
  return {
    to(id, request) {
      const chain = chains?.get(id);
      if (chain === undefined) return null;
      const match = matchers.get(id) ?? compileMatcher([{ route: chain.route, target: chain.dispatch }]);
      matchers.set(id, match);
      const found = match(request);
      if (typeof found === 'string' || !('target' in found)) return null;
      request.exchange.routeId = id;
      request.exchange.params = found.params;
      return found.target;
    },
    route,
    authOf: (id) => route(id)?.auth ?? [],
  };
}
