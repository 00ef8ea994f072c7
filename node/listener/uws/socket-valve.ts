/**
 * Stops and opens the reading side of a client's socket without stopping the writing side for ever.
 *
 * Measured on this build: `pause()` notes what the socket is polled for and then polls for nothing, neither readable
 * nor writable; `resume()` polls for what was noted, and for garbage when nothing was; a write that is not taken whole
 * polls for both. So a lone `resume()` may silence a socket, and a `pause()` while an answer waits for room ends that
 * answer. Hence the rules kept here:
 *
 * - `resume()` only behind a `pause()`. The pair, called on an open socket, changes nothing but the library's idle clock.
 * - While reading is stopped and an answer waits for room, no event says that there is room: it is tried again by a timer.
 * - A write that was refused while reading is stopped has opened reading: it is stopped again at once.
 */
import type { HttpResponse } from 'uWebSockets.js';
import type { Timer, Timers } from '../../time/clock.js';

/** Two ticks of the wheel: at 1 MiB of socket buffer this still moves 60 MB a second. */
const RETRY_MS = 16;

export class SocketValve {
  isStopped = false;
  #res: HttpResponse | null;
  readonly #timers: Timers;
  readonly #retryWrite: () => void;
  #retry: Timer | null = null;
  #writeWaits = false;

  constructor(res: HttpResponse, timers: Timers, retryWrite: () => void) {
    this.#res = res;
    this.#timers = timers;
    this.#retryWrite = retryWrite;
  }

  stop(): void {
    if (this.isStopped || this.#res === null) return;
    this.isStopped = true;
    this.#res.pause();
    if (this.#writeWaits) this.#armRetry();
  }

  open(): void {
    if (!this.isStopped || this.#res === null) return;
    this.isStopped = false;
    this.#retry?.cancel();
    this.#res.resume();
  }

  /** A write was not taken whole. */
  writeBlocked(): void {
    this.#writeWaits = true;
    if (!this.isStopped || this.#res === null) return;
    this.#res.pause();
    this.#armRetry();
  }

  writeClear(): void {
    this.#writeWaits = false;
    this.#retry?.cancel();
  }

  /** Starts the library's idle clock anew. A stopped socket has none running. */
  renewIdleClock(): void {
    if (this.isStopped || this.#res === null) return;
    renewIdleClock(this.#res);
  }

  /** The connection is gone or given away. */
  detach(): void {
    this.#res = null;
    this.#retry?.cancel();
  }

  #armRetry(): void {
    this.#retry ??= this.#timers.create(this.#retryWrite);
    this.#retry.arm(RETRY_MS);
  }
}

/** Starts the library's idle clock of an open, unpaused socket anew. */
export function renewIdleClock(res: HttpResponse): void {
  res.pause();
  res.resume();
}
