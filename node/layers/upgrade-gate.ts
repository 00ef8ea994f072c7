/**
 * What a route says about WebSockets: it lets them through and ends those in which nothing passes, or it refuses them.
 *
 * An upgrade that the route does not allow is refused. RFC 9110 §7.8 would let a server ignore the field and answer
 * as if it were not there; but then a client that must have a WebSocket learns of it only by the shape of an answer
 * that was meant for someone else. 426 says it, and names what the route speaks (§15.5.22).
 */
import { failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import { type Layer, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { withIdleLimit } from '../pipeline/tunnel-idle.js';

export const upgradeGate: Place = (route, services) => {
  if (route.websocket !== null) return limitTunnels(route.websocket.idleMs, services);
  const refused = failure('upgrade_not_allowed', 'this route takes no WebSocket', { headers: ['upgrade', 'HTTP/1.1'] });
  return (next) => (request, handler) => {
    if (!asksForWebSocket(request.headers)) return next(request, handler);
    handler.onError(refused);
    return nothingToCancel;
  };
};

/** From the upgrade on the deadline is off, so this is what ends a tunnel that both sides have forgotten. */
function limitTunnels(idleMs: number, { timers, observer }: ChainServices): Layer {
  return (next) => (request, handler) => {
    // Without `onUpgrade` this is a plain request, and what is below must go on seeing that.
    if (handler.onUpgrade === undefined) return next(request, handler);
    const limited: ResponseHandler = {
      onHeaders: (head) => handler.onHeaders(head),
      onData: (chunk) => handler.onData(chunk),
      onComplete: () => handler.onComplete(),
      onError: (failed) => handler.onError(failed),
      onUpgrade(headers, peer) {
        const onIdle = (): void => observer.timerFired('idle', request.exchange.routeId);
        handler.onUpgrade?.(headers, withIdleLimit(peer, idleMs, timers, onIdle));
      },
    };
    return next(request, limited);
  };
}

/** Other protocols (h2c) are not asked about: what is below never passes them on, which is the same as ignoring them. */
function asksForWebSocket(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'upgrade') continue;
    const protocols = (headers[i + 1] ?? '').toLowerCase().split(',');
    if (protocols.some((protocol) => protocol.trim().split('/')[0] === 'websocket')) return true;
  }
  return false;
}
