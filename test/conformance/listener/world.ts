/** A listener on a free port with a scripted dispatch behind it, and everything it tells, recorded. */
import type { BoundAddress, Listener, ListenerOptions, Refusal } from '@weir/node/listener/listener.js';
import { requestIds } from '@weir/node/listener/request-ids.js';
import type { BodySink, Dispatch, GatewayRequest, ResponseHandler } from '@weir/node/pipeline/dispatch.js';
import type { Exchange } from '@weir/node/pipeline/exchange.js';
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import type { Failure, TimerName } from '@weir/proto/http/failures.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import { connectRaw, type RawClient } from './raw-client.js';

export type ListenerFactory = (options: ListenerOptions) => Listener;

/** One request as the dispatch saw it. */
export interface Seen {
  readonly request: GatewayRequest;
  readonly handler: ResponseHandler;
  cancelled: boolean;
}

export interface World {
  readonly listener: Listener;
  readonly address: BoundAddress;
  readonly seen: Seen[];
  readonly timersFired: { readonly timer: TimerName; readonly exchange: Exchange | null }[];
  readonly refusals: Refusal[];
  readonly bugs: unknown[];
  connect(options?: { readonly paused?: boolean }): Promise<RawClient>;
  /** The latest request; waits for the `count`-th one. */
  request(count?: number): Promise<Seen>;
  until(condition: () => boolean, what: string, limitMs?: number): Promise<void>;
  close(): void;
}

/** What a test does with a request; without one the test drives the handler itself. */
export type Script = (seen: Seen) => void;

export async function openWorld(
  factory: ListenerFactory,
  gateway: Partial<GatewaySpec> = {},
  script: Script = () => {},
  connectionsMax: number = Number.POSITIVE_INFINITY,
): Promise<World> {
  const seen: Seen[] = [];
  const timersFired: { timer: TimerName; exchange: Exchange | null }[] = [];
  const refusals: Refusal[] = [];
  const bugs: unknown[] = [];
  const wheel = new TimerWheel(systemClock);
  const stopWheel = driveWheel(wheel);
  const onRequest: Dispatch = (request, handler) => {
    const entry: Seen = { request, handler, cancelled: false };
    seen.push(entry);
    script(entry);
    return () => {
      entry.cancelled = true;
    };
  };
  const listener = factory({
    gateway: makeGateway(gateway),
    onRequest,
    clock: systemClock,
    timers: wheel,
    requestIds: requestIds(new Uint8Array(10)),
    connectionsMax,
    reveal: (text) => text,
    events: {
      onTimer: (timer, exchange) => timersFired.push({ timer, exchange }),
      onRefused: (refusal) => refusals.push(refusal),
      onBug: (error) => bugs.push(error),
    },
  });
  const address = await listener.start();
  const clients: RawClient[] = [];
  const until = async (condition: () => boolean, what: string, limitMs = 8_000): Promise<void> => {
    const deadlineMs = Date.now() + limitMs;
    while (!condition()) {
      if (Date.now() > deadlineMs) throw new Error(`no ${what} within ${limitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  return {
    listener,
    address,
    seen,
    timersFired,
    refusals,
    bugs,
    async connect(options) {
      const client = await connectRaw(address.port, '127.0.0.1', options);
      clients.push(client);
      return client;
    },
    async request(count = seen.length + 1) {
      await until(() => seen.length >= count, `request ${count}`);
      const entry = seen[count - 1];
      if (entry === undefined) throw new Error('unreachable: the request was waited for');
      return entry;
    },
    until,
    close() {
      for (const client of clients) client.close();
      listener.close();
      stopWheel();
    },
  };
}

/** Head, body and end in one turn. */
export function respond(
  seen: Seen,
  status: number,
  body: string | Uint8Array = '',
  headers: readonly string[] = [],
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  seen.handler.onHeaders({ status, headers, lengthBytes: bytes.byteLength, resume() {} });
  if (bytes.byteLength > 0) seen.handler.onData(bytes);
  seen.handler.onComplete();
}

export interface ReadBody {
  readonly chunks: Uint8Array[];
  text(): string;
  bytes(): number;
  ended: boolean;
  failure: Failure | null;
}

/** Reads a request's body; `onEnd` runs when it has come whole. */
export function readBody(seen: Seen, onEnd: (body: ReadBody) => void = () => {}): ReadBody {
  const chunks: Uint8Array[] = [];
  const state: ReadBody = {
    chunks,
    text: () => Buffer.concat(chunks).toString('latin1'),
    bytes: () => chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
    ended: false,
    failure: null,
  };
  const sink: BodySink = {
    onChunk: (chunk) => chunks.push(chunk),
    onEnd() {
      state.ended = true;
      onEnd(state);
    },
    onError(failure) {
      state.failure = failure;
    },
  };
  if (seen.request.body === null) sink.onEnd();
  else seen.request.body.read(sink);
  return state;
}
