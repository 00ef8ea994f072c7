/**
 * The way to the client: one head, then a whole answer or the text of a stream, and one end.
 *
 *   before the head ── a failure is an answer of its own, with its status and in the caller's format
 *   behind it ──────── a failure is the format's error event; and then the connection breaks, in the middle of the message
 *
 * The second is for clients that know no error events: a stream that failed must not look whole to anybody. The connection is broken
 * only when the client has taken the event, or a while later: what is written right before a close may never arrive.
 *
 * Nothing is kept here. What the client does not take closes the valve of the provider's connection.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ResponseHandler } from '../../pipeline/dispatch.js';
import { bytesOf } from './body-text.js';

/** For what was written to reach the client before its connection breaks. */
export const FAREWELL_MS = 50;

const HEARTBEAT = bytesOf(': waiting\n\n');

export class Outlet {
  readonly #handler: ResponseHandler;
  readonly #opened: () => void;
  #hasHead = false;
  #isOpen = true;
  #lastSentAtMs: number;
  #isOver = false;
  #breaksWith: Failure | null = null;
  #breaksAtMs = Number.POSITIVE_INFINITY;

  constructor(handler: ResponseHandler, nowMs: number, opened: () => void) {
    this.#handler = handler;
    this.#opened = opened;
    this.#lastSentAtMs = nowMs;
  }

  get hasHead(): boolean {
    return this.#hasHead;
  }

  /** The client takes what it is given. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get lastSentAtMs(): number {
    return this.#lastSentAtMs;
  }

  /** The last event was written, and is on its way. */
  get isBreaking(): boolean {
    return this.#breaksWith !== null;
  }

  /** Infinity: it does not, or only after the client has taken what there is. */
  get breaksAtMs(): number {
    return this.#breaksAtMs;
  }

  whole(headers: HeaderList, body: string): void {
    const bytes = bytesOf(body);
    this.#isOver = true;
    this.#handler.onHeaders({ status: 200, headers, lengthBytes: bytes.byteLength, resume: () => {} });
    this.#handler.onData(bytes);
    this.#handler.onComplete();
  }

  begin(headers: HeaderList, status = 200): void {
    this.#hasHead = true;
    this.#handler.onHeaders({ status, headers, lengthBytes: null, resume: () => this.#open() });
  }

  write(text: string, nowMs: number): boolean {
    return text === '' ? this.#isOpen : this.#send(bytesOf(text), nowMs);
  }

  /** Bytes as they came. */
  pass(bytes: Uint8Array, nowMs: number): boolean {
    return this.#send(bytes, nowMs);
  }

  heartbeat(nowMs: number): void {
    this.#send(HEARTBEAT, nowMs);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onComplete();
  }

  /** `text`: the error event. */
  fail(failed: Failure, text: string, nowMs: number): void {
    if (this.#isOver || this.#breaksWith !== null) return;
    if (!this.#hasHead) {
      this.#isOver = true;
      this.#handler.onError(failed);
      return;
    }
    this.#breaksWith = failed;
    // Also where the valve was closed: this is the last there is, and the listener keeps it.
    this.write(text, nowMs);
    if (this.#isOpen) this.#breaksAtMs = nowMs + FAREWELL_MS;
  }

  /** The time for the last event to arrive is over. */
  break(): void {
    if (this.#breaksWith === null || this.#isOver) return;
    this.#isOver = true;
    this.#handler.onError(this.#breaksWith);
  }

  /** Nobody is there any more. */
  close(): void {
    this.#isOver = true;
  }

  #send(bytes: Uint8Array, nowMs: number): boolean {
    this.#lastSentAtMs = nowMs;
    if (!this.#handler.onData(bytes)) this.#isOpen = false;
    return this.#isOpen;
  }

  #open(): void {
    if (this.#isOpen || this.#isOver) return;
    this.#isOpen = true;
    this.#opened();
  }
}
