/** Specs and services with harmless defaults, for tests that care about one field of them. */

import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import type { BalancePolicy, BalanceSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec, RouteTimeouts, TargetSpec, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { createNodeCache } from '../../cache/node-cache.js';
import { jobIds } from '../../jobs/job-id.js';
import { createJobs } from '../../jobs/jobs.js';
import { createMemoryStore } from '../../jobs/memory-store.js';
import { createLatencyStore } from '../../latency/latency-store.js';
import type { RouteObserver } from '../../observe/observer.js';
import { KeptForms } from '../../optimize/compress/kept-forms.js';
import { unweighed } from '../../upstream/balance/load.js';
import { createGateStore } from '../../upstream/concurrency/gate-store.js';
import { alwaysWell } from '../../upstream/health/standing.js';
import { createBudgetStore } from '../../upstream/retry/budget-store.js';
import { createHeldBytes } from '../../upstream/retry/held-bytes.js';
import type { Target } from '../../upstream/target.js';
import type { Upstream } from '../../upstream/upstreams.js';
import { type Dispatch, nothingToCancel } from '../dispatch.js';
import type { ChainServices } from '../services.js';
import { fakeClock, fakeTimers, seededRandom } from './harness.js';

export const routeTimeouts: RouteTimeouts = {
  totalMs: 30_000,
  queueMs: 1_000,
  connectMs: 1_000,
  tlsMs: 2_000,
  sendMs: 10_000,
  firstByteMs: 15_000,
  idleMs: 30_000,
  attemptMs: 0,
  firstByteLearnt: null,
  attemptLearnt: null,
};

/** One attempt, as it comes. */
export const noResilience = {
  priority: { level: 'default', header: null },
  retry: null,
  hedge: null,
  protectBytes: 0,
  fallback: [],
  async: null,
  cache: null,
  coalesce: null,
  shown: { serverTiming: false, attempts: false },
} as const satisfies Partial<RouteSpec>;

/** A route that proxies everything and needs no policy. */
export function makeRoute(overrides: Partial<RouteSpec> = {}): RouteSpec {
  return {
    id: 'route-1',
    match: { hosts: [], path: { kind: 'prefix', prefix: '/' }, methods: [], headers: [], query: [] },
    action: { kind: 'proxy', upstream: 'upstream-1', rewrite: null },
    timeouts: routeTimeouts,
    requestHeaders: { remove: [], set: [], add: [] },
    responseHeaders: { remove: [], set: [], add: [] },
    cors: null,
    contract: null,
    addresses: null,
    auth: [],
    limits: [],
    bodyBytesMax: 1024 * 1024,
    websocket: null,
    ...noResilience,
    ...overrides,
  };
}

export function makeGateway(overrides: Partial<GatewaySpec> = {}): GatewaySpec {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    proxyProtocol: false,
    trustedProxies: [],
    limits: {
      headerBytes: 32_768,
      headerCount: 100,
      urlBytes: 8_192,
      exchanges: 10_000,
      messageBytes: 1_048_576,
      bodyBytes: 1_048_576,
    },
    clientTimers: { clientHeadersMs: 10_000, clientBodyMs: 10_000, clientIdleMs: 60_000, drainMs: 30_000 },
    names: { deadlineHeader: 'x-request-timeout-ms', requestIdHeader: 'x-request-id', via: 'weir' },
    jobs: {
      prefix: '/.weir/jobs',
      keepMs: 3_600_000,
      leaseMs: 10_000,
      jobsMax: 1_000,
      runningMax: 100,
      ownerShare: 1,
      resultBytesMax: 1_048_576,
      memoryBytesMax: 16_777_216,
    },
    cache: { memoryBytes: 16_777_216, writingBytes: 4_194_304, bodyBytesMax: 1_048_576, l2: null },
    accessLog: {
      enabled: false,
      destinations: ['stdout'],
      headers: {},
      sample: 1,
      slowMs: 1_000,
      redact: ['authorization'],
      requestHeaders: [],
    },
    tracing: null,
    ...overrides,
  };
}

/** Tells nobody. */
export const silentRoute: RouteObserver = {
  started: () => {},
  ended: () => {},
  jobEnded: () => {},
  reused: () => {},
  fetchEnded: () => {},
  stored: () => {},
  notStored: () => {},
};

const notGiven = (name: string) => (): never => {
  throw new Error(`this test has no ${name}: pass one to makeServices`);
};

/** Hexadecimal digits that are new each time, and the same in each run. */
export function countingHex(): (bytes: number) => string {
  let count = 0;
  return (bytes) => {
    count += 1;
    return count.toString(16).padStart(bytes * 2, '0');
  };
}

/** Services on a fake clock. Those that a test must bring itself throw when they are used. */
export function makeServices(overrides: Partial<ChainServices> = {}): ChainServices {
  const clock = fakeClock();
  return {
    clock,
    timers: fakeTimers(clock),
    random: seededRandom(1),
    gateway: makeGateway(),
    upstreams: { get: () => undefined },
    credentials: {
      consumerOfKey: notGiven('credentials'),
      consumerOfBasic: notGiven('credentials'),
      tokensOf: notGiven('credentials'),
      admits: notGiven('credentials'),
      jwtKeys: notGiven('credentials'),
    },
    ai: null,
    limiters: {
      limiter: notGiven('limiter store'),
      holds: notGiven('limiter store'),
      strict: null,
      counts: notGiven('limiter store'),
    },
    budgets: createBudgetStore(),
    heldBytes: createHeldBytes(),
    bodies: createHeldBytes(),
    keptForms: new KeptForms(),
    latencies: createLatencyStore(),
    gates: createGateStore(),
    jobs: createJobs({
      clock,
      timers: fakeTimers(clock),
      store: createMemoryStore(clock, () => ({ jobsMax: 1_000, ofOneMax: 1_000, bytesMax: 16_777_216 })),
      ids: jobIds(countingHex()),
      onBug: (error) => {
        throw error;
      },
    }),
    cache: createNodeCache({ clock, timers: fakeTimers(clock) }),
    observer: {
      route: () => silentRoute,
      timerFired: () => {},
      joined: () => {},
      decided: () => {},
    },
    onBug: (error) => {
      throw error;
    },
    reveal: (text) => text,
    sign: notGiven('signature'),
    ...overrides,
  };
}

/** A target that takes requests and never answers, unless a dispatch is given. */
export function makeTarget(spec: Partial<TargetSpec> = {}, dispatch: Dispatch = () => nothingToCancel): Target {
  const full: TargetSpec = {
    id: '10.0.0.1:80',
    scheme: 'http',
    host: '10.0.0.1',
    port: 80,
    weight: 1,
    zone: null,
    priority: 0,
    ...spec,
  };
  return {
    spec: full,
    upstreamId: 'upstream-1',
    authority: full.id,
    inFlight: 0,
    load: unweighed,
    health: alwaysWell,
    dispatch,
  };
}

export function makeBalance(policy: BalancePolicy, overrides: Partial<BalanceSpec> = {}): BalanceSpec {
  const others = { hashBy: { kind: 'address' }, sticky: null, decayMs: 10_000, slowStartMs: 0 } as const;
  return { policy, ...others, panicShare: 0.5, zone: null, ...overrides };
}

export function makeUpstream(targets: readonly Target[], spec: Partial<UpstreamSpec> = {}): Upstream {
  const full: UpstreamSpec = {
    id: 'upstream-1',
    targets: targets.map((target) => target.spec),
    balance: makeBalance('round-robin'),
    probe: null,
    outlier: null,
    breaker: null,
    concurrency: null,
    pool: {
      connections: 64,
      queue: 256,
      idleMs: 4_000,
      requestsPerConnection: 0,
      gatherBodyBytes: 65_536,
      responseHeaderBytes: 65_536,
      client: 'native',
    },
    tls: null,
    protocol: 'http1',
    hostHeader: { mode: 'pass' },
    dns: { ttlMinMs: 1_000, ttlMaxMs: 60_000 },
    ...spec,
  };
  return { spec: full, targets, health: alwaysWell };
}
