/**
 * A node's real services without its sockets, and the routes that are measured. The routes are written as a user writes
 * them, so what is measured is what a configuration gives.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { credentialFunctions, hmacSha256 } from '@weir/node/auth/credential-functions.js';
import { compileCredentials } from '@weir/node/auth/credentials.js';
import { createNodeCache } from '@weir/node/cache/node-cache.js';
import { jobIds } from '@weir/node/jobs/job-id.js';
import { createJobs } from '@weir/node/jobs/jobs.js';
import { createMemoryStore } from '@weir/node/jobs/memory-store.js';
import { createLatencyStore } from '@weir/node/latency/latency-store.js';
import { createLimiterStore } from '@weir/node/limit/limiter-store.js';
import { createNodeObserver } from '@weir/node/observe/node-observer.js';
import { jobCounts } from '@weir/node/observe/testing/job-counts.js';
import { nodeStatus } from '@weir/node/observe/testing/node-status.js';
import { textOf } from '@weir/node/observe/testing/text-of.js';
import { KeptForms } from '@weir/node/optimize/compress/kept-forms.js';
import type { ChainServices } from '@weir/node/pipeline/services.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { loadOf } from '@weir/node/upstream/balance/pick.js';
import { createGateStore } from '@weir/node/upstream/concurrency/gate-store.js';
import { alwaysWell } from '@weir/node/upstream/health/standing.js';
import { createUpstreamOpinions } from '@weir/node/upstream/health/upstream-health.js';
import { authorityOf } from '@weir/node/upstream/live-upstream.js';
import { createBudgetStore } from '@weir/node/upstream/retry/budget-store.js';
import { createHeldBytes } from '@weir/node/upstream/retry/held-bytes.js';
import type { Target } from '@weir/node/upstream/target.js';
import type { Upstream } from '@weir/node/upstream/upstreams.js';
import type { RouteSpec, Snapshot, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { API_KEY, API_KEY_FIELD } from '../proxy/cases.js';
import { target } from './surroundings.js';

/** Never reached: each request is counted and none refused. */
const RATE = '100000000/s';

// A limiter reserves memory for all of its keys when it is made; a thousand routes with the default of 100,000 keys each
// would measure that. One consumer calls here, so few keys do.

const policies = `
    auth: [{ apiKey: { in: ["header:${API_KEY_FIELD}"] } }]
    limits: [{ rate: ${RATE}, by: consumer, keys: 16 }]`;

/** Everything that a route can ask of a layer, in one route. */
const everything = `${policies}
    rewrite: { stripPrefix: /orders }
    bodyLimit: 1MiB
    addresses: { allow: [192.0.2.0/24, 10.0.0.0/8], deny: [192.0.2.128/25] }
    cors: { origins: ["https://app.example.com"], credentials: true, exposeHeaders: [etag] }
    headers:
      request: { remove: [cookie], set: { x-team: orders }, add: { x-via-route: orders } }
      response: { remove: [server], set: { x-frame-options: DENY } }`;

/** All that looks after bad upstreams, with replicas to choose from. */
const careful = `
    retry: true
    hedge: true
    protect: true
    fallback: [{ respond: { status: 503, body: later } }]`;

const route = (id: string, path: string, rest: string, upstream = 'origin'): string => `
  - id: ${id}
    match: { host: api.example.com, path: "${path}" }
    upstream: ${upstream}${rest}`;

const configOf = (routes: readonly string[], log: string): string => `version: 1
gateway: { accessLog: ${log} }
upstreams:
  - { id: origin, targets: ["http://${target.authority}"] }
  - { id: replicas, targets: ["http://10.0.0.2", "http://10.0.0.3", "http://10.0.0.4"], concurrency: 1000 }
consumers: [{ id: bench, keys: [{ sha256: ${sha256Hex(API_KEY)} }] }]
routes:${routes.join('')}
`;

function compile(text: string): Snapshot {
  const checked = checkConfig(text, {}, sha256Hex);
  if (!checked.ok) throw new Error(checked.faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const hashPassword = (): never => {
    throw new Error('no password is measured here');
  };
  const createdWallMs = systemClock.wallMs();
  return compileSnapshot(checked.config, { environment: {}, version: 1, createdWallMs, sha256Hex, hashPassword });
}

/** Routes with the policies on: `/service-0/orders/*` and so on. */
export const manyRoutes = (count: number): readonly RouteSpec[] =>
  compile(
    configOf(
      Array.from({ length: count }, (_, index) => route(`service-${index}`, `/service-${index}/orders/*`, policies)),
      'false',
    ),
  ).routes;

function only(text: string): RouteSpec {
  const [first] = compile(configOf([text], 'false')).routes;
  if (first === undefined) throw new Error('a config of one route has one');
  return first;
}

export const bareRoute = only(route('bare', '/orders/*', ''));
export const policiesRoute = only(route('policies', '/orders/*', policies));
export const richRoute = only(route('rich', '/orders/*', everything));

/** Answers are stored. */
export const cachedRoute = only(route('cached', '/orders/*', '\n    cache: true'));

/** One upstream that is taken to be well, and nothing that would be done if it were not. */
export const carelessRoute = only(route('careless', '/orders/*', '\n    retry: false'));
export const carefulRoute = only(route('careful', '/orders/*', careful, 'replicas'));

/** An upstream with real opinions and loads over targets that answer at once; `origin` has neither. */
function upstreamOf(spec: UpstreamSpec): Upstream {
  if (spec.id === target.upstreamId) return { spec, targets: [target], health: alwaysWell };
  const opinions = createUpstreamOpinions(spec, systemClock, () => {});
  const targets = opinions.targets.map((health): Target => {
    const load = loadOf(spec, systemClock);
    return { ...target, spec: health.spec, upstreamId: spec.id, authority: authorityOf(health.spec), load, health };
  });
  return { spec, targets, health: opinions.upstream };
}

/** A node that has no connections; asked at a scrape, which is not what is measured. */
const idleNode = nodeStatus({ pid: process.pid });

export interface Services {
  readonly chain: ChainServices;
  /** A snapshot of these routes, beside everything that the services were made for. */
  snapshotOf(routes: readonly RouteSpec[]): Snapshot;
  /**
   * Lets the event loop turn until what the requests left behind is done. A loop without sockets makes ten times the
   * lines of a busy node, so the log, which is written in the background, has to be waited for.
   */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export async function openServices(isLogged: boolean): Promise<Services> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-layers-'));
  const logFile = join(directory, 'access.log');
  const log = isLogged ? `{ destination: ${logFile} }` : 'false';
  const snapshot = compile(configOf([route('all', '/*', '')], log));
  const wheel = new TimerWheel(systemClock);
  const stopWheel = driveWheel(wheel);
  const reveal = (text: string): string => text;
  const onBug = (error: unknown): never => {
    throw error;
  };
  const common = { clock: systemClock, timers: wheel, random: Math.random, reveal, onBug };
  const bodies = createHeldBytes();
  const [heldBytes, keptForms] = [createHeldBytes(), new KeptForms()];
  const cache = createNodeCache(common);
  cache.use(snapshot.gateway.cache, [cachedRoute]);
  const idle = {
    status: () => idleNode,
    healthChanges: () => [],
    ...{ sight: () => null, purges: () => null },
    ...{ gates: () => [], gate: () => undefined },
    jobs: () => jobCounts(),
    cache: () => cache.counts(),
    ...{ bus: () => null, loadPermille: () => 0, certificates: () => [] },
  };
  const memory = { bodies: () => bodies, heldAnswers: () => heldBytes, keptForms: () => keptForms };
  const observer = createNodeObserver({ ...common, ...idle, ...memory });
  (await observer.prepare(snapshot)).commit();
  const upstreams = new Map(snapshot.upstreams.map((spec) => [spec.id, upstreamOf(spec)]));
  return {
    chain: {
      ...common,
      ai: null,
      gateway: snapshot.gateway,
      upstreams,
      credentials: compileCredentials(snapshot.consumers, credentialFunctions(systemClock, reveal)),
      limiters: createLimiterStore(),
      gates: createGateStore(),
      jobs: createJobs({
        ...common,
        store: createMemoryStore(systemClock, () => ({ jobsMax: 0, ofOneMax: 0, bytesMax: 0 })),
        ids: jobIds((bytes) => '0'.repeat(bytes * 2)),
        onBug: (error) => {
          throw error;
        },
      }),
      sign: hmacSha256,
      cache,
      latencies: createLatencyStore(),
      budgets: createBudgetStore(),
      heldBytes,
      keptForms,
      bodies,
      observer,
    },
    snapshotOf: (routes) => ({ ...snapshot, routes }),
    settle: () => (isLogged ? untilStill(logFile) : nextTurn()),
    async close() {
      await observer.close();
      stopWheel();
      rmSync(directory, { recursive: true, force: true });
      // A log that could not keep up would have been measured as a fast one.
      const dropped = droppedLines(await textOf(observer.metrics.render()));
      if (dropped > 0) throw new Error(`${dropped} lines of the access log were dropped: is the machine busy?`);
    },
  };
}

/** Long enough for several writes of a batch. */
const STILL_MS = 1;

/** Until a file has stopped growing. */
async function untilStill(file: string): Promise<void> {
  for (let before = -1, size = statSync(file).size; size !== before; size = statSync(file).size) {
    before = size;
    await sleep(STILL_MS);
  }
}

function droppedLines(metrics: string): number {
  const match = /^weir_access_log_lines_dropped_total (\d+)$/m.exec(metrics);
  if (match === null) throw new Error('the metrics do not say how many lines of the log were dropped');
  return Number(match[1]);
}
