/** What nodes have to know of a service: that it is a team's, and where it lies. Pure. */
import type { RouteSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';

interface Parts {
  readonly upstreams: readonly UpstreamSpec[];
  readonly routes: readonly RouteSpec[];
}

/** Its upstreams lie at no address of the machine; what its answers make invalid in the cache is its own, and who is signed in at the console is not. */
export function ofTeam<T extends Parts>(basePath: string, parts: T): T {
  return {
    ...parts,
    upstreams: parts.upstreams.map((upstream): UpstreamSpec => ({ ...upstream, isManaged: true })),
    routes: parts.routes.map((route): RouteSpec => within(basePath, route)),
  };
}

function within(basePath: string, route: RouteSpec): RouteSpec {
  const cache = route.cache === null ? null : { ...route.cache, invalidatesBelow: basePath };
  return { ...route, cache, isManaged: true };
}
