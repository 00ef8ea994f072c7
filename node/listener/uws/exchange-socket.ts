/**
 * The client's side of one exchange: it hears the response, feeds the request body, and knows when the client is gone.
 *
 *            dispatch ──▶ answering ──▶ finished            the response was taken whole
 *                 │            └──────▶ cut                 it broke off, or the client did not read
 *                 └───────────────────▶ gone                the client closed
 *
 * Whatever the way, `ended` runs once, the timers stop, the request body lets go, and what was dispatched is cancelled
 * unless it has ended by itself.
 */

import type { HttpResponse } from 'uWebSockets.js';
import { type Failure, failure, type TimerName, timerFired } from '@weir/proto/http/failures.js';
import type { ClientTimersSpec } from '@weir/proto/snapshot/gateway.js';
import { isStream } from '../../optimize/stream-type.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../../pipeline/dispatch.js';
import type { Exchange } from '../../pipeline/exchange.js';
import type { Clock, Timers } from '../../time/clock.js';
import { NOWHERE, type Placed } from '../open-exchanges.js';
import { frameResponse } from '../response-framing.js';
import { linger } from './linger.js';
import { Patience } from './patience.js';
import type { BodyValve, UwsRequestBody } from './request-body.js';
import { type Closing, ResponseWriter, type WriterOwner } from './response-writer.js';
import { SocketValve } from './socket-valve.js';

/** What all exchanges of a listener share. */
export interface ExchangeOwner {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly isDraining: boolean;
  /** A connection ends with its first answer. */
  readonly isOneRequestEach: boolean;
  /** Calls `turnEnded` when what runs now, and what it has set off synchronously, is over. */
  atTurnEnd(socket: ExchangeSocket): void;
  ended(socket: ExchangeSocket): void;
  tunnelOpened(): void;
  tunnelClosed(): void;
  timerFired(timer: TimerName, exchange: Exchange): void;
  /** The plain answer to a failure that nothing below has answered. */
  answer(res: HttpResponse, failed: Failure, request: GatewayRequest): void;
  bug(error: unknown): void;
}

/** A request body of at most this many bytes that is still coming is no reason to close the connection. */
const REST_TO_READ_BYTES = 65_536;
/** What is below gets this long to answer a request body that was cut off, before the listener does. */
const ANSWER_GRACE_MS = 1_000;

export class ExchangeSocket implements ResponseHandler, WriterOwner, BodyValve, Placed {
  place = NOWHERE;
  readonly request: GatewayRequest;
  protected readonly owner: ExchangeOwner;
  protected readonly writer: ResponseWriter;
  /** Null once the response is finished or the connection gone; also written by the upgrade. */
  protected res: HttpResponse | null;
  readonly #clientTimers: ClientTimersSpec;
  readonly #closeAsked: boolean;
  #body: UwsRequestBody | null = null;
  /** Made when the body, or a full socket, needs it first: most exchanges have neither. */
  #valve: SocketValve | null = null;
  #cancel: Cancel = nothingToCancel;
  #head: ResponseHead | null = null;
  #sourceEnded = false;
  /** It was told that the socket is full, and not yet that it may go on. */
  #sourceWaits = false;
  /** The turn of the request is over for the chain; until then the end of an answer may come in it. */
  #isDispatched = false;
  #ended = false;
  /** The client stopped in its body: there is nothing in flight that a close could take away from the answer. */
  #bodyTimedOut = false;
  /** The answer was complete before its request. */
  #restComes = false;
  #bodyPatience: Patience | null = null;
  #readPatience: Patience | null = null;

  constructor(
    res: HttpResponse,
    request: GatewayRequest,
    closeAsked: boolean,
    timers: ClientTimersSpec,
    owner: ExchangeOwner,
  ) {
    this.res = res;
    this.request = request;
    this.owner = owner;
    this.writer = new ResponseWriter(res, this);
    this.#closeAsked = closeAsked;
    this.#clientTimers = timers;
  }

  /** What it was answered by, so far. */
  get head(): ResponseHead | null {
    return this.#head;
  }

  /** What was dispatched; called at once when the exchange has ended in the meantime. */
  dispatched(cancel: Cancel): void {
    this.#cancel = cancel;
    this.#isDispatched = true;
    if (this.#ended && !this.#sourceEnded) cancel();
    if (this.#sourceEnded) this.#answeredAtOnce();
    else if (this.#head !== null) this.owner.atTurnEnd(this);
  }

  /**
   * Answered in the request's own turn: another may stand behind it, and the library takes none before the answer. It has called us,
   * so the socket is corked.
   */
  #answeredAtOnce(): void {
    if (this.#sourceEnded) this.#turnEnded(true);
  }

  /** To be called when the request's own turn is over: within it no connection closes, and what was answered in it need not hear of that. */
  hearOfClose(): void {
    this.res?.onAborted(() => this.gone());
  }

  /** Attaches the request body and starts its clock at the end of this turn, if it has not come by then. */
  withBody(body: UwsRequestBody): void {
    this.#body = body;
    this.owner.atTurnEnd(this);
  }

  // The request body.

  bodyArrived(chunk: ArrayBuffer, isLast: boolean): void {
    const body = this.#body;
    if (body === null) return;
    this.request.exchange.requestBytes += chunk.byteLength;
    this.owner.clock.hold?.();
    try {
      body.arrived(chunk, isLast);
    } catch (error) {
      this.failed(error);
    } finally {
      this.owner.clock.release?.();
    }
    this.#answeredAtOnce();
    if (isLast) this.#bodyCame(body);
    else if (!body.paused && !body.ended) this.#waitForBody();
  }

  pauseBody(): void {
    this.#bodyPatience?.stop();
    if (this.res !== null) this.#valveOf(this.res).stop();
  }

  resumeBody(): void {
    this.#valve?.open();
    this.#waitForBody();
  }

  #bodyCame(body: UwsRequestBody): void {
    this.#bodyPatience?.stop();
    this.#restComes = false;
    if (!body.paused || this.res === null) return;
    // The socket must be readable again, or a client that leaves is not noticed. That starts the library's own clock.
    this.#valve?.open();
    this.#waitForBody(Number.POSITIVE_INFINITY);
  }

  #waitForBody(limitMs = this.#clientTimers.clientBodyMs): void {
    if (this.res === null) return;
    this.#bodyPatience ??= new Patience(
      this.owner.clock,
      this.owner.timers,
      () => this.#renewIdleClock(),
      () => this.#bodyTooSlow(),
    );
    this.#bodyPatience.wait(limitMs);
  }

  #bodyTooSlow(): void {
    const body = this.#body;
    if (body === null || this.res === null) return;
    const limitMs = this.#clientTimers.clientBodyMs;
    if (body.ended) {
      // The grace is over, and nobody below has answered.
      if (this.#head === null) this.#answerItself(timerFired('clientBody', limitMs));
      return;
    }
    this.#bodyTimedOut = true;
    this.owner.timerFired('clientBody', this.request.exchange);
    const hadReader = body.fail(timerFired('clientBody', limitMs));
    if (hadReader) this.#waitForBody(ANSWER_GRACE_MS);
    else this.#answerItself(timerFired('clientBody', limitMs));
  }

  #valveOf(res: HttpResponse): SocketValve {
    this.#valve ??= new SocketValve(res, this.owner.timers, () => this.roomCame());
    return this.#valve;
  }

  #renewIdleClock(): void {
    if (this.res !== null) this.#valveOf(this.res).renewIdleClock();
  }

  // The response.

  onHeaders(head: ResponseHead): void {
    if (this.res === null) return;
    this.#head = head;
    const framing = frameResponse(this.request.method, head.status, head.lengthBytes);
    this.writer.begin(head, framing);
    if (!this.#isDispatched) return;
    // What is read as it comes has no end in this turn that would be worth waiting for, and its first piece shall not wait for what
    // else the turn has to do: the pieces of all other streams.
    if (framing.kind === 'chunked' && isStream(head.headers, null)) this.writer.turnEnded(false);
    else this.owner.atTurnEnd(this);
  }

  onData(chunk: Uint8Array): boolean {
    try {
      return this.writer.write(chunk);
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  onComplete(): void {
    this.#sourceEnded = true;
    try {
      this.writer.end();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Behind a head the message is broken visibly: the connection closes before its end. */
  onError(failed: Failure): void {
    this.#sourceEnded = true;
    if (this.#head === null) this.#answerItself(failed);
    else this.cut(failed);
  }

  /** The turn in which a head, or the request, came is over. */
  turnEnded(): void {
    this.#turnEnded(false);
  }

  #turnEnded(isCorked: boolean): void {
    if (this.res === null) return;
    try {
      this.writer.turnEnded(isCorked);
    } catch (error) {
      this.failed(error);
    }
    const body = this.#body;
    if (body !== null && !body.ended && !body.paused && this.#bodyPatience === null) this.#waitForBody();
  }

  // What the writer asks and tells.

  get requestId(): string {
    return this.request.exchange.id;
  }

  closing(): Closing {
    if (this.#bodyTimedOut) return 'close';
    if (this.#body !== null && !this.#body.ended && !this.#restIsShort(this.#body)) return 'linger';
    if (this.#closeAsked) return 'library';
    return this.owner.isDraining || this.owner.isOneRequestEach ? 'close' : 'keep';
  }

  blocked(): void {
    if (this.res === null) return;
    this.#sourceWaits = true;
    this.#valveOf(this.res).writeBlocked();
    this.#readPatience ??= new Patience(
      this.owner.clock,
      this.owner.timers,
      () => this.#renewIdleClock(),
      () => this.#clientDoesNotRead(),
    );
    this.#readPatience.wait(this.#clientTimers.clientIdleMs);
  }

  drained(): void {
    this.#valve?.writeClear();
    this.#readPatience?.stop();
    this.#sourceGoesOn();
  }

  /** Also a source whose last piece has completed the message: it has its end yet to say, and lets go of what it holds with that. */
  #sourceGoesOn(): void {
    if (!this.#sourceWaits) return;
    this.#sourceWaits = false;
    if (!this.#sourceEnded) this.#head?.resume();
  }

  finishing(): void {
    const body = this.#body;
    if (body === null) return;
    this.#restComes ||= !body.ended;
    this.#valve?.open();
    body.discard();
  }

  finished(): void {
    this.end();
  }

  /** The exchange is over; only the connection is still to be closed. */
  lingers(res: HttpResponse, end: () => void): void {
    this.end();
    const { owner, request } = this;
    if (!this.#restComes) end();
    else {
      const expired = (): void => owner.timerFired('clientIdle', request.exchange);
      linger(res, owner.timers, this.#clientTimers.clientIdleMs, { end, expired });
    }
  }

  dateText(): string {
    return new Date(this.owner.clock.wallMs()).toUTCString();
  }

  broken(reason: string): void {
    this.owner.bug(new Error(`${this.request.method} ${this.request.path}: ${reason}`));
    this.cut(failure('internal_error', reason));
  }

  #restIsShort(body: UwsRequestBody): boolean {
    return body.lengthBytes !== null && body.lengthBytes <= REST_TO_READ_BYTES;
  }

  roomCame(): void {
    try {
      this.writer.roomCame();
      if (this.#ended) this.#sourceGoesOn();
    } catch (error) {
      this.failed(error);
    }
  }

  #clientDoesNotRead(): void {
    this.owner.timerFired('clientIdle', this.request.exchange);
    this.cut(timerFired('clientIdle', this.#clientTimers.clientIdleMs));
  }

  // The ends.

  /** The connection is gone; nothing may touch it any more. */
  gone(): void {
    this.writer.detach();
    this.#abandon(failure('client_gone', 'the client closed the connection'));
  }

  /** Closes the connection; what was written before may or may not arrive. */
  cut(failed: Failure): void {
    const res = this.writer.detach();
    // Noted first: layers that are cancelled look here for the reason, and take a missing one for a client that left.
    if (!this.#ended && !this.#sourceEnded) this.request.exchange.failure ??= failed;
    this.#abandon(failed);
    res?.close();
  }

  /** The node ends: an answer that has begun is broken off, one that has not is the reason. */
  shutDown(failed: Failure): void {
    if (this.#head === null && this.res !== null) this.#answerItself(failed);
    else this.cut(failed);
  }

  /** A bug below or here: this exchange fails, the others go on. */
  failed(error: unknown): void {
    this.owner.bug(error);
    const failed = failure('internal_error', 'the gateway failed', { cause: error });
    if (this.#head === null && this.res !== null) this.#answerItself(failed);
    else this.cut(failed);
  }

  #answerItself(failed: Failure): void {
    const res = this.writer.detach();
    if (!this.#ended && !this.#sourceEnded) this.request.exchange.failure ??= failed;
    this.#abandon(failed);
    if (res !== null) this.owner.answer(res, failed, this.request);
  }

  #abandon(failed: Failure): void {
    if (this.#ended) return;
    const cancel = this.#cancel;
    const mustCancel = !this.#sourceEnded;
    this.#sourceWaits = false;
    this.end();
    try {
      if (mustCancel) cancel();
      this.#body?.fail(failed);
    } catch (error) {
      this.owner.bug(error);
    }
  }

  protected end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.res = null;
    this.#valve?.detach();
    this.#bodyPatience?.stop();
    this.#readPatience?.stop();
    this.owner.ended(this);
  }
}
