/**
 * Ends a WebSocket upgrade that the route does not allow. RFC 9110 §7.8 would let a server ignore the field and answer
 * as if it were not there; but then a client that must have a WebSocket learns of it only by the shape of an answer
 * that was meant for someone else. 426 says it, and names what the route speaks (§15.5.22).
 */
import { failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import { nothingToCancel } from '../pipeline/dispatch.js';

export const upgradeGate: Place = (route) => {
  if (route.websocket !== null) return null;
  const refused = failure('upgrade_not_allowed', 'this route takes no WebSocket', { headers: ['upgrade', 'HTTP/1.1'] });
  return (next) => (request, handler) => {
    if (!asksForWebSocket(request.headers)) return next(request, handler);
    handler.onError(refused);
    return nothingToCancel;
  };
};

/** Other protocols (h2c) are not asked about: what is below never passes them on, which is the same as ignoring them. */
function asksForWebSocket(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'upgrade') continue;
    const protocols = (headers[i + 1] ?? '').toLowerCase().split(',');
    if (protocols.some((protocol) => protocol.trim().split('/')[0] === 'websocket')) return true;
  }
  return false;
}
