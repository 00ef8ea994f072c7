/**
 * The idle limit of a tunnel, as a WebSocketPeer around one of its ends: what passes in either direction passes here.
 * Control frames count, so whoever wants to keep a silent tunnel open may ping.
 */
import type { Timers } from '../time/clock.js';
import type { WebSocketEvents, WebSocketPeer } from './dispatch.js';

/** RFC 6455 §7.4.1. */
const GOING_AWAY = 1001;

/**
 * The same peer, closed with 1001 when for `idleMs` nothing passed in either direction; control frames count. The other
 * end hears of it at once: a peer that has fallen silent may well never answer the closing handshake.
 */
export function withIdleLimit(peer: WebSocketPeer, idleMs: number, timers: Timers, onIdle: () => void): WebSocketPeer {
  let told = false;
  let tell: WebSocketEvents['onClose'] = () => {};
  const close = (code: number, reason: string): void => {
    timer.cancel();
    if (told) return;
    told = true;
    tell(code, reason);
  };
  const timer = timers.create(() => {
    onIdle();
    peer.close(GOING_AWAY, 'idle');
    close(GOING_AWAY, 'idle');
  });
  const seen = (): void => {
    if (!told) timer.arm(idleMs);
  };
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
      tell = (code, reason) => events.onClose(code, reason);
      // What still comes behind an idle close has nobody left to go to.
      const passing =
        <A extends unknown[]>(event: (...parts: A) => void) =>
        (...parts: A): void => {
          if (told) return;
          seen();
          event(...parts);
        };
      peer.listen({
        onMessage: passing((message, isBinary) => events.onMessage(message, isBinary)),
        onPing: passing((payload) => events.onPing(payload)),
        onPong: passing((payload) => events.onPong(payload)),
        onDrain: passing(() => events.onDrain()),
        onClose: close,
      });
    },
  };
}
