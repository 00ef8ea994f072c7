/**
 * What a pool keeps and a transport makes: one connection to one target, able to carry one request (HTTP/1.1) or
 * many at once (HTTP/2). Pools and calls are written against these shapes alone, so they are tested without sockets.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Cancel, RequestBody, ResponseHead } from '../../pipeline/dispatch.js';
import type { Exchange } from '../../pipeline/exchange.js';

/** The part of a connection that its pool needs to know. */
export interface PoolConnection {
  /** Requests that it can carry at once now; an HTTP/2 peer may change it. */
  readonly streamsMax: number;
  /** True while it is being found out whether anyone is at the other end: of use where there is no other. */
  readonly isDoubted?: boolean;
  /** Where it leads to, for pools whose name resolves anew. */
  readonly address: string;
  /** False as soon as it is known that no further request can be sent: closed, closing, or told to go away. */
  isOpen(): boolean;
  /** Closes it; whatever it still carries breaks off. */
  close(): void;
  /** Set by the pool; called once when the connection has ended, whoever ended it. */
  onClosed: (() => void) | null;
}

/** A request as it goes on the wire. A body that was gathered is bytes and may be sent twice; a stream may not. */
export interface OutgoingRequest {
  readonly method: string;
  /** Path with its query, origin form. */
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array | RequestBody | null;
  /** Whose request it is; null for one of the gateway's own. What is taken of it can be sent as it is. */
  readonly exchange: Pick<Exchange, 'id' | 'traceparent'> | null;
}

/** How far a request had come when its connection failed it; decides whether it may be sent again. */
export interface Progress {
  /** Nothing of the request was written, and its body was not asked for yet. */
  readonly untouched: boolean;
  /** Some of the answer came. */
  readonly answered: boolean;
  /** The connection ended, as opposed to: it said something wrong. */
  readonly closed: boolean;
}

/**
 * Hears of one request on one connection. `onReleased` comes exactly once for each `send`: before `onFailed`, behind
 * `onComplete`, or within the cancel; from then on the connection is not this request's any more.
 */
export interface AnswerSink {
  onSend(): void;
  onSendProgress(): void;
  onSent(): void;
  onHead(head: ResponseHead): void;
  onData(chunk: Uint8Array): boolean;
  onComplete(): void;
  onFailed(failed: Failure, progress: Progress): void;
  onReleased(): void;
}

export interface Connection extends PoolConnection {
  /** Sends a request; the Cancel breaks it off at once. */
  send(request: OutgoingRequest, sink: AnswerSink): Cancel;
}

/** Hears of one attempt to connect; `onTls` once at most, then one of the other two. Never called within the dial itself. */
export interface DialEvents<C> {
  onTls(): void;
  onConnected(connection: C): void;
  onFailed(failed: Failure): void;
}

/** Opens a connection. The Cancel destroys the socket at once, and nothing is heard of it afterwards. */
export type Dial<C> = (events: DialEvents<C>) => Cancel;
