/**
 * What a route says about WebSockets: it lets them through and ends those in which nothing passes, or it refuses them.
 *
 * An upgrade that the route does not allow is refused. RFC 9110 §7.8 would let a server ignore the field and answer
 * as if it were not there; but then a client that must have a WebSocket learns of it only by the shape of an answer
 * that was meant for someone else. 426 says it, and names what the route speaks (§15.5.22). The same status answers a
 * version that is not spoken here, and names the one that is (RFC 6455 §4.2.2). Upgrades to other protocols, and what
 * is no handshake at all, go on as plain requests: what is below never passes the field on.
 */
import { failure } from '@weir/proto/http/failures.js';
import { WEBSOCKET_VERSION, webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { Place } from '../pipeline/chain.js';
import { type Dispatch, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { withIdleLimit } from '../pipeline/tunnel-idle.js';

const notAllowed = failure('upgrade_not_allowed', 'this route takes no WebSocket', {
  headers: ['upgrade', 'HTTP/1.1'],
});
const otherVersion = failure('upgrade_not_allowed', `WebSocket is spoken here in version ${WEBSOCKET_VERSION}`, {
  headers: ['upgrade', 'websocket', 'sec-websocket-version', WEBSOCKET_VERSION],
});
const noKey = failure('bad_request', 'Sec-WebSocket-Key is not one base64 value of 16 bytes');

export const upgradeGate: Place = (route, services) => (next) => {
  const { websocket } = route;
  return (request, handler) => {
    const ask = webSocketAsk(request.method, request.headers, request.body !== null);
    if (ask === 'none') return next(request, handler);
    if (websocket !== null && ask === 'handshake')
      return openTunnel(next, request, handler, websocket.idleMs, services);
    handler.onError(websocket === null ? notAllowed : ask === 'version' ? otherVersion : noKey);
    return nothingToCancel;
  };
};

/** From the upgrade on the deadline is off, so the idle limit is what ends a tunnel that both sides have forgotten. */
function openTunnel(
  next: Dispatch,
  request: GatewayRequest,
  handler: ResponseHandler,
  idleMs: number,
  { timers, observer }: ChainServices,
) {
  return next(request, {
    onHeaders: (head) => handler.onHeaders(head),
    onData: (chunk) => handler.onData(chunk),
    onComplete: () => handler.onComplete(),
    onError: (failed) => handler.onError(failed),
    onUpgrade(headers, peer) {
      const onIdle = (): void => observer.timerFired('idle', request.exchange.routeId);
      handler.onUpgrade?.(headers, withIdleLimit(peer, idleMs, timers, onIdle));
    },
  });
}
