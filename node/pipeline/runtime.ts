/**
 * The snapshot that is running: its router and its chains, compiled as a whole and swapped whole between two requests.
 *
 * An exchange that has begun keeps the chain that it began with: it holds it by its closures, so nothing has to be
 * counted, and the old snapshot is garbage when its last exchange ends.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { compileRouter } from '../route/router.js';
import { compileChain, compileJobChain, compileRefusalChain } from './chain.js';
import { type Dispatch, nothingToCancel } from './dispatch.js';
import type { ChainServices } from './services.js';

/** Compiles all of a snapshot, or throws with the reason; nothing is in force until the caller swaps. */
export function compileSnapshot(snapshot: Snapshot, services: ChainServices): Dispatch {
  return routed(snapshot, services, (route) => compileChain(route, services));
}

/** A reload may stall traffic for this long at a time: less than a tick of the timers. */
const SLICE_MS = 5;

/** The same in slices, between which the sockets have their turn: thousands of chains take longer than a request. */
export async function compileInSlices(
  snapshot: Snapshot,
  services: ChainServices,
  nextTurn: () => Promise<unknown>,
): Promise<Dispatch> {
  const { clock } = services;
  const chains = new Map<RouteSpec, Dispatch>();
  let untilMs = clock.nowMs() + SLICE_MS;
  for (const route of snapshot.routes) {
    chains.set(route, compileChain(route, services));
    if (clock.nowMs() < untilMs) continue;
    await nextTurn();
    untilMs = clock.nowMs() + SLICE_MS;
  }
  return routed(snapshot, services, (route) => chains.get(route) ?? compileChain(route, services));
}

function routed(snapshot: Snapshot, services: ChainServices, chainOf: (route: RouteSpec) => Dispatch): Dispatch {
  const route = compileRouter(snapshot.routes, chainOf, (kind, allow) => refuse(kind, allow, services));
  const jobs = compileJobChain(snapshot.routes, services);
  if (jobs === null) return route;
  const below = `${services.gateway.jobs.prefix}/`;
  return (request, handler) => (request.path.startsWith(below) ? jobs : route)(request, handler);
}

type Refusal = keyof typeof refusalDetail;

const refusalDetail = {
  not_found: 'no route matches the host and path of this request',
  method_not_allowed: 'a route matches this path, but not this method',
  bad_request: 'the path holds dot segments or characters that could be read in two ways',
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
