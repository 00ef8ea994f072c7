/**
 * `weir control`: one of any number of controls of a cluster, which share four logs over NATS and have no leader.
 *
 *   admin API ─▶ revisions (log, copy on disk) ─▶ rollouts (log) ─▶ announcements (log, bus) ─▶ hosts of nodes
 *                                                     └─▶ snapshots (object store)
 *
 * It can be away without harm to traffic, and NATS can be away without harm to it: what it knows is told, and what is asked of it
 * meanwhile is refused with the reason.
 */
import { createHash, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { type AdminApi, startAdminApi } from '@weir/control/api/server.js';
import { Purges } from '@weir/control/cluster/purges.js';
import type { RevisionSource } from '@weir/control/cluster/release-maker.js';
import { Rollouts } from '@weir/control/cluster/rollouts.js';
import { streamOfSignedEntries } from '@weir/control/cluster/signed-entries.js';
import { openClusterRevisions } from '@weir/control/log/cluster-revisions.js';
import type { Revisions } from '@weir/control/log/revision.js';
import { registrySealing, revisionSealing } from '@weir/control/log/sealed-log.js';
import { createCheck, loadChecked } from '@weir/control/publish/load-config.js';
import type { Sealing } from '@weir/control/secrets/seal.js';
import type { Address } from '@weir/proto/bus/address.js';
import type { Bus, BusState } from '@weir/proto/bus/bus.js';
import { deltaBlobs } from '@weir/proto/bus/delta-blobs.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamBlobs } from '@weir/proto/bus/jetstream-blobs.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import { type NatsFiles, natsOptionsOf } from '@weir/proto/bus/nats-files.js';
import type { NatsPlace } from '@weir/proto/bus/nats-place.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_LOG, purgeLogBounds } from '@weir/proto/cluster/purge-entries.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { knowingOwn } from '@weir/proto/signing/own-signatures.js';
import { frameHeadBytes } from '@weir/proto/signing/signed-frame.js';
import { snapshotBytesMax } from '@weir/proto/snapshot/codec.js';
import type { Entrance } from '../up/admin-access.js';
import { prepared } from '../up/config-source.js';
import { openInsight } from '../up/open-insight.js';
import type { Gateway } from '../up/send-try.js';
import { type ClusterPeople, openClusterPeople } from './cluster-people.js';
import { adminOptions, answerStatus } from './control-api.js';
import { recordFile } from './kept-record.js';
import { sayNatsNews, worstOf } from './nats-news.js';
import type { SigningKey } from './signing-key.js';

export interface ControlOptions {
  readonly version: string;
  readonly cluster: string;
  readonly id: string;
  readonly nats: { readonly place: NatsPlace; readonly files: NatsFiles };
  /** Copies of each log in the cluster of nats-servers. */
  readonly replicas: number;
  readonly dataFolder: string;
  readonly admin: Address;
  readonly entrance: Entrance;
  /** Whether nodes are started with a Redis. */
  readonly hasRedis: boolean;
  readonly key: SigningKey;
  /** Under the key for secrets of teams that all controls share; null: this one was given none. */
  readonly secretSealing: Sealing | null;
  /** Where requests that are tried go; null: to a node that serves. */
  readonly gateway: Gateway | null;
  /** Public keys of other controls that are believed as well, while a key is changed. */
  readonly trust: readonly string[];
  readonly say: (text: string) => void;
}

export interface RunningControl {
  readonly admin: Address;
  stop(): Promise<void>;
}

const NATS_WITHIN_MS = 2_000;

/** Throws for files that can't be read, and an address that can't be listened at. NATS may be away. */
export async function startControl(options: ControlOptions): Promise<RunningControl> {
  const { cluster, id, say, key } = options;
  const wired = wire(options);
  const { bus, jetStream, presence, subjects } = wired;
  const log = (name: string): SharedLog =>
    jetStreamLog(jetStream, { place: subjects.place(name), makes: streamOfSignedEntries(options.replicas) });
  const [rolloutLog, announcementLog] = [log('rollouts'), log('announcements')];
  await connected(jetStream);
  const copyFile = join(options.dataFolder, `revisions-${cluster}.mdb`);
  const trust = knowingOwn(signerOf(key.privateKey), keyRing([...new Set([key.publicKey, ...options.trust])]));
  const { signer, keys } = trust;
  const revisions = await openClusterRevisions({
    ...{ jetStream, subjects, replicas: options.replicas, copyFile, id, wallMs: Date.now, say },
    sealing: revisionSealing(cluster, signer, keys),
  });
  const whole = { cluster, replicas: options.replicas, blobBytesMax: snapshotBytesMax + frameHeadBytes };
  const blobs = deltaBlobs(jetStreamBlobs(jetStream, whole), realClock);
  const check = createCheck(process.env);
  const { purgeLog, purges } = purgesOf(options, wired, trust);
  const people = await openClusterPeople({
    ...{ jetStream, subjects, replicas: options.replicas, id, wallMs: Date.now, say, presence, signer },
    ...{ file: join(options.dataFolder, `registry-${cluster}.mdb`), secretSealing: options.secretSealing },
    entrySealing: registrySealing(cluster, signer, keys),
  });
  const file = recordFile(options.dataFolder, cluster, say);
  const rollouts = new Rollouts({
    ...{ kept: await file.read(), keep: (record) => file.keep(record) },
    ...{ cluster, presence, clock: realClock, wallMs: Date.now, rolloutLog, announcementLog, blobs, say },
    ...{ signer, keys },
    sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    revisions: sourceOf(revisions),
    compile: compilerOf(check, people, options.hasRedis),
    whyNot: people.whyNot,
    registry: people,
  });
  wired.version = () => rollouts.record()?.target.version ?? 0;
  const natsState = (): BusState => worstOf([bus.state(), jetStream.state()]);
  const endLooking = sayNatsNews(natsState, realClock, say, 'nodes run what they have');
  const end = async (): Promise<void> => {
    endLooking();
    entered.close();
    rollouts.close();
    purges.close();
    presence.leave();
    await Promise.all([revisions.close(), file.written(), insight.close(), people.close()]);
    await Promise.all([rolloutLog, announcementLog, purgeLog].map((each) => each.close()));
    await Promise.all([bus.close(), jetStream.close()]);
  };
  const insight = openInsight(presence, join(options.dataFolder, `insight-${cluster}.mdb`), say);
  const entered = await adminOptions({
    ...{ options, presence, rollouts, revisions, check, purges, insight, people },
    natsTrouble: () => natsState().trouble,
  });
  let admin: AdminApi;
  try {
    admin = await startAdminApi(entered.options);
  } catch (error) {
    await end();
    throw error;
  }
  answerStatus(presence, admin.address);
  return {
    admin: admin.address,
    async stop() {
      await admin.close();
      await end();
    },
  };
}

/** Files that a config names lie on the nodes, and each of them looks at its own. */
function compilerOf(check: ReturnType<typeof createCheck>, people: ClusterPeople, hasRedis: boolean) {
  return async (text: string, version: number) => {
    const checked = check(text);
    await prepared(checked, { managed: people });
    return loadChecked(text, checked, {
      ...{ environment: process.env, version, createdWallMs: Date.now(), hasRedis },
      managed: people.project,
    });
  };
}

function sourceOf(revisions: Revisions): RevisionSource {
  return {
    current: () => {
      const current = revisions.current();
      return current === null ? null : { ...current, plan: null };
    },
    look: () => revisions.look(),
    knows: (id) => revisions.knows(id),
    async read(number) {
      const read = await revisions.read(number);
      return read === null ? null : { ...read, plan: null };
    },
    onChange: (listener) => revisions.onChange(() => listener()),
  };
}

function purgesOf(options: ControlOptions, wired: Wired, { signer, keys }: ReturnType<typeof knowingOwn>) {
  const { cluster, replicas, hasRedis } = options;
  const { jetStream, presence, subjects } = wired;
  const purgeLog = jetStreamLog(jetStream, { place: subjects.place(PURGE_LOG), makes: purgeLogBounds(replicas) });
  const purges = new Purges({
    ...{ presence, log: purgeLog, clock: realClock, trust: { cluster, keys }, signer },
    // A node may have one that this control was not told of.
    sharesInRedis: hasRedis ? true : null,
  });
  wired.purgeEpoch = () => purges.reading().epoch;
  return { purgeLog, purges };
}

/** Waits a moment for NATS, so that a start where all is well says nothing of it; where it is away, this goes on without. */
function connected(jetStream: JetStream): Promise<void> {
  return new Promise((resolve) => {
    if (jetStream.state().isConnected) resolve();
    const endWaiting = jetStream.onStateChange(({ isConnected }) => {
      if (isConnected) resolve();
    });
    realClock.after(NATS_WITHIN_MS, () => {
      endWaiting();
      resolve();
    });
  });
}

interface Wired {
  readonly bus: Bus;
  readonly jetStream: JetStream;
  readonly presence: Presence;
  readonly subjects: Subjects;
  /** What its heartbeats tell. */
  version: () => number;
  purgeEpoch: () => number;
}

function wire({ cluster, id, nats, say }: ControlOptions): Wired {
  const subjects = new Subjects(cluster);
  const life = { id, incarnation: Date.now(), session: randomInt(2 ** 47) };
  const natsOptions = natsOptionsOf(nats.place, nats.files, `weir control ${id}`);
  // The session keeps the replies of two processes apart that were given one name by mistake.
  const inbox = subjects.inbox(`${id.slice(0, 40)}-${life.session}`);
  const parts = { clock: realClock, random: Math.random };
  const bus = natsBus(natsOptions, { ...parts, inbox });
  const jetStream = new JetStream(natsOptions, { ...parts, inbox: `${inbox}-js` });
  const wired = { bus, jetStream, subjects, version: () => 0, purgeEpoch: () => 0 };
  const report = () => ({ snapshotVersion: wired.version(), loadPermille: 0, purgeEpoch: wired.purgeEpoch() });
  const presence = new Presence({ ...parts, bus, subjects, life, role: 'control', report, warn: say });
  return Object.assign(wired, { presence });
}
