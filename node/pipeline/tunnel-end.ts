/** Hearing the end of a tunnel without standing in its way: for layers that hold something for as long as it lives. */
import type { WebSocketPeer } from './dispatch.js';

/** The same peer; `onEnd` runs once when it closes, however that comes about. */
export function withTunnelEnd(peer: WebSocketPeer, onEnd: () => void): WebSocketPeer {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  return {
    send: (message, isBinary) => peer.send(message, isBinary),
    ping: (payload) => peer.ping(payload),
    pong: (payload) => peer.pong(payload),
    close: (code, reason) => peer.close(code, reason),
    terminate: () => {
      end();
      peer.terminate();
    },
    pause: () => peer.pause(),
    resume: () => peer.resume(),
    listen: (events) =>
      peer.listen({
        onMessage: (message, isBinary) => events.onMessage(message, isBinary),
        onPing: (payload) => events.onPing(payload),
        onPong: (payload) => events.onPong(payload),
        onDrain: () => events.onDrain(),
        onClose: (code, reason) => {
          end();
          events.onClose(code, reason);
        },
      }),
  };
}
