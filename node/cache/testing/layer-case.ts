/** The cache layer behind the interface of the pure cache, so that one table of cases holds both to the same. */
import { failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { cache } from '../../layers/cache.js';
import { type Dispatch, nothingToCancel } from '../../pipeline/dispatch.js';
import {
  fakeBody,
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
} from '../../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../../pipeline/testing/specs.js';
import type { Ask } from '../ask.js';
import { createNodeCache } from '../node-cache.js';
import type { CacheResult } from '../results.js';
import type { CaseCache, How, Origin, Told } from './pure-cache.js';

const names: Readonly<Record<CacheResult, How>> = {
  hit: 'hit',
  stale: 'stale',
  stale_error: 'stood-in',
  stale_slow: 'stood-in',
  revalidated: 'validated',
  collapsed: 'fetched',
  miss: 'fetched',
  bypass: 'bypassed',
  unavailable: 'unavailable',
};

export class LayerCache implements CaseCache {
  readonly #clock;
  readonly #dispatch: Dispatch;
  #origin: Origin = () => null;
  #asked = 0;

  constructor(spec: CacheSpec, wallStartMs: number) {
    const clock = fakeClock(0, wallStartMs);
    const timers = fakeTimers(clock);
    const node = createNodeCache({ clock, timers });
    const route = makeRoute({ cache: spec });
    const layer = cache(route, makeServices({ clock, timers, cache: node }));
    if (layer === null) throw new Error('a route with a cache has the layer');
    node.use({ memoryBytes: 10_000_000, writingBytes: 1_000_000, bodyBytesMax: 1_000_000, l2: null }, [route]);
    this.#clock = clock;
    this.#dispatch = layer((request, handler) => {
      this.#asked += 1;
      const answer = this.#origin(request.method, request.headers);
      if (answer === null) {
        handler.onError(failure('connection_refused', 'the origin is away'));
        return nothingToCancel;
      }
      const body = new TextEncoder().encode(answer.body);
      const isHead = request.method === 'HEAD';
      const lengthBytes = answer.status === 304 ? 0 : body.byteLength;
      handler.onHeaders({ status: answer.status, headers: answer.headers, lengthBytes, resume: () => {} });
      if (!isHead && lengthBytes > 0) handler.onData(body);
      handler.onComplete();
      return nothingToCancel;
    });
  }

  ask(ask: Ask, origin: Origin, nowMs: number): Told {
    const { method, scheme, authority, path, query, headers, consumerId, hasBody } = ask;
    this.#clock.advance(nowMs - this.#clock.nowMs());
    this.#origin = origin;
    this.#asked = 0;
    const exchange = makeExchange({ scheme });
    exchange.consumerId = consumerId;
    const handler = recordingHandler();
    const body = hasBody ? fakeBody() : null;
    this.#dispatch(makeRequest({ method, authority, path, query, headers, body, exchange }), handler);
    if (!handler.ended || exchange.cache === null) throw new Error('the request was not answered');
    if (exchange.cache !== 'unavailable' && handler.failure !== null)
      return { how: 'failed', status: 502, headers: [], body: '' };
    if (exchange.cache === 'unavailable') return { how: 'unavailable', status: 504, headers: [], body: '' };
    const isRefresh = exchange.cache === 'stale' && this.#asked > 0;
    const how = isRefresh ? 'refresh' : names[exchange.cache];
    // What the tables say of Cache-Status is about what upstreams wrote.
    const told = handler.headers.map((text) => text.replace(/(?:^|, )weir; .*$/, ''));
    return { how, status: handler.status, headers: withoutEmpty(told), body: handler.text() };
  }
}

function withoutEmpty(headers: HeaderList): HeaderList {
  return headers.filter((_, i) => headers[i - (i % 2)] !== 'cache-status' || headers[i - (i % 2) + 1] !== '');
}
