/**
 * Waits for a request body of known, small length before anything is asked for below: a place at the upstream, a target,
 * a connection. A client that takes its time over an upload is then nobody's load but its own; four that trickle had kept
 * an upstream with four places from everyone else while it had nothing to do. (HAProxy: `option http-buffer-request`.)
 *
 * Where there is no room for it, it streams, as a longer one does from its beginning. One of unknown length is not waited for: its client may be
 * waiting for the answer to its first part.
 */
import { WholeBody } from '../cache/whole-body.js';
import type { Place } from '../pipeline/chain.js';
import { gathering } from '../upstream/retry/gathering.js';

export const gather: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const bytesMax = services.upstreams.get(route.action.upstream)?.spec.pool.gatherBodyBytes ?? 0;
  if (bytesMax === 0) return null;
  return (next) => (request, handler) => {
    const { body } = request;
    if (body === null || body.lengthBytes === null || body.lengthBytes > bytesMax) return next(request, handler);
    // Made by the gateway itself, or gathered for another reason: there is nothing to wait for.
    if (body instanceof WholeBody) return next(request, handler);
    return gathering(request, handler, { body, bytesMax: body.lengthBytes, bodies: services.bodies }, next);
  };
};
