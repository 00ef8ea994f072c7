/**
 * HTTP/1.1 in plaintext over one connected socket, made for the hot path: one read into a buffer of the process, one
 * parse, one write per request, and no stream, promise or event between the socket and the one who asked. The parser is
 * ours (http1-parser.ts); pool, connecting and timers are shared with the other transports.
 *
 *           send                 flush              head … last byte
 *   idle ──────────▶ promised ──────────▶ asked ──────────────────────▶ idle, or closed
 *     │ bytes, end      │ bytes, end        │ fault, end, cancel
 *     └─────────────────┴───────────────────┴──▶ closed
 *
 * A request on a connection that was used before is written at the end of the event loop's turn: a close, or bytes that
 * nobody asked for, that the kernel knew of by then are seen first. One immediate serves all connections of the process.
 */
import type { Socket } from 'node:net';
import { type Cancel, nothingToCancel } from '../../pipeline/dispatch.js';
import type { Clock } from '../../time/clock.js';
import type { AnswerSink, Connection, OutgoingRequest } from '../pools/connection.js';
import { type Carrier, PlainExchange } from './http1-exchange.js';
import { type Inlet, readBuffer } from './http1-inlet.js';
import { AnswerParser, type LastHead } from './http1-parser.js';
import { writeAtTurnEnd } from './http1-turn.js';

/** A connection is given up this long before the end that the peer has announced for it. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** What all connections to one target have in common. */
export interface PlainTerms {
  readonly headBytesMax: number;
  readonly lastHead: LastHead;
  readonly clock: Clock;
}

/** `inlet` is the one that the socket was opened with. */
export function createPlainConnection(socket: Socket, inlet: Inlet, address: string, terms: PlainTerms): Connection {
  return new PlainConnection(socket, inlet, address, terms);
}

class PlainConnection implements Connection, Carrier {
  readonly streamsMax = 1;
  readonly address: string;
  onClosed: (() => void) | null = null;
  readonly socket: Socket;
  readonly parser: AnswerParser;
  current: PlainExchange | null = null;
  readonly #clock: Clock;
  #used = false;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #error: Error | null = null;

  constructor(socket: Socket, inlet: Inlet, address: string, terms: PlainTerms) {
    this.socket = socket;
    this.address = address;
    this.parser = new AnswerParser(terms.headBytesMax, terms.lastHead);
    this.#clock = terms.clock;
    inlet.receive = (bytes) => this.#receive(bytes);
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('drain', () => this.current?.drained());
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => {
      this.current?.broke(this.#error);
      this.onClosed?.();
    });
  }

  isOpen(): boolean {
    const { socket } = this;
    if (socket.destroyed || !socket.readable) return false;
    return this.#expiresAtMs === Number.POSITIVE_INFINITY || this.#clock.nowMs() < this.#expiresAtMs;
  }

  close(): void {
    this.socket.destroy();
  }

  send(request: OutgoingRequest, sink: AnswerSink): Cancel {
    const exchange = new PlainExchange(this, request, sink);
    this.current = exchange;
    if (!this.#used) {
      this.#used = true;
      exchange.write();
    } else writeAtTurnEnd(exchange);
    return exchange.ended ? nothingToCancel : exchange.cancel;
  }

  /** The answer is whole: says whether the connection can carry another request, and closes it if not. */
  finish(isWhollySent: boolean): void {
    const { head, surplus } = this.parser;
    this.current = null;
    const keepMs = head?.keepAliveS == null ? Number.POSITIVE_INFINITY : head.keepAliveS * 1000 - KEEP_ALIVE_MARGIN_MS;
    if (!isWhollySent || surplus || head === null || !head.keepsAlive || keepMs <= 0) this.socket.destroy();
    else if (keepMs !== Number.POSITIVE_INFINITY) this.#expiresAtMs = this.#clock.nowMs() + keepMs;
  }

  #receive(bytes: number): boolean {
    const exchange = this.current;
    if (exchange === null || !exchange.isAsked) {
      // Nobody has asked for these.
      this.socket.destroy();
      return false;
    }
    this.#clock.hold?.();
    try {
      this.parser.feed(readBuffer, bytes);
      return exchange.advance();
    } finally {
      this.#clock.release?.();
    }
  }

  #onEnd(): void {
    const exchange = this.current;
    this.socket.destroy();
    if (exchange?.isAsked !== true) return;
    this.parser.end();
    if (this.parser.state === 'done') exchange.advance();
  }
}
