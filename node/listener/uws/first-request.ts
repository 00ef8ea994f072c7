/**
 * The wait for the first request of a connection (`clientHeaders`), where the library would only close in silence.
 *
 * The library's filter hands out a response object when a connection is accepted, but it tells nobody which request
 * later comes from which connection. What links the two: an `onData` that was set on accept is called once, right after
 * the handler of the first request has returned, unless that handler set its own. So the first request without a body
 * is recognised; one with a body is not, and then every connection of the same address that is still waiting is
 * forgotten, since touching the wrong one would write into somebody's response. A forgotten connection is under the
 * library's own limit (10 to 12 s, silent), and so is every later request of a connection.
 */
import type { HttpResponse } from 'uWebSockets.js';
import type { Clock, Timers } from '../../time/clock.js';
import { Patience } from './patience.js';
import { renewIdleClock } from './socket-valve.js';

interface Waiting {
  readonly res: HttpResponse;
  readonly address: string;
  readonly patience: Patience;
}

export class FirstRequests {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #limitMs: () => number;
  readonly #expired: (res: HttpResponse, address: string) => void;
  readonly #linked: (chunk: ArrayBuffer, isLast: boolean) => void;
  readonly #byAddress = new Map<string, Set<Waiting>>();
  /** Address of a request whose connection is not known yet; its link comes before anything else runs, or never. */
  #unlinked: string | null = null;

  /**
   * `expired` gets a response object that is good for one answer, or close, at once. `linked` is called right after the
   * handler of a connection's first request has returned, unless that set an `onData` of its own, and for no later one.
   */
  constructor(
    clock: Clock,
    timers: Timers,
    limitMs: () => number,
    expired: (res: HttpResponse, address: string) => void,
    linked: (chunk: ArrayBuffer, isLast: boolean) => void,
  ) {
    this.#clock = clock;
    this.#timers = timers;
    this.#limitMs = limitMs;
    this.#expired = expired;
    this.#linked = linked;
  }

  accepted(res: HttpResponse, address: string): void {
    this.#settle();
    const waiting: Waiting = {
      res,
      address,
      patience: new Patience(
        this.#clock,
        this.#timers,
        () => {
          this.#settle();
          if (this.#isWaiting(waiting)) renewIdleClock(res);
        },
        () => {
          this.#settle();
          if (!this.#isWaiting(waiting)) return;
          this.#forget(waiting);
          this.#expired(res, address);
        },
      ),
    };
    const ofAddress = this.#byAddress.get(address);
    if (ofAddress === undefined) this.#byAddress.set(address, new Set([waiting]));
    else ofAddress.add(waiting);
    res.onAborted(() => this.#forget(waiting));
    res.onData((chunk, isLast) => {
      this.#unlinked = null;
      this.#forget(waiting);
      this.#linked(chunk, isLast);
    });
    waiting.patience.wait(this.#limitMs());
  }

  /** Without any, there is nothing to be told of a request. */
  get areAwaited(): boolean {
    return this.#byAddress.size > 0;
  }

  /** To be called first thing in every request handler, where some are awaited. */
  requestSeen(address: string): void {
    this.#settle();
    this.#unlinked = address;
  }

  stop(): void {
    for (const address of [...this.#byAddress.keys()]) this.#forgetAll(address);
  }

  /** The request seen last has not been linked to its connection: it may be any of those. */
  #settle(): void {
    if (this.#unlinked === null) return;
    this.#forgetAll(this.#unlinked);
    this.#unlinked = null;
  }

  #isWaiting(waiting: Waiting): boolean {
    return this.#byAddress.get(waiting.address)?.has(waiting) === true;
  }

  #forget(waiting: Waiting): void {
    waiting.patience.stop();
    const ofAddress = this.#byAddress.get(waiting.address);
    if (ofAddress === undefined) return;
    ofAddress.delete(waiting);
    if (ofAddress.size === 0) this.#byAddress.delete(waiting.address);
  }

  #forgetAll(address: string): void {
    for (const waiting of this.#byAddress.get(address) ?? []) waiting.patience.stop();
    this.#byAddress.delete(address);
  }
}
