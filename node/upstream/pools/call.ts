/**
 * One request over a pool: gather the body if it is small, take or wait for a connection, send, give the connection
 * back. Owns the rule for stale connections: a reused connection that the peer has closed before anything was written to
 * it is not the request's failure, whatever its method, so the request goes out once more, on a connection that has
 * carried nothing before. Writes wait for the end of the turn (transport/http1-turn.ts), so whatever the kernel knew of
 * closes is known then. A close may cross with a request on the wire all the same, so what asks for no effect (RFC 9110
 * §9.2.1, RFC 9112 §9.5) goes out once more, too. Anything else that was written may have had its effect: that is an attempt
 * that failed, and `retry` decides, who counts and pays for it. It comes back here on a connection that has carried
 * nothing, for one that was closed is seldom alone.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { isSafe } from '@weir/proto/http/methods.js';
import {
  type AttemptPhase,
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../../pipeline/dispatch.js';
import type { HeldBytes } from '../retry/held-bytes.js';
import type { AnswerSink, Connection, OutgoingRequest, Progress } from './connection.js';
import { gatherBody } from './gather.js';
import type { Lease, Ticket, Waiter } from './places.js';
import type { Pool } from './pool.js';

export function createPoolDispatch(pool: Pool<Connection>, gatherBodyBytes: number, bodies: HeldBytes): Dispatch {
  return (request, handler) => {
    const call = new Call(pool, request, handler, bodies);
    call.begin(gatherBodyBytes);
    return call.cancel;
  };
}

class Call implements Waiter<Connection>, AnswerSink {
  readonly #pool: Pool<Connection>;
  readonly #handler: ResponseHandler;
  readonly #request: GatewayRequest;
  readonly #bodies: HeldBytes;
  /** For a body that is gathered, until the call has ended: it may be sent again. */
  #setAside = 0;
  #outgoing: OutgoingRequest | null = null;
  #ticket: Ticket<Connection> | null = null;
  #lease: Lease<Connection> | null = null;
  #cancelSend: Cancel = nothingToCancel;
  #phase: AttemptPhase = 'queue';
  #repeated = false;
  /** Of the connection that was released last; `onFailed` comes behind `onReleased`. */
  #wasReused = false;
  #ended = false;

  constructor(pool: Pool<Connection>, request: GatewayRequest, handler: ResponseHandler, bodies: HeldBytes) {
    this.#pool = pool;
    this.#bodies = bodies;
    this.#request = request;
    this.#handler = handler;
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#end();
    if (this.#ticket !== null) this.#pool.abandon(this.#ticket);
    this.#ticket = null;
    this.#cancelSend();
  };

  begin(gatherBodyBytes: number): void {
    const { body } = this.#request;
    const lengthBytes = body?.lengthBytes ?? null;
    // Where the node has no room for one more, a body streams as a long one does.
    if (body === null || lengthBytes === null || lengthBytes > gatherBodyBytes || !this.#bodies.take(lengthBytes)) {
      this.#dispatch(body);
      return;
    }
    this.#setAside = lengthBytes;
    gatherBody(
      body,
      lengthBytes,
      (bytes) => {
        if (!this.#ended) this.#dispatch(bytes);
      },
      (failed) => this.#fail(failed),
    );
  }

  #dispatch(body: OutgoingRequest['body']): void {
    const { method, path, query, headers, exchange } = this.#request;
    this.#outgoing = { method, target: query === '' ? path : `${path}?${query}`, headers, body, exchange };
    const fresh = wasBrokenOff(this.#request);
    const lease = fresh ? null : this.#pool.take();
    if (lease !== null) this.onLease(lease);
    else this.#wait(fresh);
  }

  #wait(fresh: boolean): void {
    const ticket = this.#pool.wait(this, fresh);
    // The handler hears of phases within the call above, and may have cancelled then.
    if (this.#ended && ticket !== null) this.#pool.abandon(ticket);
    else this.#ticket = ticket;
  }

  onPhase(phase: AttemptPhase): void {
    this.#phase = phase;
    if (!this.#ended) this.#handler.onPhase?.(phase);
  }

  onLease(lease: Lease<Connection>): void {
    this.#ticket = null;
    if (this.#ended || this.#outgoing === null) {
      this.#pool.giveBack(lease);
      return;
    }
    this.#lease = lease;
    const cancelSend = lease.connection.send(this.#outgoing, this);
    // Still the same lease: a send may fail, or be cancelled from a callback, before it has returned its Cancel.
    if (this.#lease !== lease) return;
    if (this.#ended) cancelSend();
    else this.#cancelSend = cancelSend;
  }

  onRefused(failed: Failure): void {
    this.#ticket = null;
    this.#fail(failed);
  }

  onSend(): void {
    this.onPhase('send');
  }

  onSendProgress(): void {
    if (!this.#ended) this.#handler.onSendProgress?.();
  }

  onSent(): void {
    // An answer may come before the request was sent whole; phases don't go back for that.
    if (this.#phase !== 'body') this.onPhase('firstByte');
  }

  onHead(head: ResponseHead): void {
    if (this.#ended) return;
    this.onPhase('body');
    if (!this.#ended) this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#ended ? false : this.#handler.onData(chunk);
  }

  onComplete(): void {
    if (this.#ended) return;
    this.#end();
    this.#handler.onComplete();
  }

  onFailed(failed: Failure, progress: Progress): void {
    if (this.#ended) return;
    if (!this.#mayRepeat(progress)) {
      this.#fail(failed);
      return;
    }
    this.#repeated = true;
    this.#cancelSend = nothingToCancel;
    this.#wait(true);
  }

  onReleased(): void {
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    this.#wasReused = lease.reused;
    this.#cancelSend = nothingToCancel;
    this.#pool.giveBack(lease);
  }

  #mayRepeat({ untouched, answered, closed }: Progress): boolean {
    if (this.#repeated || !this.#wasReused || !closed || answered) return false;
    return untouched || (isSafe(this.#request.method) && this.#request.body === null);
  }

  #fail(failed: Failure): void {
    if (this.#ended) return;
    this.#end();
    this.#handler.onError(failed);
  }

  #end(): void {
    this.#ended = true;
    if (this.#setAside > 0) this.#bodies.giveBack(this.#setAside);
    this.#setAside = 0;
  }
}

/** An attempt before this one, at the same target, lost its connection. */
function wasBrokenOff({ exchange, target }: GatewayRequest): boolean {
  for (const { failure: failed, targetId } of exchange.attempts) {
    if (failed?.code === 'connection_closed' && targetId === target?.spec.id) return true;
  }
  return false;
}
