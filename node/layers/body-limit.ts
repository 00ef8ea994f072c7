/**
 * Bounds the request body. A stated length above the limit is refused before anything goes upstream; a body of unknown
 * length is counted as it streams, and where it grows too large, the attempt that carries it is abandoned: the upstream
 * sees a broken request, never a short one that looks whole. The client gets 413, or, where the answer has begun, a
 * visibly broken answer.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { Place } from '../pipeline/chain.js';
import { withBody } from '../pipeline/derived-request.js';
import {
  type BodySink,
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
} from '../pipeline/dispatch.js';

export const bodyLimit: Place = (route) => {
  const limitBytes = route.bodyBytesMax;
  const tooLarge = failure('body_too_large', `the request body may have ${limitBytes} bytes`);
  return (next) => (request, handler) => {
    const { body } = request;
    if (body === null) return next(request, handler);
    if (body.lengthBytes !== null) {
      // The listener frames by this length, so no more can come than it says.
      if (body.lengthBytes <= limitBytes) return next(request, handler);
      handler.onError(tooLarge);
      return nothingToCancel;
    }
    return new Counted(handler, body, limitBytes, tooLarge).start(next, request);
  };
};

/**
 * One exchange whose body is counted: between the source and its reader, and between the answer and its receiver. It
 * passes no upgrade on: a request with a body asks for none (proto/http/upgrade.ts).
 */
class Counted implements ResponseHandler {
  readonly #handler: ResponseHandler;
  readonly #source: RequestBody;
  readonly #limitBytes: number;
  readonly #tooLarge: Failure;
  #cancelNext: Cancel = nothingToCancel;
  #countedBytes = 0;
  #isOver = false;

  constructor(handler: ResponseHandler, source: RequestBody, limitBytes: number, tooLarge: Failure) {
    this.#handler = handler;
    this.#source = source;
    this.#limitBytes = limitBytes;
    this.#tooLarge = tooLarge;
  }

  start(next: (request: GatewayRequest, handler: ResponseHandler) => Cancel, request: GatewayRequest): Cancel {
    const cancelNext = next(withBody(request, this.#body()), this);
    this.#cancelNext = cancelNext;
    // The limit may have been passed by chunks that were waiting, before there was anything to cancel.
    if (this.#isOver) cancelNext();
    return () => {
      this.#isOver = true;
      cancelNext();
    };
  }

  #body(): RequestBody {
    const source = this.#source;
    return {
      lengthBytes: null,
      read: (sink) => source.read(this.#counting(sink)),
      pause: () => source.pause(),
      resume: () => source.resume(),
    };
  }

  #counting(sink: BodySink): BodySink {
    let isBroken = false;
    return {
      onChunk: (chunk) => {
        if (isBroken) return;
        this.#countedBytes += chunk.byteLength;
        if (this.#countedBytes <= this.#limitBytes) return sink.onChunk(chunk);
        isBroken = true;
        this.#exceed(sink);
      },
      onEnd: () => {
        if (!isBroken) sink.onEnd();
      },
      onError: (failed) => {
        if (!isBroken) sink.onError(failed);
      },
    };
  }

  #exceed(sink: BodySink): void {
    this.#source.pause();
    const wasOver = this.#isOver;
    // Set before the reader hears of it: what it makes of its broken body is no longer the answer to this exchange.
    this.#isOver = true;
    sink.onError(this.#tooLarge);
    this.#cancelNext();
    if (!wasOver) this.#handler.onError(this.#tooLarge);
  }

  onHeaders(head: ResponseHead): void {
    if (!this.#isOver) this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#isOver ? false : this.#handler.onData(chunk);
  }

  onComplete(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onError(failed);
  }
}
