/**
 * A request body that more than one attempt can read, one after the other. What the first one reads is kept, up to a
 * bound; a later one gets what was kept and then the live rest. Beyond the bound, or when the node keeps as much of all
 * bodies as it may, everything is let go, and the body can not be repeated any more.
 *
 *   client ──▶ source ──▶ Replay ──▶ Reading 1 ──▶ attempt 1     (given up: it hears nothing more)
 *                          │ kept ─▶ Reading 2 ──▶ attempt 2
 *
 * Backpressure: a reader that pauses pauses the source. Between two readers, and while one catches up, the source is
 * paused; what was in flight then comes on top of the bound, because nothing may be lost.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from '../../pipeline/dispatch.js';
import type { HeldBytes } from './held-bytes.js';

/** Each piece costs about a hundred bytes beside its own; a body that comes in more pieces than this is let go. */
const PIECES_MAX = 4_096;

/** The replay behind a body that is one already, else a new one: the outermost layer that needs one keeps it for all. */
export function replayOf(body: RequestBody, keepBytesMax: number, bodies: HeldBytes): Replay {
  return body instanceof Reading ? body.replay : new Replay(body, keepBytesMax, bodies);
}

export class Replay implements BodySink {
  /** Where the body comes from; whoever gave it decides when nothing has to be kept any more. */
  readonly source: RequestBody;
  readonly #keepBytesMax: number;
  readonly #bodies: HeldBytes;
  /** Of what is kept, what was set aside for it. */
  #setAside = 0;
  /** While keeping: all pieces since the beginning. Else: those that the reader has not got yet. */
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #isKeeping: boolean;
  #isStarted = false;
  #isEnded = false;
  #failure: Failure | null = null;
  #reader: Reading | null = null;
  #onGathered: (() => void) | null = null;

  constructor(source: RequestBody, keepBytesMax: number, bodies: HeldBytes) {
    this.source = source;
    this.#bodies = bodies;
    this.#keepBytesMax = keepBytesMax;
    this.#isKeeping = source.lengthBytes === null || source.lengthBytes <= keepBytesMax;
  }

  /** Whether one more reader would get the whole body. */
  get isWhole(): boolean {
    return !this.#isStarted || this.#isKeeping;
  }

  /** What is kept for another reason may be more than a route wants to send twice. */
  isWithin(bytesMax: number): boolean {
    return (this.lengthBytes ?? this.#bytes) <= bytesMax;
  }

  get lengthBytes(): number | null {
    return this.source.lengthBytes;
  }

  /** Why the body broke off, where it has. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** All of it has come. */
  get hasEnded(): boolean {
    return this.#isEnded;
  }

  /** What has been gathered, for whoever looks at it before it is read; not to be changed. */
  kept(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /**
   * Takes what comes before anybody reads it. Called back once, possibly at once: when the body is whole, when it broke
   * off, or when no more of it can be kept; the source is then paused until someone reads.
   */
  gather(onGathered: () => void): void {
    if (this.#isStarted || !this.#isKeeping) {
      onGathered();
      return;
    }
    this.#onGathered = onGathered;
    this.#isStarted = true;
    this.source.read(this);
  }

  /** Bytes of the body that are in memory because of this. */
  get keptBytes(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  }

  /** The body for one more reader, from its beginning. */
  body(): RequestBody {
    this.detach();
    const reading = new Reading(this);
    this.#reader = reading;
    return reading;
  }

  /** The reader hears no more. The source waits for the next one. */
  detach(): void {
    if (this.#reader === null) return;
    this.#reader = null;
    if (this.#isStarted && !this.#isEnded) this.source.pause();
  }

  /** There will be no other reader: nothing is kept any more. */
  letGo(): void {
    this.#isKeeping = false;
    const reader = this.#reader;
    if (reader === null || this.#hasAll(reader)) this.#forget(reader);
  }

  /** The exchange is over. Called by whoever made this, on every path. */
  release(): void {
    this.letGo();
    this.#giveBack();
  }

  start(reader: Reading): void {
    if (reader !== this.#reader) return;
    if (this.#failure !== null) {
      reader.fail(this.#failure);
    } else if (this.#isStarted) {
      this.pump(reader);
    } else {
      this.#isStarted = true;
      this.source.read(this);
    }
  }

  pause(reader: Reading): void {
    if (reader === this.#reader) this.source.pause();
  }

  /** Hands over what the reader has not got, as long as it wants it. */
  pump(reader: Reading): void {
    // A reader may pause and go on within the call that gives it a piece; or fail, and then the next one reads there.
    if (reader.isBeingFed) return;
    reader.isBeingFed = true;
    while (reader === this.#reader && !reader.isPaused) {
      const piece = this.#pieces[reader.position];
      if (piece === undefined) break;
      reader.position += 1;
      reader.sink?.onChunk(piece);
    }
    reader.isBeingFed = false;
    if (reader !== this.#reader || !this.#hasAll(reader)) return;
    this.#bound(reader);
    if (this.#isEnded) reader.end();
    else if (!reader.isPaused) this.source.resume();
  }

  onChunk(chunk: Uint8Array): void {
    const reader = this.#reader;
    this.#bytes += chunk.byteLength;
    if (reader?.sink == null || !this.#hasAll(reader)) {
      // Between two readers, or before one that catches up. Without a hope of another reader it is for nobody.
      if (this.#isKeeping || reader !== null) this.#pieces.push(chunk);
      // What was in flight when the source was paused may not be lost: it is kept with or without room for it.
      const hasRoom = !this.#isKeeping || this.#setsAside(chunk.byteLength);
      if (!hasRoom || this.#isTooMuch()) this.#endGathering();
      return;
    }
    if (this.#isKeeping) {
      this.#pieces.push(chunk);
      reader.position += 1;
      if (!this.#setsAside(chunk.byteLength)) this.#isKeeping = false;
      this.#bound(reader);
    }
    reader.sink.onChunk(chunk);
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#endGathering();
    const reader = this.#reader;
    if (reader !== null && reader.sink !== null && this.#hasAll(reader)) reader.end();
  }

  onError(failed: Failure): void {
    this.#isEnded = true;
    this.#failure = failed;
    this.#isKeeping = false;
    this.#forget(this.#reader);
    this.#endGathering();
    if (this.#reader?.sink != null) this.#reader.fail(failed);
  }

  #endGathering(): void {
    const onGathered = this.#onGathered;
    if (onGathered === null) return;
    this.#onGathered = null;
    if (!this.#isEnded) this.source.pause();
    onGathered();
  }

  #isTooMuch(): boolean {
    return this.#bytes > this.#keepBytesMax || this.#pieces.length > PIECES_MAX;
  }

  #hasAll(reader: Reading): boolean {
    return reader.position === this.#pieces.length;
  }

  /** Lets go of a body that has grown too large, once its reader needs nothing of what was kept. */
  #bound(reader: Reading): void {
    if (this.#isTooMuch()) this.#isKeeping = false;
    if (!this.#isKeeping) this.#forget(reader);
  }

  #setsAside(bytes: number): boolean {
    if (!this.#bodies.take(bytes)) return false;
    this.#setAside += bytes;
    return true;
  }

  #giveBack(): void {
    this.#bodies.giveBack(this.#setAside);
    this.#setAside = 0;
  }

  #forget(reader: Reading | null): void {
    this.#giveBack();
    this.#pieces = [];
    if (reader !== null) reader.position = 0;
  }
}

/** What one attempt sees of a replay. */
class Reading implements RequestBody {
  readonly replay: Replay;
  sink: BodySink | null = null;
  /** Pieces that it has got. */
  position = 0;
  isPaused = false;
  isBeingFed = false;
  #hasEnded = false;

  constructor(replay: Replay) {
    this.replay = replay;
  }

  get lengthBytes(): number | null {
    return this.replay.lengthBytes;
  }

  read(sink: BodySink): void {
    if (this.sink !== null) throw new Error('a request body is read once');
    this.sink = sink;
    this.replay.start(this);
  }

  pause(): void {
    this.isPaused = true;
    this.replay.pause(this);
  }

  resume(): void {
    this.isPaused = false;
    if (this.sink !== null) this.replay.pump(this);
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.sink?.onEnd();
  }

  fail(failed: Failure): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.sink?.onError(failed);
  }
}
