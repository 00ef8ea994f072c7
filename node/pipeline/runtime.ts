/**
 * The snapshot that is running: its router and its chains, compiled as a whole and swapped whole between two requests.
 *
 * An exchange that has begun keeps the chain that it began with: it holds it by its closures, so nothing has to be
 * counted, and the old snapshot is garbage when its last exchange ends.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { compileRouter } from '../route/router.js';
import { compileChain, compileJobChain, compileRefusalChain } from './chain.js';
import { type Dispatch, nothingToCancel } from './dispatch.js';
import type { ChainServices } from './services.js';

/** Compiles all of a snapshot, or throws with the reason; nothing is in force until the caller swaps. */
export function compileSnapshot(snapshot: Snapshot, services: ChainServices): Dispatch {
  const route = compileRouter(
    snapshot.routes,
    (route) => compileChain(route, services),
    (kind, allow) => refuse(kind, allow, services),
  );
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
