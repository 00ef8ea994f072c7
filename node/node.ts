/**
 * One gateway node, put together: clock, timers, upstreams, observer, listener, and the snapshot that is in force.
 * This is the composition root of the data plane; main.ts gives it a process and a link to control. Owns which
 * dispatch is in force, and the node's state.
 *
 *   starting ──apply──▶ serving ──drain──▶ draining ──▶ closed
 *                        └─apply─┘
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { OwnReport } from '@weir/proto/cluster/membership.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { CacheInspection, InspectedRequest } from '@weir/proto/events/cache.js';
import type { NodeStatus, SnapshotStatus } from '@weir/proto/events/node-status.js';
import { failure } from '@weir/proto/http/failures.js';
import { type Environment, revealText } from '@weir/proto/snapshot/secret-text.js';
import type { SecretText, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { type LateAi, lateAi } from './ai/gateway/late-ai.js';
import { credentialFunctions, hmacSha256 } from './auth/credential-functions.js';
import { KeptCredentials } from './auth/kept-credentials.js';
import { foretell } from './cache/foretell.js';
import { randomToken, sha256 } from './cache/l2/digest.js';
import type { L2 } from './cache/l2/l2.js';
import { cachingRoutes, createNodeCache } from './cache/node-cache.js';
import { offeringReuse } from './cache/reuse.js';
import { answerInspections } from './cluster/cache-questions.js';
import { followPurges, type NodePurges, type PurgeLog } from './cluster/follow-purges.js';
import { type NodeMember, nodeMember } from './cluster/node-member.js';
import { ClusterRates } from './cluster/rates.js';
import { type SharedSight, shareSight } from './cluster/shared-sight.js';
import { tellCalls } from './cluster/tell-calls.js';
import { jobIds } from './jobs/job-id.js';
import { createJobs } from './jobs/jobs.js';
import { lateParts } from './late-parts.js';
import { createLatencyStore } from './latency/latency-store.js';
import { createLimiterStore } from './limit/limiter-store.js';
import { KeptListener } from './listener/kept-listener.js';
import { connectionsMax } from './listener/open-files.js';
import { requestIds } from './listener/request-ids.js';
import { createUwsListener } from './listener/uws/server.js';
import { jobBounds, jobStatus, targetStatus, targetsTold } from './node-readings.js';
import { createMetricsServer } from './observe/metrics-server.js';
import { createNodeObserver } from './observe/node-observer.js';
import { nodeWarnings } from './observe/node-warnings.js';
import type { Prepared } from './observe/prepared.js';
import { KeptForms } from './optimize/compress/kept-forms.js';
import { compileChain } from './pipeline/chain.js';
import { type Dispatch, nothingToCancel } from './pipeline/dispatch.js';
import { KeptChains } from './pipeline/kept-chains.js';
import { compiling } from './pipeline/runtime.js';
import { type SharedStores, sharedStores } from './shared-stores.js';
import type { Timers } from './time/clock.js';
import { giveWay } from './time/give-way.js';
import { inSlices, type Work } from './time/slices.js';
import { driveWheel, systemClock } from './time/system-clock.js';
import { TimerWheel } from './time/wheel.js';
import { createGateStore, gateReadings } from './upstream/concurrency/gate-store.js';
import { createNameQuery } from './upstream/dns/queries.js';
import { createUpstreamRegistry } from './upstream/registry.js';
import { createBudgetStore } from './upstream/retry/budget-store.js';
import { createHeldBytes } from './upstream/retry/held-bytes.js';

export interface NodeOptions {
  /** Where metrics, health and status are served. */
  readonly metrics: { readonly host: string; readonly port: number };
  /** URL of the Redis that nodes share; left out or null: jobs are kept in memory, and caches are each for itself. */
  readonly redis?: string | null;
  /** Left out or null: a node by itself. It leaves with the drain; its bus stays open, for it is not the node's. */
  readonly cluster?: Presence | null;
  /** Of that cluster. */
  readonly purgeLog?: PurgeLog | null;
  /** What an operator calls it by, in a cluster. */
  readonly labels?: readonly string[];
  /** See ListenerOptions. */
  readonly sharesPort?: boolean;
  /** The environment that fills `${NAME}` in secret texts. */
  readonly env: Environment;
  /** Hears of bugs: what threw where nothing may throw. The exchange it belonged to has failed, the node goes on. */
  readonly onBug?: (error: unknown) => void;
  /** See DoctorServices; for tests that can't wait for a minute of history. */
  readonly doctorSliceMs?: number;
}

export interface GatewayNode {
  /**
   * Compiles, warms and swaps; the first call also opens the listener. Rejects with the reason when the snapshot can't
   * be run; whatever was in force before stays in force. Calls must not overlap.
   */
  apply(snapshot: Snapshot, hash: string): Promise<void>;
  /** Stops accepting, finishes what is in flight within the snapshot's `drain`, cuts the rest. Idempotent. */
  drain(): Promise<{ readonly cut: number }>;
  /** The limit of a drain is over now. */
  cut(): void;
  /** Lets the port of metrics and health go, for one that takes this node's place. */
  closeMetrics(): Promise<void>;
  /** Drops everything at once. */
  close(): Promise<void>;
  /** Tells of so many targets and upstreams at most, those first that an operator has to know of; left out: of all. */
  status(targetsMax?: number): NodeStatus;
  /** What is stored for a request, and what would be done with it now. */
  inspect(request: InspectedRequest): CacheInspection;
  /** What a heartbeat tells of it. */
  report(): Omit<OwnReport, 'told'>;
  /** Address of the metrics server. */
  readonly metricsAddress: { readonly host: string; readonly port: number };
}

export async function createNode(options: NodeOptions): Promise<GatewayNode> {
  const node = new Node(options, await sharedStores(options.redis ?? null, Math.random));
  await node.open(options.metrics);
  return node;
}

function clusterRates(presence: Presence | null, timers: Timers): ClusterRates | null {
  return presence === null ? null : new ClusterRates({ presence, clock: systemClock, timers, digest: sha256 });
}

/** Before the first snapshot nothing listens, so this answers nobody; it spares every caller a null. */
const noSnapshot: Dispatch = (_request, handler) => {
  handler.onError(failure('draining', 'no configuration is in force'));
  return nothingToCancel;
};

const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Random bytes in the prefix of request ids; see listener/request-ids.ts. */
const ID_SEED_BYTES = 10;

/** Changes of opinion in a status, which is sent each second: what an operator reads, not all that is kept. */
const HEALTH_CHANGES_SHOWN = 16;
const PEER_OPINIONS_SHOWN = 32;

class Node implements GatewayNode {
  metricsAddress = { host: '', port: 0 };
  readonly #reveal: (text: SecretText) => string;
  readonly #wheel: TimerWheel;
  readonly #stopWheel: () => void;
  readonly #upstreams;
  readonly #credentials;
  readonly #ai: LateAi;
  readonly #clusterRates: ClusterRates | null;
  readonly #limiters;
  readonly #budgets = createBudgetStore(() => this.#clusterRates?.members ?? 1);
  readonly #heldBytes = createHeldBytes();
  readonly #bodies = createHeldBytes();
  readonly #keptForms = new KeptForms();
  readonly #latencies = createLatencyStore();
  readonly #gates = createGateStore();
  readonly #chains = new KeptChains(compileChain);
  readonly #sight: SharedSight | null;
  readonly #purges: NodePurges;
  readonly #jobs;
  readonly #l2: L2 | null;
  readonly #cache;
  readonly #observer;
  readonly #tellCalls;
  readonly #requestIds = requestIds(randomBytes(ID_SEED_BYTES));
  readonly #startedWallMs = systemClock.wallMs();
  readonly #onBug: (error: unknown) => void;
  readonly #connectionsMax = connectionsMax();
  readonly #listener: KeptListener;
  readonly #member: NodeMember;
  #metricsServer: Awaited<ReturnType<typeof createMetricsServer>> | null = null;
  #dispatch: Dispatch = noSnapshot;
  #inForce: { readonly snapshot: Snapshot; readonly status: SnapshotStatus } | null = null;
  #drained: Promise<{ readonly cut: number }> | null = null;
  #rssBytes = 0;
  #hasNoDescriptors = false;
  readonly #cutAsked: Promise<null>;
  #askCut: () => void = () => {};

  constructor(options: NodeOptions, stores: SharedStores) {
    this.#cutAsked = new Promise((resolve) => {
      this.#askCut = () => resolve(null);
    });
    this.#onBug = (error) => {
      this.#observer.bug();
      options.onBug?.(error);
    };
    this.#reveal = (text) => revealText(text, options.env);
    this.#listener = this.#listening(options.sharesPort === true);
    const presence = options.cluster ?? null;
    this.#member = this.#asMember(presence, options.labels ?? []);
    this.#wheel = new TimerWheel(systemClock, this.#onBug);
    this.#stopWheel = driveWheel(this.#wheel);
    this.#credentials = new KeptCredentials(credentialFunctions(systemClock, this.#reveal));
    const real = { clock: systemClock, timers: this.#wheel, random: Math.random };
    this.#upstreams = createUpstreamRegistry({
      ...real,
      query: createNameQuery(null),
      bodies: this.#bodies,
      oldestExchangeAtMs: () => this.#listener.oldestExchangeAtMs,
      tellOthers: presence ? (change) => this.#sight?.changed(change) : null,
    });
    this.#sight = shareSight(presence, {
      ...{ ...real, latencies: this.#latencies },
      upstreams: () => this.#upstreams.live(),
    });
    this.#clusterRates = clusterRates(presence, this.#wheel);
    const strict = stores.strictCounter(this.#wheel);
    this.#limiters = createLimiterStore({ shared: this.#clusterRates, strict });
    const shared = { ...real, presence, strict, digest: sha256, token: randomToken };
    this.#ai = lateAi(stores, randomHex, shared);
    this.#jobs = createJobs({
      clock: systemClock,
      timers: this.#wheel,
      store: stores.jobs(() => jobBounds(this.#inForce?.snapshot)),
      ids: jobIds(randomHex),
      onBug: this.#onBug,
    });
    this.#l2 = stores.l2(this.#wheel);
    this.#cache = createNodeCache({
      ...real,
      l2: this.#l2,
      onPurged: (kind, ms, isTold) => this.#observer.purged(kind, ms, isTold),
      seed: randomBytes(4).readInt32LE(),
    });
    answerInspections(presence, (request) => this.inspect(request));
    this.#purges = followPurges(presence, options.purgeLog ?? null, this.#cache, systemClock);
    this.#observer = createNodeObserver({
      ...real,
      reveal: this.#reveal,
      status: () => this.status(),
      healthChanges: () => this.#upstreams.health.counts(),
      jobs: () => this.#jobs.counts(),
      cache: () => this.#cache.counts(),
      limits: () => this.#limiters.counts(),
      ...this.#ai.sources(systemClock),
      bodies: () => this.#bodies,
      ...{ heldAnswers: () => this.#heldBytes, keptForms: () => this.#keptForms },
      ...{ certificates: () => this.#listener.certificates, loadPermille: () => this.#member.loadPermille() },
      bus: () =>
        presence === null ? null : { counts: presence.bus.counts, pendingBytes: presence.bus.pendingBytes() },
      ...{ sight: () => this.#sight?.counts() ?? null, purges: () => this.#purges.following() },
      gates: () => gateReadings(this.#gates, this.#inForce?.snapshot.upstreams ?? []),
      gate: (upstream) => gateReadings(this.#gates, [upstream])[0],
      ...{ doctorSliceMs: options.doctorSliceMs, tellsCalls: presence !== null },
    });
    this.#tellCalls = tellCalls(presence, this.#wheel, this.#observer);
  }

  #listening(sharesPort: boolean): KeptListener {
    return new KeptListener((gateway) =>
      createUwsListener({
        gateway,
        onRequest: (request, handler) => this.#dispatch(request, handler),
        clock: systemClock,
        timers: this.#wheel,
        requestIds: this.#requestIds,
        connectionsMax: this.#connectionsMax,
        sharesPort,
        reveal: this.#reveal,
        events: {
          onTimer: (timer, exchange) => this.#observer.timerFired(timer, exchange?.routeId ?? ''),
          onRefused: (refusal) => this.#observer.refused(refusal),
          onBug: this.#onBug,
        },
      }),
    );
  }

  #asMember(presence: Presence | null, labels: readonly string[]): NodeMember {
    return nodeMember(presence, {
      host: hostname(),
      labels,
      traffic: () => this.#observer.traffic.counts(),
      status: () => this.status(0),
      metricsAddress: () => this.metricsAddress,
      loopDelayMs: () => this.#observer.eventLoop().delayP99Ms,
      load: () => ({
        loopUtilization: this.#observer.eventLoop().utilization,
        connections: this.#listener.connections,
        connectionsMax: this.#connectionsMax,
        bodyBytes: this.#bodies.bytes,
        bodyBytesMax: this.#inForce?.snapshot.gateway.limits.bodyBytes ?? 0,
      }),
      snapshotVersion: () => this.#inForce?.status.version ?? 0,
      purgeEpoch: () => this.#purges.epoch,
    });
  }

  report(): Omit<OwnReport, 'told'> {
    return this.#member.report();
  }

  async open(metrics: NodeOptions['metrics']): Promise<void> {
    this.#metricsServer = await createMetricsServer({
      ...metrics,
      metrics: this.#observer.metrics,
      status: (max = targetsTold) => this.status(max),
      doctor: () => this.#observer.doctor.report(),
    });
    this.metricsAddress = this.#metricsServer.address;
  }

  async apply(snapshot: Snapshot, hash: string): Promise<void> {
    if (this.#drained !== null) throw new Error('this node is draining');
    this.#budgets.nextSnapshot();
    this.#limiters.nextSnapshot();
    const upstreams = await this.#inSlices(this.#upstreams.building(snapshot));
    let observing: Prepared | null = null;
    try {
      const { gateway } = snapshot;
      const useConsumers = await this.#inSlices(this.#credentials.preparing(snapshot.consumers));
      const services = {
        clock: systemClock,
        timers: this.#wheel,
        random: Math.random,
        gateway,
        upstreams,
        credentials: this.#credentials.inForce,
        ai: await this.#ai.compile(snapshot, this.#reveal),
        ...(await lateParts(snapshot, giveWay)),
        limiters: this.#limiters,
        budgets: this.#budgets,
        heldBytes: this.#heldBytes,
        bodies: this.#bodies,
        keptForms: this.#keptForms,
        latencies: this.#latencies,
        gates: this.#gates,
        jobs: this.#jobs,
        cache: this.#cache,
        observer: this.#observer,
        onBug: this.#onBug,
        reveal: this.#reveal,
        sign: hmacSha256,
        offersReuse: await this.#inSlices(offeringReuse(snapshot)),
      };
      const chains = this.#chains.begin(services);
      const dispatch = await this.#inSlices(compiling(snapshot, services, chains));
      await this.#upstreams.warm(upstreams);
      const caching = await this.#inSlices(cachingRoutes(snapshot.routes));
      observing = await this.#observer.prepare(snapshot, upstreams);
      await this.#inSlices(this.#upstreams.handingOn(upstreams));
      // A drain may have begun meanwhile; what it has closed must not be opened again.
      if (this.#drained !== null) throw new Error('this node is draining');
      await this.#listener.takeOver(gateway);
      // From here on nothing can fail, and all of it happens before the next request is read.
      observing.commit();
      this.#dispatch = dispatch;
      this.#chains.use(chains);
      useConsumers();
      this.#ai.use(services.ai);
      this.#bodies.limit(gateway.limits.bodyBytes);
      this.#cache.use(gateway.cache, caching);
    } catch (error) {
      observing?.discard();
      this.#upstreams.discard(upstreams);
      await this.#followRoutes();
      throw error;
    }
    this.#upstreams.use(upstreams);
    this.#sight?.follow();
    const counts = { routes: snapshot.routes.length, upstreams: snapshot.upstreams.length };
    const status = { version: snapshot.version, hash, appliedWallMs: systemClock.wallMs(), ...counts };
    this.#inForce = { snapshot, status };
    // Last, for it may admit requests that have waited, and they must find the rest in place.
    this.#gates.use(snapshot.upstreams, systemClock.nowMs());
    await this.#letGo();
  }

  /** What a snapshot that is in force leaves to do, in turns of its own: requests are served by it meanwhile. */
  async #letGo(): Promise<void> {
    await giveWay();
    this.#sight?.refresh();
    await giveWay();
    this.#upstreams.retireFormer();
    await giveWay();
    await this.#followRoutes();
  }

  /** Series of routes that are not in force end here: after a swap those before it, after a refusal the refused ones. */
  #followRoutes(): Promise<void> {
    return inSlices(this.#observer.followingRoutes(this.#inForce?.snapshot ?? { routes: [] }), systemClock, giveWay);
  }

  /** What a drain closes between two slices is not built any further. Its last slice has a turn of its own, too. */
  async #inSlices<Result>(work: Work<Result>): Promise<Result> {
    const result = await inSlices(work, systemClock, async () => {
      await giveWay();
      if (this.#drained !== null) throw new Error('this node is draining');
    });
    await giveWay();
    return result;
  }

  inspect(request: InspectedRequest): CacheInspection {
    // First, for a look-up reclaims what was purged.
    const stored = this.#cache.inspect(request);
    return { ...stored, foretold: foretell(request, this.#chains.find, this.#cache, systemClock.nowMs()) };
  }

  drain(): Promise<{ readonly cut: number }> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<{ readonly cut: number }> {
    this.#purges.leave();
    this.#member.leave();
    const drainMs = this.#inForce?.snapshot.gateway.clientTimers.drainMs ?? 0;
    // Together, for both have the same limit.
    const within = (limitMs: number) => Promise.all([this.#listener.drain(limitMs), this.#jobs.drain(limitMs)]);
    const [clients, jobs] = (await Promise.race([within(drainMs), this.#cutAsked])) ?? (await within(0));
    await this.#end();
    return { cut: clients.cut + jobs.cut };
  }

  cut(): void {
    this.#askCut();
  }

  async closeMetrics(): Promise<void> {
    await this.#metricsServer?.close();
  }

  async close(): Promise<void> {
    this.#drained ??= Promise.resolve({ cut: this.#listener.exchanges });
    this.#purges.leave();
    this.#member.leave();
    this.#listener.close();
    await this.#jobs.drain(0);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#tellCalls();
    await this.#purges.close();
    await this.#jobs.close();
    this.#ai.close();
    this.#l2?.close();
    this.#sight?.end();
    this.#clusterRates?.close();
    this.#limiters.strict?.close();
    this.#upstreams.close();
    await this.#observer.close();
    await this.#metricsServer?.close();
    this.#stopWheel();
  }

  /** Opens a file, so it fails when the process has no descriptor left: just when its status matters most. */
  #residentBytes(): number {
    try {
      this.#rssBytes = process.memoryUsage.rss();
      this.#hasNoDescriptors = false;
    } catch {
      // The last known figure is better than no status.
      this.#hasNoDescriptors = true;
    }
    return this.#rssBytes;
  }

  /** After the look at the memory, which tells whether a file could be opened. */
  #warnings(): string[] {
    // A node that drains has taken its leave of the purge log.
    const ofPurges = this.#drained === null ? this.#purges.warnings() : [];
    const troubles = {
      told: [...ofPurges, ...(this.#l2?.warnings() ?? [])],
      logTrouble: this.#observer.logTrouble(),
      hasNoDescriptors: this.#hasNoDescriptors,
      certificates: this.#listener.certificates,
    };
    return nodeWarnings(troubles, systemClock.wallMs());
  }

  status(targetsMax = Number.POSITIVE_INFINITY): NodeStatus {
    const { bound, connections, exchanges } = this.#listener;
    return {
      pid: process.pid,
      startedWallMs: this.#startedWallMs,
      state: this.#drained !== null ? 'draining' : this.#inForce === null ? 'starting' : 'serving',
      listening: bound === null ? null : { host: bound.host, port: bound.port, tls: bound.scheme === 'https' },
      snapshot: this.#inForce?.status ?? null,
      ...{ connections, exchanges },
      armedTimers: this.#wheel.armed,
      jobs: jobStatus(this.#jobs.counts()),
      rssBytes: this.#residentBytes(),
      targets: this.#upstreams.stats(targetsMax).map(targetStatus),
      targetCounts: this.#upstreams.counts(),
      upstreams: this.#upstreams
        .upstreamStats(targetsMax)
        .map(({ upstreamId, standing, reason }) => ({ upstream: upstreamId, standing, reason })),
      warnings: this.#warnings(),
      healthChanges: this.#upstreams.health.latest(HEALTH_CHANGES_SHOWN),
      cluster: this.#member.status(),
      peerOpinions: this.#sight?.opinions(PEER_OPINIONS_SHOWN) ?? [],
    };
  }
}
