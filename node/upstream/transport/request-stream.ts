/** A request body as the Readable that undici wants, with its valve: pauses the source when the buffer is full. */
import { Readable } from 'node:stream';
import type { Failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from '../../pipeline/dispatch.js';

/** Bytes held between the client and the upstream's socket before the client is paused. */
const BUFFER_BYTES = 64 * 1024;

export class RequestStream extends Readable implements BodySink {
  /** The body was asked for: it cannot be read a second time. */
  begun = false;
  readonly #body: RequestBody;
  readonly #onFailed: (failed: Failure) => void;
  #paused = false;

  constructor(body: RequestBody, onFailed: (failed: Failure) => void) {
    super({ highWaterMark: BUFFER_BYTES });
    this.#body = body;
    this.#onFailed = onFailed;
  }

  override _read(): void {
    if (!this.begun) {
      this.begun = true;
      this.#body.read(this);
    } else if (this.#paused) {
      this.#paused = false;
      this.#body.resume();
    }
  }

  onChunk(chunk: Uint8Array): void {
    if (this.destroyed || this.push(chunk) || this.#paused) return;
    this.#paused = true;
    this.#body.pause();
  }

  onEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  onError(failed: Failure): void {
    if (!this.destroyed) this.#onFailed(failed);
  }
}
