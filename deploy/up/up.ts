/**
 * `weir up`: control and a node together. This process is control (config, admin API, supervision); the node is a
 * child process, or several that share its port, so that control never shares an event loop with traffic.
 *
 *   ┌─ this process ───────────────────────────────┐  IPC   ┌─ node process ─────────┐
 *   │ watch ─▶ publisher ─▶ supervisor ────────────┼───────▶│ apply, serve, report   │
 *   │              └◀▶ last-good file    admin API │◀───────┼──────── status         │
 *   └──────────────────────────────────────────────┘        └────────────────────────┘
 */
import { join } from 'node:path';
import { controlMetrics } from '@weir/control/api/control-metrics.js';
import {
  type ControlStatus,
  type PublishCause,
  type PublishOutcome,
  troublesOf,
} from '@weir/control/api/control-status.js';
import type { RevisionOperations } from '@weir/control/api/revisions-api.js';
import { startAdminApi } from '@weir/control/api/server.js';
import type { RouteSources } from '@weir/control/api/v1/routes.js';
import type { Insight } from '@weir/control/insight/insight.js';
import { toldOf } from '@weir/control/publish/check-config.js';
import { checkWithFiles } from '@weir/control/publish/load-config.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { CLUSTER_DEFAULT, CLUSTER_VARIABLE, NATS_VARIABLE } from '@weir/node/process/settings.js';
import type { Address } from '@weir/proto/bus/address.js';
import { clusterStatus } from '@weir/proto/cluster/member-table.js';
import { decodeSnapshot } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { type Entrance, type FirstOperator, openAccess } from './admin-access.js';
import type { EarlierSnapshot } from './announce.js';
import { cacheOrders } from './cache-orders.js';
import { type ConfigSource, encoderForOffers } from './config-source.js';
import { EmbeddedNode, StartFailed } from './embedded-node.js';
import { startFleetPages } from './fleet-pages.js';
import { type LastGood, readLastGood, writeLastGood } from './last-good.js';
import { managementSources } from './management.js';
import { insightSources, openInsight } from './open-insight.js';
import { type OwnPresence, ownPresence } from './own-presence.js';
import { createPublisher, type Publisher, type PublisherOptions } from './publisher.js';
import type { RegistryFeed } from './registry-feed.js';
import { type RegistrySecrets, secretsNamedIn } from './registry-secrets.js';
import { gatewaysOf, trySources } from './send-try.js';
import { supervisedNode } from './supervised-node.js';
import type { End } from './supervisor.js';
import { registryUnknown } from './up-registry.js';
import { newRevisionId, type UpRevisions } from './up-revisions.js';
import { type SourceWatch, tlsFilesOf, watchSources } from './watch-sources.js';
import type { Workers } from './workers.js';

/** What a node may take beyond its drain limit to end; then it is killed. */
const END_GRACE_MS = 5_000;

export interface UpOptions {
  readonly version: string;
  readonly config: ConfigSource;
  readonly dataFolder: string;
  readonly admin: Address;
  readonly metrics: Address;
  /** Node processes. */
  readonly workers: number;
  /** URL of the Redis that nodes share, its secrets as `${NAME}`; null for none. */
  readonly redis: string | null;
  /** The log of what the config was; null where none is kept. */
  readonly revisions: UpRevisions | null;
  readonly entrance: Entrance;
  /** What people manage, and what it adds to the config. */
  readonly registry: Registry;
  readonly feed: RegistryFeed;
  readonly secrets: RegistrySecrets;
  readonly say: (text: string) => void;
  readonly onOutcome: (outcome: PublishOutcome, versionInForce: number | null) => void;
}

export interface Running {
  readonly traffic: Address;
  readonly isTls: boolean;
  readonly admin: Address;
  readonly metrics: Address;
  /** Null: somebody could sign in before. */
  readonly firstOperator: FirstOperator | null;
  /** The snapshot of an earlier run that is served because the config was not accepted at the start. */
  readonly lastGood: EarlierSnapshot | null;
  /** Drains, cuts when called again, and kills when called once more. */
  stop(): void;
  reload(): void;
  /** Opens the access log anew, after its file was renamed. */
  reopenLog(): void;
  /** Exit code, when everything has ended. */
  readonly ended: Promise<number>;
}

export async function startUp(options: UpOptions): Promise<Running> {
  const { config, say } = options;
  const started = { wallMs: Date.now(), atMs: performance.now() };
  // A presence tells from its first moment on, when nothing is in force yet.
  let versionInForce = (): number => 0;
  const own = ownPresence(() => versionInForce(), options.redis !== null, say);
  const node = nodeOf(options, own);
  // One worker alone listens there itself.
  const pages =
    options.workers > 1 ? await startFleetPages({ listen: options.metrics, workers: () => node.workers }) : null;
  const kept = config.isKept ? await readLastGood(options.dataFolder, config.file, say) : null;
  // Watched from before the first look at it: what changes during the start is published when that is over.
  let publish: ((cause: PublishCause) => void) | null = null;
  let missed: PublishCause | null = null;
  const watch = await watchSources(config.file, (cause) => {
    if (publish === null) missed = cause;
    else publish(cause);
  });
  const keeper = lastGoodKeeper(options);
  const publisher = publisherFor(options, node, watch, { versionBefore: kept?.version ?? 0, keep: keeper.keep });
  versionInForce = () => publisher.look().snapshot?.version ?? 0;
  let lastGood: EarlierSnapshot | null;
  try {
    lastGood = await firstSnapshot(options, node, publisher, kept);
  } catch (error) {
    watch.close();
    await pages?.close();
    await own.close();
    await node.discard();
    throw error;
  }
  const { workers } = node.running;
  const first = workers.look()[0];
  const listening = first?.status?.listening;
  if (!listening) throw new Error('a node that accepted its snapshot does not listen');
  const insight = openInsight(own.presence, config.isKept ? join(options.dataFolder, 'insight.mdb') : null, say);
  const troubles = () => troublesOf(options.registry.trouble(), options.revisions?.trouble() ?? '', keeper.trouble());
  const status = (): ControlStatus => ({
    ...{ ...ownStatus(options, started, own), ...troubles() },
    ...lookOf(publisher, node),
  });
  const entered = await openAccess({ ...options, sources: sourcesOf(options, insight, status) });
  const admin = await startAdminApi({
    ...{ listen: options.admin, access: entered.access, insight, status },
    metrics: () => controlMetrics(options.registry.writes(), troubles().troubles),
    cache: cacheOrders(own.purges, () => workers.all.map(({ supervisor }) => supervisor), options.redis !== null),
    ...(options.revisions === null ? {} : { revisions: operationsOf(options.revisions, config, publisher) }),
  });
  const reload = (cause: PublishCause): void => {
    publisher.publish(cause).catch((error: unknown) => say(`the config could not be published: ${String(error)}`));
  };
  options.feed.start(async () => (await publisher.publish('registry')).state === 'accepted');
  publish = reload;
  // The log of what was applied could not be read: once it can, that is what is to run.
  if (lastGood !== null && config.file === null) options.revisions?.revisions.onChange(() => reload('revision'));
  if (missed !== null) reload(missed);
  return {
    traffic: listening,
    isTls: listening.tls,
    ...{ admin: admin.address, firstOperator: entered.first },
    metrics: pages?.address ?? first?.metrics ?? options.metrics,
    lastGood,
    reload: () => reload('signal'),
    reopenLog: () => workers.reopenLog(),
    stop: stopOf(workers, () => node.running.inForce.clientTimers.drainMs, say),
    ended: endOf(workers.ended, () => closeAll(options, [watch, entered], [own, pages, admin, insight]), say),
  };
}

/** Who asks first, then what is asked, and what all of them stand on last. */
async function closeAll(
  { feed, registry, revisions }: UpOptions,
  listeners: readonly { close(): void }[],
  servers: readonly ({ close(): Promise<void> } | null)[],
): Promise<void> {
  feed.close();
  for (const listener of listeners) listener.close();
  for (const server of servers) await server?.close();
  await revisions?.close();
  await registry.close();
}

function sourcesOf(
  { registry, feed, secrets }: UpOptions,
  insight: Insight,
  status: () => ControlStatus,
): RouteSources {
  const reservedPaths = (): readonly string[] => [feed.config?.gateway.jobs.prefix ?? '/.weir'];
  const gateway = () => gatewaysOf(status())[0] ?? null;
  const management = managementSources({
    ...{ registry, config: () => feed.config, secrets, insight, reservedPaths, gateway },
  });
  return {
    management,
    insight: insightSources(insight, { registry, config: () => feed.config }, async () => status()),
    tries: trySources(registry, async () => gatewaysOf(status()).slice(0, 1), management.conflictOf),
  };
}

function operationsOf({ revisions }: UpRevisions, config: ConfigSource, publisher: Publisher): RevisionOperations {
  return {
    revisions,
    ...{ followedFile: config.file, isRolledOut: false },
    check: async (text) => toldOf(await checkWithFiles(text, process.env, Date.now())),
    publish: () => publisher.publish('revision'),
    newId: newRevisionId,
  };
}

function nodeOf(options: UpOptions, { broker, purges }: OwnPresence): EmbeddedNode {
  return new EmbeddedNode({
    ...options,
    ids: Array.from({ length: options.workers }, (_, index) => `node-${index + 1}`),
    isMetricsOfAll: options.workers > 1,
    broker,
    secrets: () => options.secrets.values(),
    onWorkerEnded: (id) => void purges.ended(id),
    // Whatever the environment of `up` itself says of a cluster is not meant for this one.
    clusterEnv: { [NATS_VARIABLE]: '', [CLUSTER_VARIABLE]: CLUSTER_DEFAULT },
  });
}

function ownStatus(
  { version, config, revisions }: UpOptions,
  started: { wallMs: number; atMs: number },
  { presence, purges }: OwnPresence,
) {
  return {
    ...{ version, pid: process.pid, startedWallMs: started.wallMs, configFile: config.file },
    uptimeMs: Math.round(performance.now() - started.atMs),
    revision: revisionOf(revisions),
    cluster: clusterStatus(presence, { loadPermille: 0, purgeEpoch: purges.reading().epoch }),
  };
}

/** Settings that waited for a restart when they were published may have had one since, after a crash. */
function lookOf(
  publisher: Publisher,
  node: EmbeddedNode,
): ReturnType<Publisher['look']> & Pick<ControlStatus, 'nodes'> {
  const look = { ...publisher.look(), nodes: node.running.workers.look().map(supervisedNode) };
  if (look.publish?.state !== 'accepted') return look;
  return { ...look, publish: { ...look.publish, restartNeeded: node.restartNeeded(node.running.inForce) } };
}

/** Null when the config is in force, else the last good snapshot that runs in its stead. Throws when nothing can run. */
async function firstSnapshot(
  { say, secrets, registry }: UpOptions,
  node: EmbeddedNode,
  publisher: Publisher,
  kept: LastGood | null,
): Promise<EarlierSnapshot | null> {
  const { state } = await publisher.publish('start');
  if (state === 'accepted') return null;
  const snapshot = kept === null ? null : lastGoodOf(kept, say);
  // An empty reason: the outcome has been told.
  if (kept === null || snapshot === null) throw new StartFailed('');
  // The refused one has started the process, with its own limits and perhaps on its own address.
  await node.discard();
  secrets.want(secretsNamedIn(kept.bytes, registry.all('secret')));
  const delivery = await publisher.restore(kept, snapshot);
  if (!delivery.ok) throw new StartFailed(`the last good snapshot cannot be run either: ${delivery.reason}`);
  return snapshot;
}

function lastGoodOf(kept: LastGood, say: (text: string) => void): Snapshot | null {
  const decoded = decodeSnapshot(kept.bytes);
  if (decoded.ok) return decoded.snapshot;
  say(`the last good snapshot cannot be read: ${decoded.error} (${decoded.detail})`);
  return null;
}

function publisherFor(
  options: UpOptions,
  node: EmbeddedNode,
  watch: SourceWatch,
  { versionBefore, keep }: Pick<PublisherOptions, 'versionBefore' | 'keep'>,
): Publisher {
  const { config, dataFolder } = options;
  const publisher: Publisher = createPublisher({
    versionBefore,
    async compile(version, cause) {
      // Without it, all that teams publish would vanish, and their paths with their keys fall to other routes.
      if (!options.registry.isKnown) return { ok: false, faults: [registryUnknown(options.registry, dataFolder)] };
      const compiled = await config.compile(version, cause);
      if (compiled.ok) options.secrets.want(compiled.secrets ?? []);
      return compiled;
    },
    encode: encoderForOffers(),
    async deliver(offer, snapshot) {
      // Also those of a snapshot that will be refused: its certificate may be what has to change.
      await watch.follow(tlsFilesOf(snapshot));
      return node.deliver(offer, snapshot.gateway);
    },
    accepted: () => config.accepted?.(),
    keep,
    restartNeeded: (gateway) => node.restartNeeded(gateway),
    wallMs: () => Date.now(),
    onOutcome: (outcome) => options.onOutcome(outcome, publisher.look().snapshot?.version ?? null),
  });
  return publisher;
}

/** Keeps what was applied for the next start; what could not be kept is said, and stays a trouble until it can. */
function lastGoodKeeper({ config, revisions, dataFolder, say }: UpOptions): {
  readonly keep: PublisherOptions['keep'];
  trouble(): string;
} {
  let trouble = '';
  return {
    trouble: () => trouble,
    async keep({ version, hash, bytes }, text) {
      if (!config.isKept) return;
      if (config.file !== null) await revisions?.record(text);
      try {
        await writeLastGood(dataFolder, { version, hash, configFile: config.file, bytes });
        trouble = '';
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        trouble = `the last good snapshot could not be kept in ${dataFolder}, so a start with a faulty config would run an older one: ${why}; make room there, or let it be written`;
        say(trouble);
      }
    },
  };
}

/** The one in force; null where the built-in text is, or none is kept. */
function revisionOf(log: UpRevisions | null): NonNullable<ControlStatus['revision']> | null {
  const current = log?.revisions.current() ?? null;
  if (current === null) return null;
  const { number, author, atWallMs } = current;
  return { number, author, atWallMs };
}

export function stopOf(
  supervisor: Pick<Workers, 'stop' | 'cut' | 'kill'>,
  drainLimitMs: () => number,
  say: (text: string) => void,
): () => void {
  let asked = 0;
  return () => {
    asked += 1;
    if (asked === 2) {
      say('cutting what is still in flight');
      // The node does it, so that each cut exchange is answered where it can be, logged and counted.
      supervisor.cut();
      setTimeout(() => supervisor.kill(), END_GRACE_MS).unref();
    }
    if (asked > 2) supervisor.kill();
    if (asked > 1) return;
    const drainMs = drainLimitMs();
    say(`stopping: what is in flight may finish within ${drainMs / 1_000} s; Ctrl-C once more cuts it`);
    supervisor.stop();
    setTimeout(() => {
      say('the node did not end in time; killing it');
      supervisor.kill();
    }, drainMs + END_GRACE_MS).unref();
  };
}

async function endOf(ended: Promise<End>, close: () => Promise<void>, say: (text: string) => void): Promise<number> {
  const { failure, cut } = await ended;
  await close();
  if (failure !== null) say(failure);
  else if (cut === null)
    say('stopped, but the node ended before its drain did: what was in flight is cut and not in the log');
  else
    say(
      cut === 0 ? 'stopped; nothing was cut' : `stopped; ${cut} ${cut === 1 ? 'exchange' : 'exchanges'} had to be cut`,
    );
  return failure === null && cut !== null ? 0 : 1;
}
