/**
 * An answer whose body goes through a machine that reads it as it comes and gives out other bytes: what is selected of it, or what is left of it
 * when something is hidden. A machine that can't read what it is given ends the answer, visibly, and what is below. Whether there is a
 * machine at all is said by whoever reads the head; without one what comes is passed as it is. Owns whether the answer is over.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';

/** Both throw for what can't be read. */
export interface ByteMachine {
  push(chunk: Uint8Array): Uint8Array;
  /** What is left, once all has come. */
  end(): Uint8Array;
}

export abstract class MachinedAnswer implements ResponseHandler {
  protected readonly handler: ResponseHandler;
  #cancelNext: Cancel = nothingToCancel;
  #machine: ByteMachine | null = null;
  #isOver = false;

  constructor(handler: ResponseHandler) {
    this.handler = handler;
  }

  abstract onHeaders(head: ResponseHead): void;

  /** What becomes of an answer whose machine has thrown that; null: it is a bug, and goes on as one. */
  protected abstract failureOf(error: unknown): Failure | null;

  /** To be called with what `next` has returned: it may have ended before there was anything to cancel. */
  begun(cancelNext: Cancel): Cancel {
    this.#cancelNext = cancelNext;
    if (this.#isOver) cancelNext();
    return this.cancel;
  }

  protected readonly cancel: Cancel = () => {
    this.#isOver = true;
    this.#cancelNext();
  };

  /** From the head on. */
  protected use(machine: ByteMachine): void {
    this.#machine = machine;
  }

  protected fail(failed: Failure): void {
    this.cancel();
    this.handler.onError(failed);
  }

  onData(chunk: Uint8Array): boolean {
    const out = this.#made((machine) => machine.push(chunk), chunk);
    return this.#isOver || out === null || out.length === 0 || this.handler.onData(out);
  }

  onComplete(): void {
    const out = this.#made((machine) => machine.end(), NOTHING);
    if (this.#isOver || out === null) return;
    if (out.length > 0) this.handler.onData(out);
    // Whoever takes the last bytes may cancel.
    if (!this.#isOver) this.handler.onComplete();
  }

  onError(failed: Failure): void {
    if (!this.#isOver) this.handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.handler.onUpgrade?.(headers, peer);
  }

  /** Null: it is over. */
  #made(what: (machine: ByteMachine) => Uint8Array, plain: Uint8Array): Uint8Array | null {
    if (this.#isOver) return null;
    if (this.#machine === null) return plain;
    try {
      return what(this.#machine);
    } catch (error) {
      const failed = this.failureOf(error);
      if (failed === null) throw error;
      this.fail(failed);
      return null;
    }
  }
}

const NOTHING = new Uint8Array(0);
