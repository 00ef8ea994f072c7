/**
 * A request that goes past the cache: nothing is looked up, and nothing stored. Its answer loses what is meant for this
 * gateway alone, and may make invalid what is stored (RFC 9111 §4.4).
 */
import { type ForwardReason, formatCacheStatus, withCacheStatus } from '@weir/proto/http/cache-status.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, hasField, withoutField } from '@weir/proto/http/headers.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { Cancel, GatewayRequest, ResponseHandler, ResponseHead, WebSocketPeer } from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';
import type { Ask } from './ask.js';
import { invalidatedBy } from './invalidation.js';
import type { RouteCache } from './route-cache.js';
import { withoutControl } from './stored.js';

export function passBy(
  route: RouteCache,
  request: GatewayRequest,
  handler: ResponseHandler,
  ask: Ask,
  why: ForwardReason,
): Cancel {
  const isPast = why === 'bypass' || why === 'method' || why === 'request';
  request.exchange.cache = isPast ? 'bypass' : 'miss';
  return route.next(request, new PassingBy(route, handler, ask, why));
}

class PassingBy implements ResponseHandler {
  readonly #route: RouteCache;
  readonly #handler: ResponseHandler;
  readonly #ask: Ask;
  readonly #why: ForwardReason;

  constructor(route: RouteCache, handler: ResponseHandler, ask: Ask, why: ForwardReason) {
    this.#route = route;
    this.#handler = handler;
    this.#ask = ask;
    this.#why = why;
  }

  onHeaders(head: ResponseHead): void {
    const { node, spec, name } = this.#route;
    // Before the client can know of it: what it reads next is not older than its own change.
    const invalid = invalidatedBy(this.#ask, head.status, head.headers, spec.key.body !== null, spec.invalidatesBelow);
    for (const url of invalid) node.change(url);
    const headers = ownFieldsEnd(head.headers, spec);
    this.#handler.onHeaders(new EditedHead(head, withCacheStatus(headers, { name, forward: this.#why })));
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    const told = formatCacheStatus({ name: this.#route.name, forward: this.#why });
    this.#handler.onError({ ...failed, headers: [...(failed.headers ?? []), 'cache-status', told] });
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }
}

const TAG_FIELDS: readonly string[] = ['surrogate-key', 'cache-tag'];

export const hasTags = (headers: HeaderList): boolean => TAG_FIELDS.some((name) => hasField(headers, name));

/** Without tags, unless they go on to clients. */
export function tagsEnd(headers: HeaderList, passesTags: boolean): HeaderList {
  return passesTags || !hasTags(headers) ? headers : TAG_FIELDS.reduce<HeaderList>(withoutField, headers);
}

/** Without what is meant for this gateway alone. */
export function ownFieldsEnd(headers: HeaderList, spec: CacheSpec): HeaderList {
  return withoutControl(tagsEnd(headers, spec.passesTags), spec);
}
