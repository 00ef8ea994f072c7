/**
 * `weir node`: this process supervises the workers of one machine and brings them to what control announces; they serve, and
 * are members of the cluster by themselves. With NATS, control and everything else gone it starts from disk, and goes on.
 *
 *   NATS ──announcements──▶ ┌─ this process ─────────────────────────────┐  IPC  ┌─ workers ────────────┐
 *    │  ◀─────reports────── │ sync ─▶ workers (supervisors)   host pages ┼──────▶│ apply, serve, report │
 *    │                      │   └◀▶ kept snapshot                        │       └──────────────────────┘
 *    └──────────────────────┴── heartbeats, purges, counts: the workers' own ───────────▲
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  CLUSTER_VARIABLE,
  LABELS_VARIABLE,
  NATS_FILE_VARIABLES,
  NATS_VARIABLE,
  TRUST_VARIABLE,
} from '@weir/node/process/settings.js';
import type { Address } from '@weir/proto/bus/address.js';
import type { BusState } from '@weir/proto/bus/bus.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamBlobs } from '@weir/proto/bus/jetstream-blobs.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { type NatsOptions, natsBus } from '@weir/proto/bus/nats-bus.js';
import { type NatsFiles, natsOptionsOf } from '@weir/proto/bus/nats-files.js';
import type { NatsPlace } from '@weir/proto/bus/nats-place.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { keyRing } from '@weir/proto/signing/ed25519.js';
import { frameHeadBytes } from '@weir/proto/signing/signed-frame.js';
import { snapshotBytesMax } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { EmbeddedNode, StartFailed } from '../up/embedded-node.js';
import { startFleetPages } from '../up/fleet-pages.js';
import type { Delivery, End } from '../up/supervisor.js';
import { tlsFilesOf, watchSources } from '../up/watch-sources.js';
import { readAnnouncements } from './announcement-reader.js';
import { HeldSecrets, type HeldSecretsParts } from './held-secrets.js';
import { degradedText, type HostReading, hostSeries, hostStatus } from './host-pages.js';
import { hostBoxKey, readSecrets, secretsFile, writeSecrets } from './kept-secrets.js';
import { keptFile, readKept, writeKept } from './kept-snapshot.js';
import { sayNatsNews, worstOf } from './nats-news.js';
import { SnapshotSync } from './snapshot-sync.js';

export interface HostOptions {
  readonly cluster: string;
  readonly id: string;
  readonly nats: {
    /** As it was written, for the workers, which fill it from their own environment. */
    readonly template: string;
    readonly place: NatsPlace;
    readonly files: NatsFiles;
  };
  /** Public keys that snapshots are believed from. */
  readonly trust: readonly string[];
  readonly dataFolder: string;
  readonly metrics: Address;
  readonly workers: number;
  /** What its operator calls it by; a canary may be chosen by it. */
  readonly labels: readonly string[];
  readonly redis: string | null;
  readonly say: (text: string) => void;
}

export interface RunningHost {
  readonly metrics: Address;
  readonly node: EmbeddedNode;
  /** Whether it serves what an earlier run has kept. */
  readonly isFromDisk: boolean;
  /** Hears nothing more, and resolves when its workers have ended, which are to be stopped by whoever calls it. */
  end(): Promise<End>;
}

export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { cluster, id, say, dataFolder } = options;
  const subjects = new Subjects(cluster);
  const keys = keyRing(options.trust);
  const nats = natsOf(options);
  const node = nodeOf(options, () => secrets.values());
  const file = keptFile(dataFolder, cluster);
  const watch = await watchSources(null, () => void sync.renew());
  const link = { clock: realClock, random: Math.random };
  const bus = natsBus(nats, { ...link, inbox: subjects.inbox(inboxOf(id, 'host')) });
  const jetStream = new JetStream(nats, { ...link, inbox: subjects.inbox(inboxOf(id, 'host-js')) });
  const natsState = (): BusState => worstOf([bus.state(), jetStream.state()]);
  const secrets = heldSecrets(options, { keys, bus, subjects, onChange: () => void sync.renew() });
  let isKept = true;
  const sync: SnapshotSync = new SnapshotSync({
    ...{ ...link, cluster, id, keys, bus, subjects, say },
    sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    blobs: jetStreamBlobs(jetStream, { cluster, replicas: null, blobBytesMax: snapshotBytesMax + frameHeadBytes }),
    async deliver(offer, snapshot) {
      // Also those of a snapshot that will be refused: its certificate may be what has to change.
      await watch.follow(tlsFilesOf(snapshot));
      return deliver(node, offer, snapshot, sync.inForce !== null);
    },
    secretsFor: (snapshot) => secrets.ready(snapshot),
    async keep(kept) {
      const failed = await writeKept(file, kept).then(
        () => null,
        (error: unknown) => String(error),
      );
      isKept = failed === null;
      if (failed !== null)
        say(`the snapshot could not be kept in ${file}: ${failed}; make room there, or let it be written`);
    },
  });
  const pages = await startFleetPages({
    ...pagesOf(options, () => ({ ...readingOf(options, natsState(), sync), secrets: secrets.reading(), isKept })),
    workers: () => node.workers,
  });
  const kept = await readKept(file, say);
  if (kept !== null) secrets.begin(await readSecrets(secretsFile(dataFolder, cluster), say));
  const isFromDisk = await sync.begin(kept);
  const log = jetStreamLog(jetStream, { place: subjects.place('announcements'), makes: null });
  const endLooking = sayNatsNews(natsState, realClock, say, 'what is in force runs on');
  const endReading = readAnnouncements({ ...link, log, bus: jetStream, hear: (frame) => sync.hear(frame) });
  return {
    ...{ metrics: pages.address, node, isFromDisk },
    async end() {
      endReading();
      endLooking();
      const written = Promise.all([sync.close(), secrets.close()]);
      watch.close();
      const ended = await node.ended();
      await Promise.all([written, log.close(), pages.close(), bus.close()]);
      await jetStream.close();
      return ended;
    },
  };
}

/** Names of members have up to 64 characters, and so have words of subjects. */
const inboxOf = (id: string, what: string): string => `${id.slice(0, 40)}-${what}-${process.pid}`;

/** Its files are read before anything is started. */
function natsOf({ nats, id }: HostOptions): NatsOptions {
  try {
    return natsOptionsOf(nats.place, nats.files, `weir host ${id}`);
  } catch (error) {
    throw new StartFailed(error instanceof Error ? error.message : String(error));
  }
}

function heldSecrets(
  { cluster, id, dataFolder, say }: HostOptions,
  parts: Pick<HeldSecretsParts, 'keys' | 'bus' | 'subjects' | 'onChange'>,
): HeldSecrets {
  const file = secretsFile(dataFolder, cluster);
  return new HeldSecrets({
    ...{ ...parts, cluster, id, say, clock: realClock, random: Math.random, boxKey: hostBoxKey(dataFolder, say) },
    drawNonce: () => randomBytes(16).toString('base64url'),
    keep: (answers) =>
      writeSecrets(file, answers).catch((error: unknown) =>
        say(`the secrets of teams could not be kept in ${file}: ${String(error)}`),
      ),
  });
}

function nodeOf(options: HostOptions, secrets: () => Readonly<Record<string, string>>): EmbeddedNode {
  const { cluster, id, nats, trust, workers, labels, metrics, redis, say } = options;
  const files = Object.entries(NATS_FILE_VARIABLES).map(([name, variable]) => [
    variable,
    nats.files[name as keyof NatsFiles], // The keys of that table.
  ]);
  return new EmbeddedNode({
    ...{ admin: null, metrics, isMetricsOfAll: true, redis, secrets, say },
    ids: workers === 1 ? [id] : Array.from({ length: workers }, (_, index) => `${id}-${index + 1}`),
    clusterEnv: {
      ...{ [CLUSTER_VARIABLE]: cluster, [NATS_VARIABLE]: nats.template, [LABELS_VARIABLE]: labels.join() },
      [TRUST_VARIABLE]: trust.join(),
      ...Object.fromEntries(files),
    },
  });
}

/** What can't be started is refused like what can't be run; with nothing in force, the next attempt gets processes of its own. */
async function deliver(
  node: EmbeddedNode,
  offer: SnapshotOffer,
  { gateway }: Snapshot,
  isServing: boolean,
): Promise<Delivery> {
  let delivery: Delivery;
  try {
    delivery = await node.deliver(offer, gateway);
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    delivery = { ok: false, reason: error.message };
  }
  if (!delivery.ok && !isServing) await node.discard();
  return delivery;
}

function readingOf({ cluster, id }: HostOptions, bus: HostReading['bus'], sync: SnapshotSync) {
  const inForce = sync.inForce?.announced ?? null;
  return {
    cluster,
    id,
    bus,
    nowMs: realClock.nowMs(),
    inForce,
    report: sync.report,
    counts: sync.counts,
    fetches: sync.fetches,
  };
}

function pagesOf({ metrics }: HostOptions, reading: () => HostReading) {
  return {
    listen: metrics,
    own: () => hostSeries(reading()),
    degraded: () => degradedText(reading()),
    status: () => hostStatus(reading()),
  };
}
