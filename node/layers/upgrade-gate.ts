/**
 * What a route says about WebSockets: it lets them through and ends those in which nothing passes, or it refuses them.
 *
 * An upgrade that the route does not allow is refused. RFC 9110 §7.8 would let a server ignore the field and answer
 * as if it were not there; but then a client that must have a WebSocket learns of it only by the shape of an answer
 * that was meant for someone else. 426 says it, and names what the route speaks (§15.5.22). The same status answers a
 * version that is not spoken here, and names the one that is (RFC 6455 §4.2.2). Upgrades to other protocols, and what
 * is no handshake at all, go on as plain requests: what is below never passes the field on.
 *
 * A browser lets any page open a WebSocket to anywhere, with the cookies that go there, and reads what comes; CORS does
 * not apply. What it does send is the page's Origin, so a route may name those it trusts (RFC 6455 §10.2). Who sends none
 * is no browser, and could send any: that keeps nobody out, so it passes.
 */
import { failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList } from '@weir/proto/http/headers.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import { WEBSOCKET_VERSION, webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { Place } from '../pipeline/chain.js';
import { type Dispatch, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { withIdleLimit } from '../pipeline/tunnel-idle.js';
import { compileTrust } from '../route/origins.js';

const notAllowed = failure('upgrade_not_allowed', 'this route takes no WebSocket', {
  headers: ['upgrade', 'HTTP/1.1'],
});
const otherVersion = failure('upgrade_not_allowed', `WebSocket is spoken here in version ${WEBSOCKET_VERSION}`, {
  headers: ['upgrade', 'websocket', 'sec-websocket-version', WEBSOCKET_VERSION],
});
const otherOrigin = failure('origin_denied', 'the Origin of this WebSocket is not one that the route names');
const noKey = failure('bad_request', 'Sec-WebSocket-Key is not one base64 value of 16 bytes');

const UPGRADE = sketchOf('upgrade');

export const upgradeGate: Place = (route, services) => (next) => {
  const { websocket } = route;
  const trustOf = websocket?.origins ? compileTrust(websocket.origins) : null;
  const isTrusted = (headers: HeaderList): boolean => {
    const origin = combinedValue(headers, 'origin');
    return trustOf === null || origin === undefined || trustOf(origin.toLowerCase()) !== null;
  };
  return (request, handler) => {
    if (!mayHold(request.names, UPGRADE)) return next(request, handler);
    const ask = webSocketAsk(request.method, request.headers, request.body !== null);
    if (ask === 'none') return next(request, handler);
    if (websocket !== null && ask === 'handshake') {
      if (isTrusted(request.headers)) return openTunnel(next, request, handler, websocket.idleMs, services);
      handler.onError(otherOrigin);
      return nothingToCancel;
    }
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
