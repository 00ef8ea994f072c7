/**
 * What transport suites share: a request as the layers above would make it, a handler that records what happens and
 * checks the handler contract while doing so, and a running timer wheel. No test here sleeps; all wait for conditions.
 */

import type {
  AttemptPhase,
  BodySink,
  Dispatch,
  GatewayRequest,
  RequestBody,
  ResponseHandler,
  ResponseHead,
} from '@weir/node/pipeline/dispatch.js';
import { createExchange } from '@weir/node/pipeline/exchange.js';
import { makeBalance } from '@weir/node/pipeline/testing/specs.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { createNameQuery } from '@weir/node/upstream/dns/queries.js';
import { createLiveUpstream } from '@weir/node/upstream/live-upstream.js';
import type { PoolStats } from '@weir/node/upstream/pools/pool.js';
import { createHeldBytes, type HeldBytes } from '@weir/node/upstream/retry/held-bytes.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { ANY_NAME } from '@weir/proto/http/name-sketch.js';
import type { PoolSpec, UpstreamSpec, UpstreamTlsSpec } from '@weir/proto/snapshot/snapshot.js';

export interface TransportTarget {
  readonly host?: string;
  readonly port: number;
  readonly scheme?: 'http' | 'https';
  readonly protocol?: UpstreamSpec['protocol'];
  readonly tls?: Partial<UpstreamTlsSpec>;
  readonly pool?: Partial<PoolSpec>;
  /** Room of the node for request bodies; as much as usual when left out. */
  readonly bodies?: HeldBytes;
}

/** One target's dispatch as a transport under test offers it. */
export interface Transport {
  readonly dispatch: Dispatch;
  stats(): PoolStats;
  close(): void;
}

export type TransportFactory = (target: TransportTarget) => Transport;

/** The data plane with undici as its plaintext client, which otherwise is Weir's own. */
export const undiciTransport: TransportFactory = (target) =>
  liveTransport({ ...target, pool: { ...target.pool, client: 'undici' } });

/** The transport that the data plane uses: pool, connector, and the client for the target's protocol. */
export const liveTransport: TransportFactory = (target) => {
  const wheel = new TimerWheel(systemClock);
  const stopWheel = driveWheel(wheel);
  const { host = '127.0.0.1', port, scheme = 'http', protocol = 'http1', tls, pool, bodies } = target;
  const upstream = createLiveUpstream(
    {
      id: 'test',
      targets: [{ id: `${host}:${port}`, scheme, host, port, weight: 1, zone: null, priority: 0 }],
      balance: makeBalance('round-robin'),
      ...{ probe: null, outlier: null, breaker: null, concurrency: null },
      pool: { ...POOL, ...pool },
      tls: tls === undefined ? null : { ...TLS, ...tls },
      protocol,
      hostHeader: { mode: 'pass' },
      dns: { ttlMinMs: 5000, ttlMaxMs: 60_000 },
    },
    {
      clock: systemClock,
      timers: wheel,
      random: Math.random,
      query: createNameQuery(null),
      bodies: bodies ?? createHeldBytes(),
      onHealthChange: () => {},
      messageBytesMax: () => 16 * 1024 * 1024,
    },
  );
  const live = upstream.targets[0];
  if (live === undefined) throw new Error('the upstream has no target');
  return {
    dispatch: live.dispatch,
    stats: () => live.stats(),
    close: () => {
      live.destroy();
      stopWheel();
    },
  };
};

const POOL: PoolSpec = {
  connections: 16,
  queue: 1000,
  idleMs: 60_000,
  requestsPerConnection: 0,
  gatherBodyBytes: 64 * 1024,
  responseHeaderBytes: 32 * 1024,
  client: 'native',
};

const TLS: UpstreamTlsSpec = { verify: true, serverName: null, caFile: null, certFile: null, keyFile: null };

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: readonly string[];
  readonly body?: RequestBody | null;
}

export function requestOf(options: RequestOptions = {}): GatewayRequest {
  const { method = 'GET', path = '/', query = '', headers = [], body = null } = options;
  const exchange = createExchange({
    id: 'test',
    receivedAtMs: 0,
    receivedWallMs: 0,
    scheme: 'http',
    peerAddress: '127.0.0.1',
    clientAddress: '127.0.0.1',
    peerTrusted: false,
  });
  return {
    method,
    path,
    query,
    authority: 'api.test',
    headers: ['host', 'api.test', ...headers],
    body,
    names: ANY_NAME,
    target: null,
    exchange,
  };
}

/** A body that is there at once, in the given pieces. */
export function bodyOf(pieces: readonly (string | Uint8Array)[], lengthKnown: boolean): RequestBody {
  const chunks = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
  const lengthBytes = lengthKnown ? chunks.reduce((sum, chunk) => sum + chunk.length, 0) : null;
  return {
    lengthBytes,
    read: (sink) => {
      for (const chunk of chunks) sink.onChunk(chunk);
      sink.onEnd();
    },
    pause: () => {},
    resume: () => {},
  };
}

/** A body whose source is the test: it counts what it gave and whether it was paused. */
export class TestBody implements RequestBody {
  readonly lengthBytes: number | null;
  paused = false;
  pauses = 0;
  sink: BodySink | null = null;
  onRead: () => void = () => {};
  onResume: () => void = () => {};

  constructor(lengthBytes: number | null) {
    this.lengthBytes = lengthBytes;
  }

  read(sink: BodySink): void {
    if (this.sink !== null) throw new Error('a body was read twice');
    this.sink = sink;
    this.onRead();
  }

  pause(): void {
    this.paused = true;
    this.pauses += 1;
  }

  resume(): void {
    this.paused = false;
    this.onResume();
  }
}

/** Records one exchange. `violations` holds every breach of the handler contract that was seen. */
export class Recorder implements ResponseHandler {
  head: ResponseHead | null = null;
  readonly chunks: Uint8Array[] = [];
  receivedBytes = 0;
  readonly phases: AttemptPhase[] = [];
  readonly violations: string[] = [];
  failure: Failure | null = null;
  completed = false;
  sendProgress = 0;
  keepChunks = true;
  /** What onData answers; may be replaced by a test. */
  accept: (chunk: Uint8Array) => boolean = () => true;
  onHead: (head: ResponseHead) => void = () => {};
  onPhaseHook: (phase: AttemptPhase) => void = () => {};
  #cancelled = false;
  #done: () => void = () => {};
  readonly ended: Promise<void>;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  get status(): number {
    return this.head?.status ?? 0;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  field(name: string): string | undefined {
    const headers = this.head?.headers ?? [];
    const at = headers.findIndex((text, index) => index % 2 === 0 && text === name);
    return at === -1 ? undefined : headers[at + 1];
  }

  /** Tells the recorder that its exchange was cancelled: from now on any callback is a violation. */
  cancelled(): void {
    this.#cancelled = true;
  }

  #check(callback: string): void {
    if (this.#cancelled) this.violations.push(`${callback} after cancel`);
    if (this.completed) this.violations.push(`${callback} after onComplete`);
    if (this.failure !== null) this.violations.push(`${callback} after onError`);
  }

  onHeaders(head: ResponseHead): void {
    this.#check('onHeaders');
    if (this.head !== null) this.violations.push('onHeaders twice');
    this.head = head;
    this.onHead(head);
  }

  onData(chunk: Uint8Array): boolean {
    this.#check('onData');
    if (this.head === null) this.violations.push('onData before onHeaders');
    this.receivedBytes += chunk.length;
    if (this.keepChunks) this.chunks.push(chunk);
    return this.accept(chunk);
  }

  onComplete(): void {
    this.#check('onComplete');
    if (this.head === null) this.violations.push('onComplete before onHeaders');
    this.completed = true;
    this.#done();
  }

  onError(failed: Failure): void {
    this.#check('onError');
    this.failure = failed;
    this.#done();
  }

  onPhase(phase: AttemptPhase): void {
    this.#check(`onPhase(${phase})`);
    this.phases.push(phase);
    this.onPhaseHook(phase);
  }

  onSendProgress(): void {
    this.sendProgress += 1;
  }
}

/** Sends a request and waits for its end. */
export async function exchangeOn(transport: Transport, options: RequestOptions = {}): Promise<Recorder> {
  const recorder = new Recorder();
  transport.dispatch(requestOf(options), recorder);
  await recorder.ended;
  return recorder;
}

/** Waits until a condition holds; fails with its name when it never does. */
export async function until(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
