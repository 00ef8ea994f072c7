/**
 * One request to a route of this gateway, and its answer, which is gathered whole: bounded by whoever asks and, with all answers that are
 * held, by the node. The call ends once, whatever happens, or is cancelled.
 */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { joined } from '../ai/gateway/body-text.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../pipeline/dispatch.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';

export type CallEnd =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: HeaderList; readonly bytes: Uint8Array }
  /** There is no answer that could be used, and why, for whoever reads the result. */
  | { readonly kind: 'failed'; readonly why: string; readonly failure: Failure | null };

export interface CallBounds {
  readonly answerBytesMax: number;
  /** Memory of this node that answers take which are held. */
  readonly heldBytes: HeldBytes;
}

export class InnerCall implements ResponseHandler {
  readonly #bounds: CallBounds;
  readonly #done: (end: CallEnd) => void;
  readonly #chunks: Uint8Array[] = [];
  #head: ResponseHead | null = null;
  #bytes = 0;
  #held = 0;
  #isOver = false;
  #below: GatewayRequest | null = null;
  #cancelBelow: Cancel = nothingToCancel;

  /** `done` is called once, unless the call is cancelled before. */
  constructor(bounds: CallBounds, done: (end: CallEnd) => void) {
    this.#bounds = bounds;
    this.#done = done;
  }

  begin(way: Dispatch, below: GatewayRequest): void {
    this.#below = below;
    const cancel = way(below, this);
    this.#cancelBelow = cancel;
    if (this.#isOver) cancel();
  }

  /** The client has left, or its deadline has passed. */
  cancel(failed: Failure | null): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#giveUp(failed);
    }
    this.release();
  }

  /** What it holds is of no use any more. */
  release(): void {
    this.#bounds.heldBytes.giveBack(this.#held);
    this.#held = 0;
    this.#chunks.length = 0;
  }

  #giveUp(failed: Failure | null): void {
    // Those below look here for the reason.
    if (this.#below !== null) this.#below.exchange.failure ??= failed;
    this.#cancelBelow();
  }

  #end(end: CallEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(end);
  }

  #refuse(why: string): void {
    this.#end({ kind: 'failed', why, failure: null });
    this.#giveUp(null);
  }

  onHeaders(head: ResponseHead): void {
    if (this.#isOver) return;
    this.#head = head;
    const coding = headerValue(head.headers, 'content-encoding') ?? 'identity';
    if (coding !== 'identity') this.#refuse('The answer is compressed, which was not asked for.');
    else if ((head.lengthBytes ?? 0) > this.#bounds.answerBytesMax && this.#below?.method !== 'HEAD') this.#tooLong();
  }

  #tooLong(): void {
    this.#refuse(`The answer is longer than ${this.#bounds.answerBytesMax} bytes. Ask for less of it.`);
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isOver) return false;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#bounds.answerBytesMax) this.#tooLong();
    else if (!this.#bounds.heldBytes.take(chunk.byteLength))
      this.#refuse('This node holds as many answers as it may. Try later.');
    else {
      this.#held += chunk.byteLength;
      this.#chunks.push(chunk);
    }
    return !this.#isOver;
  }

  onComplete(): void {
    if (this.#isOver) return;
    const { status = 502, headers = [] } = this.#head ?? {};
    this.#end({ kind: 'answer', status, headers, bytes: joined(this.#chunks) });
  }

  /** In the midst of an answer: before it, a failure is an answer of its own. */
  onError(failed: Failure): void {
    this.#end({ kind: 'failed', why: `${failureTable[failed.code].title}.`, failure: failed });
  }
}
