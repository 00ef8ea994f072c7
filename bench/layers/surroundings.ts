/**
 * What stands around a chain in traffic, without sockets: above it a request as a listener makes it and a handler that
 * takes the answer, below it a target that answers in the same call.
 */
import {
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '@weir/node/pipeline/dispatch.js';
import { createExchange } from '@weir/node/pipeline/exchange.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { unweighed } from '@weir/node/upstream/balance/load.js';
import { alwaysWell } from '@weir/node/upstream/health/standing.js';
import type { Target } from '@weir/node/upstream/target.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { NO_NAME, sketchOf } from '@weir/proto/http/name-sketch.js';
import { API_KEY, API_KEY_FIELD, SMALL_BODY } from '../proxy/cases.js';
import type { Work } from './stopwatch.js';

/** A head as an ordinary client sends it, with the fields that policies look at. */
export const requestHeaders: HeaderList = [
  ...['host', 'api.example.com'],
  ...[
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  ],
  ...['accept', 'application/json, text/plain, */*'],
  ...['accept-encoding', 'gzip, deflate, br'],
  ...['accept-language', 'en-GB,en;q=0.9'],
  ...['connection', 'keep-alive'],
  ...['cookie', 'session=8f14e45fceea167a5a36dedd4bea2543'],
  ...['origin', 'https://app.example.com'],
  ...[API_KEY_FIELD, API_KEY],
];

/** A head as an ordinary upstream answers with. */
const responseHeaders: HeaderList = [
  ...['content-type', 'application/json'],
  ...['content-length', String(SMALL_BODY.length)],
  ...['cache-control', 'no-cache'],
  ...['connection', 'keep-alive'],
  ...['etag', '"33a64df551425fcc55e4d42a148795d9f25f89d4"'],
  ...['server', 'nginx'],
];

/** The listener has them by the way. */
const requestNames = requestHeaders.reduce((sum, name, i) => (i % 2 === 0 ? sum | sketchOf(name) : sum), NO_NAME);

const body = new TextEncoder().encode(SMALL_BODY);

/**
 * Answers in the same call, in the phases that a request without a body goes through where a connection is free: it has no `send`. The clock is held as it is in
 * traffic, where the request and its answer are an event each, and what is between them is written at the end of a turn.
 */
export const answerAtOnce: Dispatch = (_request, handler) => {
  systemClock.release();
  handler.onPhase?.('firstByte');
  systemClock.hold();
  const head: ResponseHead = { status: 200, headers: responseHeaders, lengthBytes: body.byteLength, resume: () => {} };
  handler.onHeaders(head);
  handler.onData(body);
  handler.onComplete();
  return nothingToCancel;
};

/** The same for a cache: fresh for as long as the measurement takes. Whatever comes here was not a hit. */
export const answerFresh: Dispatch = (_request, handler) => {
  const headers = responseHeaders.map((text) => (text === 'no-cache' ? 'max-age=86400' : text));
  handler.onHeaders({ status: 200, headers, lengthBytes: body.byteLength, resume: () => {} });
  handler.onData(body);
  handler.onComplete();
  return nothingToCancel;
};

export const target: Target = {
  spec: { id: '10.0.0.1:9000', scheme: 'http', host: '10.0.0.1', port: 9000, weight: 1, zone: null, priority: 0 },
  upstreamId: 'origin',
  authority: '10.0.0.1:9000',
  inFlight: 0,
  load: unweighed,
  health: alwaysWell,
  dispatch: answerAtOnce,
};

/** Takes answers and counts them, so that nothing that leads to one can be optimized away. */
class Sink implements ResponseHandler {
  completed = 0;
  bytes = 0;
  #headers = 0;

  onHeaders(head: ResponseHead): void {
    this.#headers += head.headers.length;
  }

  onData(chunk: Uint8Array): boolean {
    this.bytes += chunk.byteLength;
    return true;
  }

  onComplete(): void {
    this.completed += 1;
  }

  onError(): void {
    throw new Error('a request of the benchmark failed');
  }

  /** As the listener's handler has it. A bottom that answers never calls it. */
  onUpgrade(): void {
    throw new Error(`a request of the benchmark was upgraded after ${this.#headers} fields`);
  }
}

/** A request of the listener: everything in it is new, as it is in traffic. `target` is what `balance` would set. */
function makeRequest(path: string, number: number, to: Target | null): GatewayRequest {
  const nowMs = systemClock.nowMs();
  return {
    method: 'GET',
    path,
    query: 'page=2',
    authority: 'api.example.com',
    headers: requestHeaders.slice(),
    names: requestNames,
    body: null,
    target: to,
    cause: undefined,
    exchange: createExchange({
      id: `0af7651916cd43dd-${number}`,
      receivedAtMs: nowMs,
      receivedWallMs: performance.timeOrigin + nowMs,
      scheme: 'http',
      peerAddress: '192.0.2.10',
      clientAddress: '192.0.2.10',
      peerTrusted: false,
    }),
  };
}

/** Sends requests down, and makes sure that each was answered whole. */
export function driving(dispatch: Dispatch, paths: readonly string[], to: Target | null): Work {
  return (iterations) => {
    const sink = new Sink();
    for (let number = 0; number < iterations; number += 1) {
      systemClock.hold();
      dispatch(makeRequest(paths[number % paths.length] ?? '/', number, to), sink);
    }
    systemClock.release();
    if (sink.completed !== iterations) throw new Error(`${iterations - sink.completed} requests were not answered`);
  };
}
