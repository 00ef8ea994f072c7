/**
 * Picks the target of an attempt and counts it as load for as long as the attempt lives. Owns `target.inFlight`.
 * Whatever stands below gets a request that knows its target; whatever dispatches again from above gets a new pick.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { withTunnelEnd } from '../pipeline/tunnel-end.js';
import { pickerOf } from '../upstream/balance/pick.js';
import type { Target } from '../upstream/target.js';

export const balance: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const upstreamId = route.action.upstream;
  const upstream = services.upstreams.get(upstreamId);
  const pick = upstream === undefined ? () => null : pickerOf(upstream.spec, upstream.targets, services.random);
  return (next) => (request, handler) => {
    const target = pick();
    request.exchange.upstreamId = upstreamId;
    if (target === null) {
      handler.onError(failure('no_target', `upstream "${upstreamId}" has no target`, { retryAfterS: 1 }));
      return nothingToCancel;
    }
    const held = new Held(target, handler);
    held.cancelNext = next({ ...request, target }, held);
    return held.cancel;
  };
};

/** One unit of a target's load, given back once: at the end of the response, the tunnel, or on cancel. */
class Held implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #target: Target;
  readonly #handler: ResponseHandler;
  #held = true;

  constructor(target: Target, handler: ResponseHandler) {
    this.#target = target;
    this.#handler = handler;
    target.inFlight += 1;
  }

  readonly cancel: Cancel = () => {
    this.#release();
    this.cancelNext();
  };

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#target.inFlight -= 1;
  }

  onHeaders(head: ResponseHead): void {
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#release();
    this.#handler.onComplete();
  }

  onError(failed: Parameters<ResponseHandler['onError']>[0]): void {
    this.#release();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(
      headers,
      withTunnelEnd(peer, () => this.#release()),
    );
  }
}
