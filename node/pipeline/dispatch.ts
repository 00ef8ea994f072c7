/**
 * The two shapes that hold the data plane together: a request goes down through Dispatch, its response comes up
 * through ResponseHandler. A layer wraps the next Dispatch and, when it cares about the response, the handler.
 * No promise is made on the way (after undici's dispatcher, `lib/dispatcher/dispatcher.js`).
 *
 * Contract, held by every layer, transport and listener, and checked by test/conformance:
 * - `onHeaders` is called at most once, then any number of `onData`, then exactly one of `onComplete` and `onError`;
 *   `onError` may come at any time before `onComplete`; nothing comes after either.
 * - Callbacks may run before `dispatch` has returned its Cancel.
 * - After Cancel was called no further callback runs; cancelling twice, or after the end, is nothing.
 * - A request is never changed by the one it was handed to; a layer that wants another passes on a new object.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { NameSketch } from '@weir/proto/http/name-sketch.js';
import type { Target } from '../upstream/target.js';
import type { Exchange } from './exchange.js';

/** One request on its way down. Everything that belongs to the whole exchange hangs on `exchange`. */
export interface GatewayRequest {
  /** Method token as sent, case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  /** Path in origin form, percent-encoding untouched, begins with a slash, without the query. */
  readonly path: string;
  /** Query without its question mark; empty string when there was none. */
  readonly query: string;
  /** Host with its port as the client sent it, lower-case. */
  readonly authority: string;
  readonly headers: HeaderList;
  /** Of `headers`: what may be among their names. */
  readonly names: NameSketch;
  /** Null when the request has no body. */
  readonly body: RequestBody | null;
  /** The target that this attempt goes to; null above `balance`. */
  readonly target: Target | null;
  /** Why this attempt is made, where it is not the first; set by the layer that dispatches again. */
  readonly cause?: AttemptCause | undefined;
  readonly exchange: Exchange;
}

export type AttemptCause = 'retry' | 'hedge' | 'fallback';

/** A request body that streams, read by exactly one reader. Chunks are the reader's own: nobody reuses their memory. */
export interface RequestBody {
  /** Content-Length in bytes, or null when the length is not known beforehand. */
  readonly lengthBytes: number | null;
  /** Starts delivery; chunks that already came are delivered at once. A second call is a bug and throws. */
  read(sink: BodySink): void;
  /** Asks the source to stop after what is already in flight. */
  pause(): void;
  resume(): void;
}

export interface BodySink {
  onChunk(chunk: Uint8Array): void;
  onEnd(): void;
  /** The body broke off (client gone, too slow, too large); it ends here. */
  onError(failure: Failure): void;
}

/** The head of a response, with the valve of its body. */
export interface ResponseHead {
  /** Final status, 200 to 599. */
  readonly status: number;
  readonly headers: HeaderList;
  /** Body length in bytes where it is known, else null. 0 for an answer without a body; for HEAD the length GET would have. */
  readonly lengthBytes: number | null;
  /** Opens the valve again after an `onData` that returned false. */
  resume(): void;
}

/** What an attempt is doing; reported by the transport on each change, in this order, some skipped. */
export const attemptPhases = ['queue', 'connect', 'tls', 'send', 'firstByte', 'body'] as const;
export type AttemptPhase = (typeof attemptPhases)[number];

export interface ResponseHandler {
  onHeaders(head: ResponseHead): void;
  /** Returns false to close the valve until `head.resume()`. The chunk is the receiver's to keep. */
  onData(chunk: Uint8Array): boolean;
  onComplete(): void;
  onError(failure: Failure): void;
  /**
   * The upstream has switched protocols; the exchange lives on in the two ends of a tunnel. Called at most for a request
   * that is a handshake by `webSocketAsk` (proto/http/upgrade.ts): the listener's handlers of those have it, and so
   * must, for any request, what wraps a handler.
   */
  onUpgrade?(headers: HeaderList, peer: WebSocketPeer): void;
  /** Progress of an attempt: told by a transport, heard by the attempt layer right above it, passed on by nobody. */
  onPhase?(phase: AttemptPhase): void;
  /** A piece of the request body was taken by the upstream's socket (phase `send` goes on). */
  onSendProgress?(): void;
}

/** One end of a WebSocket (RFC 6455), seen from the other end: whole messages, close codes and backpressure. */
export interface WebSocketPeer {
  /** Sends a message; false when the peer's buffer is full and the caller should pause its source until `onDrain`. */
  send(message: Uint8Array, isBinary: boolean): boolean;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  /** Closes with a code (RFC 6455 §7.4) after what was sent before. */
  close(code: number, reason: string): void;
  /** Drops the connection without a closing handshake. */
  terminate(): void;
  pause(): void;
  resume(): void;
  /** Sets the one receiver of this peer's events. Events that came before are delivered at once. */
  listen(events: WebSocketEvents): void;
}

export interface WebSocketEvents {
  onMessage(message: Uint8Array, isBinary: boolean): void;
  onPing(payload: Uint8Array): void;
  onPong(payload: Uint8Array): void;
  onDrain(): void;
  /** Exactly once, last. 1006 when there was no closing handshake. */
  onClose(code: number, reason: string): void;
}

/** Abandons what a dispatch began, at once. */
export type Cancel = () => void;

export type Dispatch = (request: GatewayRequest, handler: ResponseHandler) => Cancel;

export type Layer = (next: Dispatch) => Dispatch;

/** The Cancel of something that has already ended. */
export const nothingToCancel: Cancel = () => {};

/** Folds layers over a bottom, the first one outermost: the reading order of the list is the order of the request. */
export function compose(layers: readonly Layer[], bottom: Dispatch, guard: Layer = unguarded): Dispatch {
  return layers.reduceRight((next, layer) => guard(layer(next)), guard(bottom));
}

const unguarded: Layer = (dispatch) => dispatch;

/**
 * A dispatch that throws has a bug. It becomes a failure right where it was thrown, so that whatever stands above (a
 * timer, a count of load) ends as it does with any other failure, and the bug is told once.
 */
export function guardedBy(onBug: (error: unknown) => void): Layer {
  return (dispatch) => (request, handler) => {
    try {
      return dispatch(request, handler);
    } catch (error) {
      onBug(error);
      handler.onError(failure('internal_error', 'the gateway failed', { cause: error }));
      return nothingToCancel;
    }
  };
}
