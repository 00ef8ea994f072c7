/**
 * An exchange that may be dispatched more than once, one after the other, and shows only one answer to whoever is above.
 * The part that retry and fallback have in common: they differ in what they give up, and in what they do then.
 *
 *              send ┌────────────┐ head that is kept           ┌──────────┐
 *   ──────────────▶ │ one attempt│ ──────────────────────────▶ │ passing  │ ─▶ end
 *        ▲          └────────────┘                             └──────────┘
 *        │ again()        │ head or failure that is given up
 *        └────────────────┘   (cancelled, and heard no more)
 *
 * Callbacks may come before a dispatch has returned its Cancel. What is given up then is cancelled, and followed, when
 * the dispatch has returned: so there are never two attempts at once, and no Cancel is lost.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../pipeline/dispatch.js';

export abstract class Redispatching implements ResponseHandler {
  readonly #handler: ResponseHandler;
  #cancelNext: Cancel = nothingToCancel;
  /** An attempt is on, and what it says counts. */
  #isListening = false;
  #isDispatching = false;
  #headPassed = false;
  #isOver = false;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  /** Whether this answer goes up as it is. If not, it is cancelled and `again` is called. */
  protected abstract keepsAnswer(head: ResponseHead): boolean;

  /** The failure that goes up. Null: none does, and `again` is called. Asked only while no head has passed. */
  protected abstract failureToPass(failed: Failure): Failure | null;

  /** What was given up has ended: sends once more, now or later, or fails. */
  protected abstract again(): void;

  /** The exchange has ended, in whatever way. */
  protected over(): void {}

  /** Cancelled from above: ends what else is waiting. */
  protected abstract stop(): void;

  readonly cancel: Cancel = () => {
    this.#end();
    this.stop();
    this.#cancelNext();
  };

  protected send(dispatch: Dispatch, request: GatewayRequest): void {
    this.#isListening = true;
    this.#isDispatching = true;
    const cancel = dispatch(request, this);
    this.#isDispatching = false;
    this.#cancelNext = cancel;
    if (this.#isListening) return;
    cancel();
    if (!this.#isOver) this.again();
  }

  /** Ends the exchange where nothing more will be sent. */
  protected fail(failed: Failure): void {
    this.#end();
    this.#handler.onError(failed);
  }

  onHeaders(head: ResponseHead): void {
    if (!this.#isListening) return;
    if (this.keepsAnswer(head)) {
      this.#headPassed = true;
      this.#handler.onHeaders(head);
    } else this.giveUp();
  }

  onData(chunk: Uint8Array): boolean {
    return this.#isListening && this.#handler.onData(chunk);
  }

  onComplete(): void {
    if (!this.#isListening) return;
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    if (!this.#isListening) return;
    const passed = this.#headPassed ? failed : this.failureToPass(failed);
    if (passed === null) this.giveUp();
    else this.fail(passed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    if (!this.#isListening) return;
    this.#headPassed = true;
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** Nothing has passed yet of what is being tried, so that something else may be. */
  protected get isUndecided(): boolean {
    return this.#isListening && !this.#headPassed;
  }

  /** Cancels what is being tried, and `again` is called; of use from outside of a callback where `isUndecided`. */
  protected giveUp(): void {
    this.#isListening = false;
    if (this.#isDispatching) return;
    this.#cancelNext();
    this.again();
  }

  #end(): void {
    this.#isListening = false;
    this.#isOver = true;
    this.over();
  }
}
