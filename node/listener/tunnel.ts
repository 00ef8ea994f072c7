/**
 * Joins the two ends of a WebSocket that goes through: messages both ways with backpressure, pings, and close codes
 * (RFC 6455 §7.4). It sees two WebSocketPeers and knows nothing of sockets, so it is tested without any.
 *
 *     client ── onMessage ──▶ upstream.send     false: client.pause()   until upstream.onDrain
 *     client.send ◀── onMessage ── upstream     false: upstream.pause() until client.onDrain
 *
 * Pings pass, to keep the whole way alive. The listener's library answers a client's ping by itself, so the upstream's
 * pong would be the second answer and ends here. Nothing answers the upstream's ping but the client: its pong passes.
 * Each end closes once. A close code passes on as it came; where it says "no code" or "no closing handshake", which may
 * not be sent (§7.4.1), the other end is told what that means for it.
 */

import { mayBeSent } from '../pipeline/close-codes.js';
import type { WebSocketPeer } from '../pipeline/dispatch.js';

export interface Tunnel {
  /** Closes both ends with this code. */
  close(code: number, reason: string): void;
  /** Drops both ends. */
  terminate(): void;
}

/** What a missing closing handshake of one end is to the other. */
const CLIENT_LOST = 1001;
const UPSTREAM_LOST = 1011;

export function joinTunnel(client: WebSocketPeer, upstream: WebSocketPeer, onEnd: () => void): Tunnel {
  let clientOpen = true;
  let upstreamOpen = true;
  const ended = (): void => {
    if (!clientOpen && !upstreamOpen) onEnd();
  };
  client.listen({
    onMessage(message, isBinary) {
      if (upstreamOpen && !upstream.send(message, isBinary)) client.pause();
    },
    onPing(payload) {
      if (upstreamOpen) upstream.ping(payload);
    },
    onPong(payload) {
      if (upstreamOpen) upstream.pong(payload);
    },
    onDrain() {
      if (upstreamOpen) upstream.resume();
    },
    onClose(code, reason) {
      if (!clientOpen) return;
      clientOpen = false;
      if (upstreamOpen) {
        upstreamOpen = false;
        upstream.close(...passedOn(code, reason, CLIENT_LOST));
      }
      ended();
    },
  });
  upstream.listen({
    onMessage(message, isBinary) {
      if (clientOpen && !client.send(message, isBinary)) upstream.pause();
    },
    onPing(payload) {
      if (clientOpen) client.ping(payload);
    },
    onPong() {},
    onDrain() {
      if (clientOpen) client.resume();
    },
    onClose(code, reason) {
      if (!upstreamOpen) return;
      upstreamOpen = false;
      if (clientOpen) {
        clientOpen = false;
        client.close(...passedOn(code, reason, UPSTREAM_LOST));
      }
      ended();
    },
  });
  const both = (act: (peer: WebSocketPeer) => void): void => {
    const open = [clientOpen ? client : null, upstreamOpen ? upstream : null];
    clientOpen = false;
    upstreamOpen = false;
    for (const peer of open) if (peer !== null) act(peer);
    if (open.some((peer) => peer !== null)) onEnd();
  };
  return {
    close: (code, reason) => both((peer) => peer.close(code, reason)),
    terminate: () => both((peer) => peer.terminate()),
  };
}

/** The close that one end is given when the other closed like this. */
export function passedOn(code: number, reason: string, lost: number): [code: number, reason: string] {
  if (code === 1005) return [1000, ''];
  if (code === 1006) return [lost, lost === UPSTREAM_LOST ? 'the upstream is gone' : 'the client is gone'];
  return mayBeSent(code) ? [code, reason] : [lost, ''];
}
