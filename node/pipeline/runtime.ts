/**
 * The snapshot that is running: its router and its chains, compiled as a whole and swapped whole between two requests.
 *
 * An exchange that has begun keeps the chain that it began with: it holds it by its closures, so nothing has to be
 * counted, and the old snapshot is garbage when its last exchange ends.
 */
import { failure } from '@weir/proto/http/failures.js';
import { matchablePath } from '@weir/proto/http/request-path.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { otherReadings } from '../route/readings.js';
import { compilingMatcher, routerOf } from '../route/router.js';
import { atOnce, type Work } from '../time/slices.js';
import { compileChain, compileJobChain, compileRefusalChain } from './chain.js';
import { type Dispatch, nothingToCancel } from './dispatch.js';
import type { Chains } from './kept-chains.js';
import type { ChainServices, RouteChain } from './services.js';

/** Chains that are only taken over, before others get their turn. */
const GOING_ON_AT_ONCE = 500;

/** Compiles all of a snapshot, or throws with the reason; nothing is in force until the caller swaps. */
export function compileSnapshot(snapshot: Snapshot, services: ChainServices): Dispatch {
  return atOnce(compiling(snapshot, services));
}

/** The same, route by route: thousands of chains take longer than a request. `known`: those that the snapshot before has, for what it has as well. */
export function* compiling(
  snapshot: Snapshot,
  services: ChainServices,
  known: Chains = { goingOn: () => null, of: compileChain, matching: compilingMatcher },
): Work<Dispatch> {
  const chains = new Map<string, RouteChain>();
  const linked: ChainServices = { ...services, chains };
  const goingOn = known.goingOn(snapshot.routes, linked);
  const dispatches = goingOn !== null && isWhole(goingOn) ? goingOn : yield* each(snapshot.routes, goingOn);
  const route = routerOf(yield* known.matching(snapshot.routes, dispatches), refusing(services));
  // Also where no route makes jobs any more: ids of those that were made are credentials, and go to no upstream.
  return dispatchOf(services.gateway.jobs.prefix, compileJobChain(snapshot.routes, services), route);

  /** Those that go on are among the chains that others may ask. */
  function* each(routes: readonly RouteSpec[], before: readonly (Dispatch | null)[] | null): Work<Dispatch[]> {
    const made: Dispatch[] = [];
    for (const [at, spec] of routes.entries()) {
      const goesOn = before?.[at] ?? null;
      const dispatch = goesOn ?? known.of(spec, linked);
      chains.set(spec.id, { route: spec, dispatch });
      made.push(dispatch);
      if (goesOn === null || at % GOING_ON_AT_ONCE === 0) yield;
    }
    return made;
  }
}

/*
 * What lives on of a compilation. A closure that was made in there would keep all that it knew of the snapshot before for as long as this one is
 * in force.
 */

const refusing = (services: ChainServices) => (kind: Refusal, allow: readonly string[]) =>
  refuse(kind, allow, services);

function dispatchOf(jobsPrefix: string, jobs: Dispatch, route: Dispatch): Dispatch {
  return (request, handler) => (namesJobs(jobsPrefix, request.path) ? jobs : route)(request, handler);
}

/** None of them is to be compiled, so none asks for others. */
function isWhole(dispatches: readonly (Dispatch | null)[]): dispatches is readonly Dispatch[] {
  return !dispatches.includes(null);
}

/** In any of its readings: an upstream may read a path otherwise than we do. One that is refused goes nowhere. */
function namesJobs(prefix: string, path: string): boolean {
  const normal = matchablePath(path);
  if (normal === null) return false;
  return isBelow(prefix, normal) || otherReadings(normal).some((other) => isBelow(prefix, other));
}

const isBelow = (prefix: string, path: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');

type Refusal = keyof typeof refusalDetail;

const refusalDetail = {
  not_found: 'no route matches the host and path of this request',
  method_not_allowed: 'a route matches this path, but not this method',
  bad_request: 'the path holds dot segments or characters that could be read in two ways',
  too_much_to_match: 'the conditions of the routes for this path would take more work than one request may ask for',
  ambiguous_path: 'what the path means, and so which route takes it, depends on how an escaped slash or a `;` is read',
} as const;

/** The chain of a request that no route takes: it is seen, traced and answered like any other. */
function refuse(kind: Refusal, allow: readonly string[], services: ChainServices): Dispatch {
  const refused = failure(
    kind,
    refusalDetail[kind],
    allow.length === 0 ? {} : { headers: ['allow', allow.join(', ')] },
  );
  return compileRefusalChain(services, (_request, handler) => {
    handler.onError(refused);
    return nothingToCancel;
  });
}
