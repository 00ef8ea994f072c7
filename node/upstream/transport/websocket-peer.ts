/** The upstream end of a WebSocket tunnel: `ws` behind the WebSocketPeer interface, with backpressure both ways. */
import type { WebSocket } from 'ws';
import { mayBeSent } from '../../pipeline/close-codes.js';
import type { WebSocketEvents, WebSocketPeer } from '../../pipeline/dispatch.js';

/** Bytes that wait for the upstream's socket: above the first the other side is told to pause, below the second to go on. */
const BUFFER_HIGH_BYTES = 256 * 1024;
const BUFFER_LOW_BYTES = 64 * 1024;
/** A close frame holds at most 123 bytes of reason (RFC 6455 §5.5). */
const REASON_BYTES_MAX = 123;

type Deliver = (events: WebSocketEvents) => void;

export function createWebSocketPeer(socket: WebSocket): WebSocketPeer {
  return new UpstreamPeer(socket);
}

class UpstreamPeer implements WebSocketPeer {
  readonly #socket: WebSocket;
  #events: WebSocketEvents | null = null;
  /** What came before there was a listener; short, since the socket is paused until then. */
  #early: Deliver[] = [];
  #full = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.pause();
    socket.on('message', (data, isBinary) => {
      const message = data as Buffer; // binaryType is 'nodebuffer', so each message is one Buffer.
      this.#deliver((events) => events.onMessage(message, isBinary));
    });
    socket.on('ping', (payload) => this.#deliver((events) => events.onPing(payload)));
    socket.on('pong', (payload) => this.#deliver((events) => events.onPong(payload)));
    socket.on('close', (code, reason) => this.#deliver((events) => events.onClose(code, reason.toString())));
    // An error is always followed by 'close', whose code tells what happened.
    socket.on('error', () => {});
  }

  send(message: Uint8Array, isBinary: boolean): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return true;
    this.#socket.send(message, { binary: isBinary, compress: false }, () => this.#onSent());
    this.#full ||= this.#socket.bufferedAmount > BUFFER_HIGH_BYTES;
    return !this.#full;
  }

  ping(payload: Uint8Array): void {
    if (this.#takesControl()) this.#socket.ping(payload);
  }

  pong(payload: Uint8Array): void {
    if (this.#takesControl()) this.#socket.pong(payload);
  }

  /** Nobody can be paused for control frames, so those that would wait behind too much are dropped. */
  #takesControl(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount <= BUFFER_HIGH_BYTES;
  }

  close(code: number, reason: string): void {
    // 1005 stands for "no code was given", 1006 and 1015 for "no closing handshake"; none may be sent (RFC 6455 §7.4.1).
    if (code === 1005) this.#socket.close();
    else if (mayBeSent(code)) this.#socket.close(code, shortened(reason));
    else this.#socket.terminate();
    // The answer to the closing handshake must be read, even when the other side no longer wants messages.
    this.#socket.resume();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  listen(events: WebSocketEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const deliver of early) deliver(events);
    this.#socket.resume();
  }

  #deliver(deliver: Deliver): void {
    if (this.#events === null) this.#early.push(deliver);
    else deliver(this.#events);
  }

  #onSent(): void {
    if (!this.#full || this.#socket.bufferedAmount > BUFFER_LOW_BYTES) return;
    this.#full = false;
    if (this.#socket.readyState === this.#socket.OPEN) this.#events?.onDrain();
  }
}

/** Cut to what a close frame holds, at a character's border. */
function shortened(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > REASON_BYTES_MAX) cut = cut.slice(0, -1);
  return cut.replace(/[\uD800-\uDBFF]$/, '');
}
