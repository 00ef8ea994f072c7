/**
 * Writes a streamed request body, framed by its length or in chunks (RFC 9112 §6, §7.1), with the valve of its source.
 * The head goes out together with the first piece: until then nothing of the request is on the wire.
 */
import type { Socket } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from '../../pipeline/dispatch.js';

export interface BodyEvents {
  onProgress(): void;
  onWhole(): void;
  onBroken(failed: Failure): void;
}

export class BodyWriter implements BodySink {
  /** The body was asked for: it cannot be read a second time. */
  begun = false;
  /** Some of the request was handed to the socket. */
  written = false;
  readonly #socket: Socket;
  readonly #body: RequestBody;
  readonly #events: BodyEvents;
  #head: string;
  #leftBytes: number;
  #paused = false;
  #ended = false;

  constructor(socket: Socket, head: string, body: RequestBody, events: BodyEvents) {
    this.#socket = socket;
    this.#head = head;
    this.#body = body;
    this.#events = events;
    this.#leftBytes = body.lengthBytes ?? Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.begun = true;
    this.#body.read(this);
  }

  /** Whatever else the source has is dropped. */
  stop(): void {
    this.#ended = true;
  }

  /** The socket has room again. */
  drained(): void {
    if (this.#ended || !this.#paused) return;
    this.#events.onProgress();
    if (this.#ended) return;
    this.#paused = false;
    this.#body.resume();
  }

  onChunk(chunk: Uint8Array): void {
    // An empty chunk would be the last one.
    if (this.#ended || chunk.length === 0) return;
    if (chunk.length > this.#leftBytes) {
      this.#break(
        failure('bad_request', `the request body is longer than its length of ${this.#body.lengthBytes} bytes`),
      );
      return;
    }
    this.#leftBytes -= chunk.length;
    const isChunked = this.#body.lengthBytes === null;
    const before = isChunked ? `${this.#head}${chunk.length.toString(16)}\r\n` : this.#head;
    const hasRoom = this.#write(before, chunk, isChunked ? '\r\n' : '');
    if (hasRoom) {
      this.#events.onProgress();
    } else if (!this.#paused) {
      this.#paused = true;
      this.#body.pause();
    }
  }

  onEnd(): void {
    if (this.#ended) return;
    const { lengthBytes } = this.#body;
    if (lengthBytes !== null && this.#leftBytes > 0) {
      const cameBytes = lengthBytes - this.#leftBytes;
      this.#break(failure('bad_request', `the request body ended after ${cameBytes} of ${lengthBytes} bytes`));
      return;
    }
    this.#ended = true;
    this.#write(`${this.#head}${lengthBytes === null ? '0\r\n\r\n' : ''}`, null, '');
    this.#events.onWhole();
  }

  onError(failed: Failure): void {
    if (!this.#ended) this.#break(failed);
  }

  #break(failed: Failure): void {
    this.#ended = true;
    this.#events.onBroken(failed);
  }

  /** One packet where it fits into one. False when the source should wait. */
  #write(before: string, chunk: Uint8Array | null, after: string): boolean {
    this.written = true;
    this.#head = '';
    const socket = this.#socket;
    let hasRoom = true;
    socket.cork();
    if (before !== '') hasRoom = socket.write(before, 'latin1');
    if (chunk !== null) hasRoom = socket.write(chunk);
    if (after !== '') hasRoom = socket.write(after, 'latin1');
    socket.uncork();
    return hasRoom;
  }
}
