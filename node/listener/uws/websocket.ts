/**
 * WebSockets from clients over the library: the upgrade as an exchange, and the client's end of the tunnel.
 *
 * The upgrade request goes through the same dispatch as any other; what is answered normally (401, 404, 426) is its
 * answer. When the upstream has switched, the handshake is finished here and both ends are joined. The library delivers
 * whole messages and answers pings by itself. It can't pause a WebSocket, so what comes while the upstream takes nothing
 * is held here up to a bound, and beyond it the client is closed with 1013 (try again later).
 */

import type { HttpRequest, HttpResponse, us_socket_context_t, WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import uWS from 'uWebSockets.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { ClientTimersSpec } from '@weir/proto/snapshot/gateway.js';
import type { GatewayRequest, WebSocketEvents, WebSocketPeer } from '../../pipeline/dispatch.js';
import { joinTunnel, type Tunnel } from '../tunnel.js';
import { type ExchangeOwner, ExchangeSocket } from './exchange-socket.js';
import { writeHead } from './response-head.js';

/** Messages are held for a slow upstream up to this, or one message of the largest size if that is more. */
const HELD_BYTES_MIN = 1_048_576;
/** And this many messages, for an empty one is not free. */
const HELD_MESSAGES_MAX = 8_192;
/** Pings and pongs that may wait for a client that does not read, in bytes of whole frames. */
const CONTROL_BYTES_MAX = 65_536;
/** A frame from a server without its payload, which in a control frame is below 126 bytes (RFC 6455 §5.2). */
const FRAME_HEAD_BYTES = 2;

/**
 * The object that the library carries along with a WebSocket. It copies the properties onto its own object, so a name
 * that it uses itself (`end`, `close`) would replace its method.
 */
export interface SocketLink {
  readonly clientEnd: ClientEnd;
}

export function webSocketBehavior(
  messageBytes: number,
  upgrade: (res: HttpResponse, req: HttpRequest, context: us_socket_context_t) => void,
  disconnected: () => void,
  bug: (error: unknown) => void,
): WebSocketBehavior<SocketLink> {
  // What throws out of the library's callbacks ends the process; here it ends the tunnel that it belongs to.
  const guarded = (ws: WebSocket<SocketLink>, tell: (end: ClientEnd) => void): void => {
    const { clientEnd } = ws.getUserData();
    try {
      tell(clientEnd);
    } catch (error) {
      bug(error);
      clientEnd.terminate();
    }
  };
  return {
    // A little more than the limit is accepted, so that most messages beyond it can be refused with 1009; the library
    // itself only cuts the connection.
    maxPayloadLength: messageBytes + 65_536,
    // Idle limits are the route's, and ours to keep.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    maxBackpressure: 0,
    compression: uWS.DISABLED,
    upgrade,
    open: (ws) => guarded(ws, (end) => end.opened(ws)),
    message: (ws, message, isBinary) => guarded(ws, (end) => end.messageCame(message, isBinary)),
    ping: (ws, payload) => guarded(ws, (end) => end.pingCame(payload)),
    pong: (ws, payload) => guarded(ws, (end) => end.pongCame(payload)),
    drain: (ws) => guarded(ws, (end) => end.drained()),
    close: (ws, code, reason) => {
      disconnected();
      guarded(ws, (end) => end.closed(code, reason));
    },
  };
}

/** The client's end of a tunnel. */
export class ClientEnd implements WebSocketPeer {
  #ws: WebSocket<SocketLink> | null = null;
  #events: WebSocketEvents | null = null;
  #paused = false;
  #heldBytes = 0;
  /** Of control frames, since the client last had read everything. */
  #controlBytes = 0;
  #closedWith: readonly [code: number, reason: string] | null = null;
  readonly #held: ((events: WebSocketEvents) => void)[] = [];
  readonly #messageBytes: number;

  constructor(messageBytes: number) {
    this.#messageBytes = messageBytes;
  }

  // What the tunnel asks.

  send(message: Uint8Array, isBinary: boolean): boolean {
    if (this.#ws === null) return true;
    // 1: sent, 0: kept for a slow client; 2, dropped, needs a limit on what is kept, and there is none.
    return this.#ws.send(message, isBinary, false) === 1;
  }

  ping(payload: Uint8Array): void {
    // The upstream is not paused by pings, so it could send them for ever; nobody misses one among hundreds.
    if (this.#ws !== null && this.#controlFits(this.#ws, payload.byteLength)) this.#ws.ping(payload);
  }

  pong(): void {
    // The library has answered the ping already.
  }

  close(code: number, reason: string): void {
    this.#ws?.end(code, reason);
  }

  terminate(): void {
    this.#ws?.close();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  listen(events: WebSocketEvents): void {
    this.#events = events;
    this.#deliver();
  }

  // What the library tells.

  opened(ws: WebSocket<SocketLink>): void {
    this.#ws = ws;
  }

  messageCame(message: ArrayBuffer, isBinary: boolean): void {
    if (message.byteLength > this.#messageBytes) {
      this.close(1009, 'message too big');
      return;
    }
    // The library takes the memory back after this call.
    const copy = new Uint8Array(message.slice(0));
    if (this.#events !== null && !this.#paused) {
      this.#events.onMessage(copy, isBinary);
      return;
    }
    this.#heldBytes += copy.byteLength;
    if (this.#heldBytes > Math.max(HELD_BYTES_MIN, this.#messageBytes) || this.#held.length >= HELD_MESSAGES_MAX) {
      this.close(1013, 'the upstream is too slow');
      return;
    }
    this.#held.push((events) => {
      this.#heldBytes -= copy.byteLength;
      events.onMessage(copy, isBinary);
    });
  }

  pingCame(payload: ArrayBuffer): void {
    // The library has put its pong behind all that this client does not read, without a limit of its own.
    if (this.#ws !== null && !this.#controlFits(this.#ws, payload.byteLength)) {
      this.terminate();
      return;
    }
    // An upstream that takes nothing would have to be sent it some day; the pong that counts has been given.
    if (!this.#paused) this.#events?.onPing(new Uint8Array(payload.slice(0)));
  }

  pongCame(payload: ArrayBuffer): void {
    this.#events?.onPong(new Uint8Array(payload.slice(0)));
  }

  drained(): void {
    if (this.#ws?.getBufferedAmount() === 0) this.#events?.onDrain();
  }

  closed(code: number, reason: ArrayBuffer): void {
    this.#ws = null;
    this.#closedWith = [code, Buffer.from(reason).toString('utf8')];
    // What was held goes first, whatever the upstream's valve says: after this nothing will.
    this.#paused = false;
    this.#deliver();
  }

  /** Counts a control frame that waits, or says that too much waits already. Messages are bounded by the upstream's pause. */
  #controlFits(ws: WebSocket<SocketLink>, payloadBytes: number): boolean {
    if (ws.getBufferedAmount() === 0) {
      this.#controlBytes = 0;
      return true;
    }
    if (this.#controlBytes > CONTROL_BYTES_MAX) return false;
    this.#controlBytes += payloadBytes + FRAME_HEAD_BYTES;
    return true;
  }

  #deliver(): void {
    const events = this.#events;
    if (events === null) return;
    while (!this.#paused) {
      const next = this.#held.shift();
      if (next === undefined) break;
      next(events);
    }
    const closed = this.#closedWith;
    if (closed === null || this.#held.length > 0) return;
    this.#closedWith = null;
    events.onClose(closed[0], closed[1]);
  }
}

/** An exchange that may become a tunnel, by the reading of proto/http/upgrade.ts; all others have no `onUpgrade`. */
export class UpgradeSocket extends ExchangeSocket {
  readonly #context: us_socket_context_t;
  readonly #messageBytes: number;
  #tunnel: Tunnel | null = null;

  constructor(
    res: HttpResponse,
    request: GatewayRequest,
    closeAsked: boolean,
    timers: ClientTimersSpec,
    owner: ExchangeOwner,
    upgrade: { readonly context: us_socket_context_t; readonly messageBytes: number },
  ) {
    super(res, request, closeAsked, timers, owner);
    this.#context = upgrade.context;
    this.#messageBytes = upgrade.messageBytes;
  }

  onUpgrade(headers: HeaderList, upstream: WebSocketPeer): void {
    const res = this.writer.detach();
    if (res === null) {
      upstream.terminate();
      return;
    }
    this.res = null;
    const clientEnd = new ClientEnd(this.#messageBytes);
    const { headers: asked } = this.request;
    res.cork(() => {
      writeHead(res, 101, headers, isHandshakeField);
    });
    // Outside the cork. An upgrade shrinks the library's block for this socket; a cork that ends behind it looks into the
    // part that was given up for a bit that says "close", and whatever has been written there since may have set it (on
    // a busy machine one new tunnel in some hundreds was cut). The price is a line of the library's on standard error,
    // "writes must be made from within a corked callback", which is no news here: `up` leaves it out.
    res.upgrade<SocketLink>(
      { clientEnd },
      headerValue(asked, 'sec-websocket-key') ?? '',
      headerValue(headers, 'sec-websocket-protocol') ?? '',
      // No extension: compression would be between the upstream and us, and between us and the client, separately.
      '',
      this.#context,
    );
    this.owner.tunnelOpened();
    this.#tunnel = joinTunnel(clientEnd, upstream, () => this.#tunnelEnded());
  }

  /** The node is going down: tunnels have no end of their own to wait for. */
  goAway(): void {
    this.#tunnel?.close(1001, 'the gateway is shutting down');
  }

  override cut(failed: Failure): void {
    if (this.#tunnel === null) super.cut(failed);
    else this.#tunnel.terminate();
  }

  #tunnelEnded(): void {
    this.owner.tunnelClosed();
    this.end();
  }
}

function isHandshakeField(name: string): boolean {
  return name.startsWith('sec-websocket-');
}
