/**
 * Ends the fields that the client's Connection names (RFC 9110 §7.6.1), before any layer has added fields of its own: a
 * client could otherwise name what the gateway sets, and have it taken out again on the way upstream.
 *
 * The fixed hop-by-hop fields go in `forward`, which makes the upstream's head; `upgrade` stays until then, since the
 * layers below have to see that one was asked for.
 */
import type { MutableHeaderList } from '@weir/proto/http/headers.js';
import { connectionNamed } from '@weir/proto/http/hop-by-hop.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import type { Place } from '../pipeline/chain.js';
import { withFewerHeaders } from '../pipeline/derived-request.js';

const CONNECTION = sketchOf('connection');

export const hopFields: Place = (route) => {
  if (route.action.kind !== 'proxy') return null;
  return (next) => (request, handler) => {
    if (!mayHold(request.names, CONNECTION)) return next(request, handler);
    const named = connectionNamed(request.headers);
    if (named.size === 0) return next(request, handler);
    const headers: MutableHeaderList = [];
    for (let i = 0; i < request.headers.length; i += 2) {
      const name = request.headers[i] ?? '';
      if (name !== 'upgrade' && named.has(name)) continue;
      headers.push(name, request.headers[i + 1] ?? '');
    }
    return next(withFewerHeaders(request, headers), handler);
  };
};
