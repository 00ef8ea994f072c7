/**
 * The cache layer as tests see it: over an upstream that answers by script, on a clock that moves when told. Only tests
 * import this file.
 */
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { createLatencyStore } from '../../latency/latency-store.js';
import { cache } from '../../layers/cache.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { ChainServices } from '../../pipeline/services.js';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '../../pipeline/testing/harness.js';
import { makeRoute, makeServices, routeTimeouts, silentRoute } from '../../pipeline/testing/specs.js';
import type { L2 } from '../l2/l2.js';
import { createNodeCache } from '../node-cache.js';
import type { Refusal } from '../refusals.js';
import type { CacheResult } from '../results.js';
import { makeCacheSpec } from './specs.js';

export const TOTAL_MS = 10_000;

/** Made once: ten thousand histories have no use for ten thousand of them. */
const others = makeServices({ sign: (_key, text) => text });

/** `clientMs`: until when each client wants its answer, from when it asks. */
export function setUpLayer(spec: Partial<CacheSpec> = {}, clientMs = TOTAL_MS, l2: L2 | null = null) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const node = createNodeCache({ clock, timers, l2 });
  const notStored: Refusal[] = [];
  const attempted: number[] = [];
  let stored = 0;
  const route = {
    ...silentRoute,
    stored: () => {
      stored += 1;
    },
    notStored: (why: Refusal) => void notStored.push(why),
    fetchEnded: (exchange: GatewayRequest['exchange']) => void attempted.push(exchange.attempts.length),
  };
  const fired: string[] = [];
  const services: ChainServices = {
    ...others,
    latencies: createLatencyStore(16),
    clock,
    timers,
    cache: node,
    observer: {
      route: () => route,
      timerFired: (timer: string) => void fired.push(timer),
      decided: () => {},
      joined: () => {},
    },
  };
  const cacheSpec = makeCacheSpec(spec);
  const timeouts = { ...routeTimeouts, totalMs: TOTAL_MS };
  const routeSpec = makeRoute({ cache: cacheSpec, timeouts });
  const layer = cache(routeSpec, services);
  if (layer === null) throw new Error('a route with a cache has the layer');
  node.use({ memoryBytes: 10_000_000, writingBytes: 1_000_000, bodyBytesMax: 1_000_000, l2: null }, [routeSpec]);
  const upstream = scriptedDispatch();
  const dispatch = layer(upstream.dispatch);
  const send = (overrides: Partial<GatewayRequest> = {}) => {
    const handler = recordingHandler();
    const exchange = makeExchange();
    exchange.deadlineAtMs = clock.nowMs() + clientMs;
    const request = makeRequest({ path: '/a', exchange, ...overrides });
    const cancel = dispatch(request, handler);
    return { handler, cancel, exchange, result: (): CacheResult | null => exchange.cache };
  };
  const call = (index: number): ScriptedCall => {
    const made = upstream.calls[index];
    if (made === undefined) throw new Error(`request ${index} was not made`);
    return made;
  };
  return { clock, timers, node, upstream, send, call, notStored, attempted, fired, dispatch, stored: () => stored };
}
