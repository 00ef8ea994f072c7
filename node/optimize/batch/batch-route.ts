/** A route that takes batches, compiled: which routes it may ask. */
import type { BatchRouteSpec } from '@weir/proto/snapshot/compose.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../../pipeline/dispatch.js';
import type { ChainServices, RouteChain } from '../../pipeline/services.js';
import { compileMatcher } from '../../route/router.js';
import { Batching } from './batching.js';

type Match = ReturnType<typeof compileMatcher<RouteChain>>;

export interface BatchRules {
  readonly routeId: string;
  readonly spec: BatchRouteSpec;
  readonly match: Match;
  readonly services: ChainServices;
}

export function compileBatch(route: RouteSpec, spec: BatchRouteSpec, services: ChainServices): Dispatch {
  // A request goes where a client's would go, and only then it is asked whether it may: no list changes what a path means.
  const rules: BatchRules = {
    ...{ routeId: route.id, spec, services },
    match: (request) => matcherOf(services)(request),
  };
  return (request, handler) => new Batching(request, handler, rules).begin();
}

/** Of all routes of a snapshot: compiled when the first batch comes, for they may be compiled after this one; once for all who take batches. */
const matchers = new WeakMap<object, Match>();

function matcherOf({ chains = new Map() }: ChainServices): Match {
  const known = matchers.get(chains);
  if (known !== undefined) return known;
  const match = compileMatcher([...chains.values()].map((target) => ({ route: target.route, target })));
  matchers.set(chains, match);
  return match;
}
