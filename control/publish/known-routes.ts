/**
 * What routes of weir.yaml came to in the config before. Of a thousand routes a change touches a few, and one that is written as it was is the
 * very object that it was (`read-document.ts`); with the same around it, it comes to the same, and is encoded, compared and sent no more.
 * What is around a route is all that compiling it looks at beside the route itself: the gateway, the upstreams, the models, the contracts, the
 * ids of consumers, and how keys are hashed. Owns the latest of that.
 */
import type { WeirConfig } from '@weir/proto/config/document.js';
import type { Route } from '@weir/proto/config/route.js';
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';

export interface RouteSurroundings {
  readonly config: WeirConfig;
  /** Ids of the operator's own. */
  readonly consumers: ReadonlySet<string>;
  readonly sha256Hex: (text: string) => string;
}

/** What is not written in the route, and is of it alone. */
export interface RoutePlace {
  readonly id: string;
  readonly target: string;
  /** What it is held to. */
  readonly contract: RouteSpec['contract'];
}

export interface KnownRoutes {
  /** What it came to before, where all is as it was then; or what `make` makes of it. */
  route(route: Route, place: RoutePlace, make: () => RouteSpec): RouteSpec;
}

interface Known {
  readonly place: RoutePlace;
  readonly spec: RouteSpec;
}

interface Latest {
  readonly around: RouteSurroundings;
  /** Gone with the config that had the route last. */
  readonly known: WeakMap<Route, Known>;
}

let latest: Latest | null = null;

export function knownRoutes(around: RouteSurroundings): KnownRoutes {
  const known = latest !== null && isSame(latest.around, around) ? latest.known : new WeakMap<Route, Known>();
  latest = { around, known };
  return {
    route(route, place, make) {
      const before = known.get(route);
      if (before !== undefined && isSamePlace(before.place, place)) return before.spec;
      const spec = make();
      known.set(route, { place, spec });
      return spec;
    },
  };
}

function isSamePlace(one: RoutePlace, other: RoutePlace): boolean {
  return one.id === other.id && one.target === other.target && isSameValue(one.contract, other.contract);
}

/** All of a config but its routes and consumers. */
function isSame(one: RouteSurroundings, other: RouteSurroundings): boolean {
  if (one.sha256Hex !== other.sha256Hex || one.consumers.size !== other.consumers.size) return false;
  for (const id of one.consumers) if (!other.consumers.has(id)) return false;
  return isSameValue(besidesRoutes(one.config), besidesRoutes(other.config));
}

function besidesRoutes({ routes: _routes, consumers: _consumers, ...rest }: WeirConfig) {
  return rest;
}
