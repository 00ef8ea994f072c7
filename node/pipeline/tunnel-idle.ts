/**
 * The idle limit of a tunnel, as a WebSocketPeer around one of its ends: what passes in either direction passes here.
 * Control frames count, so whoever wants to keep a silent tunnel open may ping.
 */
import type { Timers } from '../time/clock.js';
import type { WebSocketPeer } from './dispatch.js';

/** The same peer, closed with 1001 when for `idleMs` nothing passed in either direction; control frames count. */
export function withIdleLimit(peer: WebSocketPeer, idleMs: number, timers: Timers, onIdle: () => void): WebSocketPeer {
  const timer = timers.create(() => {
    onIdle();
    // The other end is told by the close event that follows from this.
    peer.close(1001, 'idle');
  });
  const seen = (): void => timer.arm(idleMs);
  seen();
  return {
    send(message, isBinary) {
      seen();
      return peer.send(message, isBinary);
    },
    ping(payload) {
      seen();
      peer.ping(payload);
    },
    pong(payload) {
      seen();
      peer.pong(payload);
    },
    close(code, reason) {
      timer.cancel();
      peer.close(code, reason);
    },
    terminate() {
      timer.cancel();
      peer.terminate();
    },
    pause: () => peer.pause(),
    resume: () => peer.resume(),
    listen(events) {
      peer.listen({
        onMessage(message, isBinary) {
          seen();
          events.onMessage(message, isBinary);
        },
        onPing(payload) {
          seen();
          events.onPing(payload);
        },
        onPong(payload) {
          seen();
          events.onPong(payload);
        },
        onDrain() {
          seen();
          events.onDrain();
        },
        onClose(code, reason) {
          timer.cancel();
          events.onClose(code, reason);
        },
      });
    },
  };
}
