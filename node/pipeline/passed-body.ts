/**
 * A request body on its way down with someone listening in, who overrides what he wants to hear of. The sink towards
 * the source and the body towards the reader are one object: closures for both cost eight of them for each layer.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from './dispatch.js';

export abstract class PassedBody implements RequestBody, BodySink {
  readonly lengthBytes: number | null;
  readonly #source: RequestBody;
  #reader: BodySink | null = null;

  constructor(source: RequestBody) {
    this.lengthBytes = source.lengthBytes;
    this.#source = source;
  }

  read(sink: BodySink): void {
    if (this.#reader !== null) throw new Error('a request body is read once');
    this.#reader = sink;
    this.#source.read(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  onChunk(chunk: Uint8Array): void {
    this.#reader?.onChunk(chunk);
  }

  onEnd(): void {
    this.#reader?.onEnd();
  }

  onError(failed: Failure): void {
    this.#reader?.onError(failed);
  }
}
