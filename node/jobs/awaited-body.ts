/**
 * The body of a request that may become a job, which can only be made of a request that was received whole. Whoever is
 * below may have to wait (for a place at the upstream, say) before he reads it; so when the job is due, a body that
 * nobody reads yet is gathered here.
 *
 *   client ──▶ source ──▶ AwaitedBody ──▶ whoever reads, from its beginning
 *                              └ gathered, as long as nobody does
 *
 * Bounded: past GATHER_BYTES_MAX, or when the node holds as much of all bodies as it may, the source is paused; what is
 * in flight then comes on top, because nothing may be lost. Such a body is whole when its reader has taken it.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from '../pipeline/dispatch.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';

/** A 202 in time is worth more than a retry, for which 64 KiB are kept; it is asked for by requests that are slow already. */
export const GATHER_BYTES_MAX = 1024 * 1024;

export class AwaitedBody implements RequestBody, BodySink {
  readonly lengthBytes: number | null;
  /** All of it has come. */
  isWhole = false;
  readonly #source: RequestBody;
  readonly #bodies: HeldBytes;
  #isStarted = false;
  #sink: BodySink | null = null;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** Of what was gathered, what was set aside for it. */
  #setAside = 0;
  #isPaused = false;
  #isOver = false;
  #failure: Failure | null = null;

  constructor(source: RequestBody, bodies: HeldBytes) {
    this.lengthBytes = source.lengthBytes;
    this.#source = source;
    this.#bodies = bodies;
  }

  /** Takes what comes, unless it is being read already. */
  gather(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#source.read(this);
  }

  /** The exchange is over: nobody will read what was gathered. */
  release(): void {
    this.#isOver = true;
    this.#letGo();
  }

  #letGo(): void {
    this.#bodies.giveBack(this.#setAside);
    this.#setAside = 0;
    this.#gathered = [];
  }

  read(sink: BodySink): void {
    if (this.#sink !== null) throw new Error('a request body is read once');
    this.#sink = sink;
    if (!this.#isStarted) {
      this.gather();
      return;
    }
    const gathered = this.#gathered;
    this.#letGo();
    // Opened before delivery: the reader may close it again on the first piece.
    if (this.#isPaused) this.#source.resume();
    for (const chunk of gathered) sink.onChunk(chunk);
    if (this.#failure !== null) sink.onError(this.#failure);
    else if (this.isWhole) sink.onEnd();
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  onChunk(chunk: Uint8Array): void {
    if (this.#sink !== null) {
      this.#sink.onChunk(chunk);
      return;
    }
    if (this.#isOver) return;
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.byteLength;
    const hasRoom = this.#bodies.take(chunk.byteLength);
    if (hasRoom) this.#setAside += chunk.byteLength;
    if (this.#isPaused || (hasRoom && this.#gatheredBytes <= GATHER_BYTES_MAX)) return;
    this.#isPaused = true;
    this.#source.pause();
  }

  onEnd(): void {
    this.isWhole = true;
    this.#sink?.onEnd();
  }

  onError(failed: Failure): void {
    this.#failure = failed;
    // Of no use to anybody: its reader is told that it broke off.
    this.#letGo();
    this.#sink?.onError(failed);
  }
}
