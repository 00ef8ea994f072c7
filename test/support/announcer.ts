/**
 * Says over a real nats-server what a control would say: signs, stores and announces snapshots, and hears what hosts report. It
 * decides nothing, so that tests of nodes can have it say wrong things as well.
 */
import { createHash } from 'node:crypto';
import { loadText } from '@weir/control/publish/load-config.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import { deltaBlobs } from '@weir/proto/bus/delta-blobs.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamBlobs } from '@weir/proto/bus/jetstream-blobs.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import type { MemberStatus } from '@weir/proto/events/member-status.js';
import type { SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import { createKeyPair, signerOf } from '@weir/proto/signing/ed25519.js';
import { type Signer, sealFrame } from '@weir/proto/signing/signed-frame.js';
import { encodeSnapshot } from '@weir/proto/snapshot/codec.js';
import { type Stage, until } from './stage.js';

export const CLUSTER = 'c1';
export const subjects = new Subjects(CLUSTER);
const MIB = 1024 * 1024;

export interface Announcer {
  readonly publicKey: string;
  readonly signer: Signer;
  readonly bus: Bus;
  readonly log: SharedLog;
  readonly reports: SnapshotReport[];
  /** Compiles and stores it; what may be announced of it. */
  store(config: string, version: number): Promise<Pick<Announcement, 'version' | 'hash' | 'sizeBytes'>>;
  /** Stores bytes of any kind. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** To the log and to all; `more` is said differently from what an honest control would say. */
  announce(
    what: Pick<Announcement, 'version' | 'hash' | 'sizeBytes'>,
    more?: Partial<Announcement>,
  ): Promise<Uint8Array>;
  /** Null where that member does not answer. */
  statusOf(id: string): Promise<MemberStatus | null>;
  /** Resolves with the report of that version and state. */
  reported(version: number, state: SnapshotReport['state']): Promise<SnapshotReport>;
}

let announcers = 0;

export async function startAnnouncer(stage: Stage, url: string): Promise<Announcer> {
  announcers += 1;
  const { publicKey, privateKey } = createKeyPair();
  const signer = signerOf(privateKey);
  const link = { clock: realClock, random: Math.random };
  const nats = { servers: [url], name: 'announcer' };
  const bus = natsBus(nats, { ...link, inbox: subjects.inbox(`announcer-${announcers}`) });
  const jetStream = new JetStream(nats, { ...link, inbox: subjects.inbox(`announcer-js-${announcers}`) });
  stage.onEnd(async () => {
    await bus.close();
    await jetStream.close();
  });
  const bounds = { replicas: 1, messagesMax: 1_000, bytesMax: 16 * MIB, ageMaxMs: null, entryBytesMax: MIB };
  const log = jetStreamLog(jetStream, { place: subjects.place('announcements'), makes: bounds });
  const blobs = deltaBlobs(
    jetStreamBlobs(jetStream, { cluster: CLUSTER, replicas: 1, blobBytesMax: 64 * MIB }),
    realClock,
  );
  const reports: SnapshotReport[] = [];
  bus.subscribe(subjects.all('snapshot.report'), ({ bytes }) => {
    const decoded = decodeMessage(bytes);
    if (decoded.ok && decoded.message.kind === 'snapshot.report') reports.push(decoded.message);
  });
  await until(
    () => bus.state().isConnected && jetStream.state().isConnected,
    () => 'NATS is not there',
  );
  let serial = 0;
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    if ((await blobs.put(name, bytes)) !== 'stored') throw new Error(`${name} was not stored`);
  };
  return {
    ...{ publicKey, signer, bus, log, reports, put },
    async store(config, version) {
      const compiled = await loadText(config, { environment: {}, version, createdWallMs: Date.now() });
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
      const bytes = encodeSnapshot(compiled.snapshot);
      const hash = createHash('sha256').update(bytes).digest('hex');
      await put(hash, sealFrame(bytes, { cluster: CLUSTER, purpose: 'snapshot' }, signer));
      return { version, hash, sizeBytes: bytes.length };
    },
    async announce(what, more = {}) {
      serial += 1;
      const message: Announcement = { kind: 'snapshot', serial, takesBack: 0, ...what, ...more };
      const frame = sealFrame(encodeMessage(message), { cluster: CLUSTER, purpose: 'message' }, signer);
      const appended = await log.append('control', frame);
      if (!appended.ok) throw new Error(appended.detail);
      bus.publish(subjects.all('snapshot'), frame);
      return frame;
    },
    async statusOf(id) {
      const { replies } = await bus.gather(subjects.ask(id, 'status'), new Uint8Array(), {
        withinMs: 1_000,
        repliesMax: 1,
      });
      const decoded = decodeMessage(replies[0]?.bytes ?? new Uint8Array());
      return decoded.ok && decoded.message.kind === 'member.status' ? decoded.message : null;
    },
    async reported(version, state) {
      const find = () => reports.find((report) => report.version === version && report.state === state);
      await until(
        () => find() !== undefined,
        () => `no ${state} of ${version}: ${JSON.stringify(reports)}`,
      );
      return find() as SnapshotReport; // It was found.
    },
  };
}
