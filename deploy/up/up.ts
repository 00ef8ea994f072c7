/**
 * `weir up`: control and one node together. This process is control (config, admin API, supervision); the node is a
 * child process, so that control never shares an event loop with traffic.
 *
 *   ┌─ this process ───────────────────────────────┐  IPC   ┌─ node process ─────────┐
 *   │ watch ─▶ publisher ─▶ supervisor ────────────┼───────▶│ apply, serve, report   │
 *   │              └─▶ last-good file    admin API │◀───────┼──────── status         │
 *   └──────────────────────────────────────────────┘        └────────────────────────┘
 */
import { fileURLToPath } from 'node:url';
import type { PublishOutcome } from '@weir/control/api/control-status.js';
import { type AdminApi, startAdminApi } from '@weir/control/api/server.js';
import { METRICS_VARIABLE } from '@weir/node/process/settings.js';
import { type Address, formatAddress } from '@weir/proto/bus/address.js';
import type { GatewaySpec } from '@weir/proto/snapshot/snapshot.js';
import { type ConfigSource, encodeForOffer } from './config-source.js';
import { readLastGood, writeLastGood } from './last-good.js';
import { whyNotFree } from './port-owner.js';
import { createPublisher, type Publisher } from './publisher.js';
import { headBufferBytes, restartNeeded } from './restart-needed.js';
import { supervisedNode } from './supervised-node.js';
import { Supervisor } from './supervisor.js';
import { type FileWatch, watchContent } from './watch-file.js';

/** What a node may take beyond its drain limit to end; then it is killed. */
const END_GRACE_MS = 5_000;

export interface UpOptions {
  readonly version: string;
  readonly config: ConfigSource;
  readonly dataFolder: string;
  readonly admin: Address;
  readonly metrics: Address;
  readonly say: (text: string) => void;
  readonly onOutcome: (outcome: PublishOutcome, versionInForce: number | null) => void;
}

export interface Running {
  readonly traffic: Address;
  readonly isTls: boolean;
  readonly admin: Address;
  readonly metrics: Address;
  /** Drains, and cuts when called again. */
  stop(): void;
  reload(): void;
  /** Exit code, when everything has ended. */
  readonly ended: Promise<number>;
}

/** The start failed for a reason that the operator has been, or is by its message, told. */
export class StartFailed extends Error {}

export async function startUp(options: UpOptions): Promise<Running> {
  const { config, say } = options;
  const startedWallMs = Date.now();
  const startedAtMs = performance.now();
  const node = nodeOf(options);
  const publisher = await publisherFor(options, node);

  const outcome = await publisher.publish('start');
  if (outcome.state !== 'accepted') {
    node.supervisor?.kill();
    throw new StartFailed(outcome.state === 'refused' ? outcome.reason : '');
  }
  const { supervisor, bootedWith } = node;
  const listening = supervisor?.look().status?.listening;
  if (supervisor === null || bootedWith === null || !listening)
    throw new Error('a node that accepted its snapshot does not listen');

  const reload = (cause: 'signal' | 'file-change'): void => {
    publisher.publish(cause).catch((error: unknown) => say(`the config could not be published: ${String(error)}`));
  };
  const admin = await startAdminApi({
    listen: options.admin,
    status: () => ({
      version: options.version,
      pid: process.pid,
      startedWallMs,
      uptimeMs: Math.round(performance.now() - startedAtMs),
      configFile: config.file,
      ...publisher.look(),
      nodes: [supervisedNode(supervisor.look())],
    }),
  });
  const watch = config.file === null ? null : await watchContent(config.file, () => reload('file-change'));
  return {
    traffic: listening,
    isTls: listening.tls,
    admin: admin.address,
    metrics: supervisor.look().metrics ?? options.metrics,
    reload: () => reload('signal'),
    stop: stopOf(supervisor, () => (node.gateway ?? bootedWith).clientTimers.drainMs, say),
    ended: endOf(node.ended, admin, watch, say),
  };
}

/** The node of this house; the supervisor comes with the first snapshot, whose limits the process is started with. */
interface SupervisedHouse {
  supervisor: Supervisor | null;
  bootedWith: GatewaySpec | null;
  /** Of the snapshot in force. */
  gateway: GatewaySpec | null;
  boot(gateway: GatewaySpec): Promise<Supervisor>;
  readonly ended: Promise<{ readonly failure: string | null; readonly cut: number }>;
}

function nodeOf({ admin, metrics, say }: UpOptions): SupervisedHouse {
  let end: (end: { failure: string | null; cut: number }) => void = () => {};
  const house: SupervisedHouse = {
    supervisor: null,
    bootedWith: null,
    gateway: null,
    ended: new Promise((resolve) => {
      end = resolve;
    }),
    async boot(gateway) {
      await assertFree([
        [gateway.listen, 'traffic (gateway.listen)'],
        [admin, 'admin API (--admin)'],
        [metrics, 'metrics (--metrics)'],
      ]);
      house.bootedWith = gateway;
      house.supervisor = new Supervisor({
        entry: fileURLToPath(import.meta.resolve('@weir/node/main.js')),
        env: () => ({
          [METRICS_VARIABLE]: formatAddress(metrics),
          // The server library reads its limit of a request head once, when the process starts.
          UWS_HTTP_MAX_HEADERS_SIZE: String(headBufferBytes(gateway)),
        }),
        say,
        onEnd: (ended) => end(ended),
      });
      return house.supervisor;
    },
  };
  return house;
}

async function assertFree(addresses: readonly (readonly [Address, string])[]): Promise<void> {
  for (const [address, purpose] of addresses) {
    const why = await whyNotFree(address, purpose);
    if (why !== null) throw new StartFailed(why);
  }
}

async function publisherFor(options: UpOptions, node: SupervisedHouse): Promise<Publisher> {
  const { config, dataFolder, say } = options;
  const before = await readLastGood(dataFolder);
  const publisher: Publisher = createPublisher({
    versionBefore: before?.version ?? 0,
    compile: config.compile,
    encode: encodeForOffer,
    async deliver(offer, { gateway }) {
      const supervisor = node.supervisor ?? (await node.boot(gateway));
      const delivery = await supervisor.deliver(offer);
      if (delivery.ok) node.gateway = gateway;
      return delivery;
    },
    async keep({ version, hash, bytes }) {
      await writeLastGood(dataFolder, { version, hash, configFile: config.file, bytes }).catch((error: unknown) => {
        say(`the last good snapshot could not be kept in ${dataFolder}: ${String(error)}`);
      });
    },
    restartNeeded: (gateway) => (node.bootedWith === null ? [] : restartNeeded(node.bootedWith, gateway)),
    wallMs: () => Date.now(),
    onOutcome: (outcome) => options.onOutcome(outcome, publisher.look().snapshot?.version ?? null),
  });
  return publisher;
}

function stopOf(supervisor: Supervisor, drainLimitMs: () => number, say: (text: string) => void): () => void {
  let isStopping = false;
  return () => {
    if (isStopping) {
      say('cutting what is still in flight');
      supervisor.kill();
      return;
    }
    isStopping = true;
    const drainMs = drainLimitMs();
    say(`stopping: what is in flight may finish within ${drainMs / 1_000} s; Ctrl-C once more cuts it`);
    supervisor.stop();
    setTimeout(() => {
      say('the node did not end in time; killing it');
      supervisor.kill();
    }, drainMs + END_GRACE_MS).unref();
  };
}

async function endOf(
  ended: SupervisedHouse['ended'],
  admin: AdminApi,
  watch: FileWatch | null,
  say: (text: string) => void,
): Promise<number> {
  const { failure, cut } = await ended;
  watch?.close();
  await admin.close();
  if (failure !== null) say(failure);
  else say(cut === 0 ? 'stopped; nothing was cut' : `stopped; ${cut} exchanges had to be cut`);
  return failure === null ? 0 : 1;
}
