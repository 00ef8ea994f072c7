/**
 * Controls and nodes of a cluster in one process, on buses in memory and on time that passes when a test says so. Controls are
 * the real ones; a node here is what follows announcements, as a host does, and what reports.
 */

import { createHash } from 'node:crypto';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { announcedFor } from '@weir/proto/events/announcement.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import type { SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import type { TrafficCounts } from '@weir/proto/events/traffic.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import { acceptAnnouncement, atTheBeginning, type Position } from '@weir/proto/signing/accept.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { openFrame } from '@weir/proto/signing/signed-frame.js';
import { loadText } from '../../publish/load-config.js';
import { nothing } from '../../rollout/judge.js';
import type { Revision } from '../release-maker.js';
import { Rollouts } from '../rollouts.js';
import type { KeptEntry } from '../signed-entries.js';
import { LogServer, lateBus, TestBlobs, TestLog } from './memory-parts.js';

const CLUSTER = 'c1';
const pair = createKeyPair();
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A config whose one route answers with this text. */
export const configOf = (answer: string): string =>
  `version: 1\nroutes: [{ id: all, match: /*, respond: { status: 200, body: "${answer}" } }]\n`;

/** What a control knows of the registry. */
export interface TestRegistry {
  isNone: boolean;
  number: number;
  expiredWallMs: number;
  tell: () => void;
}

export interface TestControl {
  readonly id: string;
  readonly rollouts: Rollouts;
  readonly rolloutLog: TestLog;
  readonly announcementLog: TestLog;
  readonly said: string[];
  readonly registry: TestRegistry;
  /** kill -9: nothing is said, and it hears nothing more. */
  kill(): void;
}

export interface TestNode {
  readonly id: string;
  /** Versions that were in force, in order. */
  readonly ran: number[];
  position: Position;
  /** Why it runs nothing that it is told of, where it does not; null: it does. */
  refuses: string | null;
  isDeaf: boolean;
  counts: TrafficCounts;
  labels: readonly string[];
  kill(): void;
  /** Another process of that name. */
  crash(): TestNode;
}

export class TestCluster {
  readonly clock = new TestClock();
  readonly broker = new Broker();
  readonly rolloutServer = new LogServer();
  readonly announcementServer = new LogServer();
  readonly blobs = new TestBlobs();
  /** What controls keep, by their names. */
  readonly disks = new Map<string, KeptEntry>();
  readonly #keys = keyRing([pair.publicKey]);
  readonly #revisionListeners = new Set<() => void>();
  #revision: Revision | null = null;
  readonly #known = new Set<string>();
  readonly #revisions = new Map<number, Revision>();
  #ids = 0;
  #sessions = 0;

  /** Appends a revision; `by` is the control that it was given to, `number` what a log that has lost some gives it. Its id. */
  apply(text: string, by?: TestControl, plan: RolloutPlan | null = null, number = this.#next): string {
    this.#ids += 1;
    const id = this.#ids.toString(16).padStart(32, '0');
    this.#known.add(id);
    this.#revision = { number, id, text, author: 'ada', reason: '', plan };
    this.#revisions.set(number, this.#revision);
    by?.rollouts.own(id);
    this.#tell();
    return id;
  }

  /** The log has lost what is behind this one. */
  lose(to: Revision): void {
    this.#revision = to;
    this.#tell();
  }

  revision(): Revision | null {
    return this.#revision;
  }

  get #next(): number {
    return (this.#revision?.number ?? 0) + 1;
  }

  #tell(): void {
    for (const listener of this.#revisionListeners) listener();
  }

  /** `connectsAfterMs`: the bus is away when it starts. */
  control(id: string, connectsAfterMs = 0): TestControl {
    const presence = this.#join(id, 'control', () => 0, connectsAfterMs);
    const [rolloutLog, announcementLog] = [new TestLog(this.rolloutServer), new TestLog(this.announcementServer)];
    const said: string[] = [];
    const wallMs = () => 1_790_000_000_000 + this.clock.nowMs();
    const registry: TestRegistry = { isNone: true, number: 0, expiredWallMs: 0, tell: () => {} };
    const rollouts = new Rollouts({
      ...{ cluster: CLUSTER, presence, clock: this.clock, wallMs },
      ...{ rolloutLog, announcementLog, blobs: this.blobs, signer: signerOf(pair.privateKey), keys: this.#keys },
      revisions: {
        current: () => this.#revision,
        look: async () => !rolloutLog.isAway,
        knows: (id) => this.#known.has(id),
        read: async (number) => this.#revisions.get(number) ?? null,
        onChange: (listener) => {
          this.#revisionListeners.add(listener);
          return () => void this.#revisionListeners.delete(listener);
        },
      },
      compile: async (text, version) => {
        const compiled = loadText(text, { environment: {}, version, createdWallMs: wallMs() });
        if (!compiled.ok || registry.isNone) return compiled;
        return { ...compiled, snapshot: { ...compiled.snapshot, registry: registry.number } };
      },
      registry: {
        position: () => ({ number: registry.number, expiredWallMs: registry.expiredWallMs }),
        onChange: (listener) => {
          registry.tell = listener;
          return () => {};
        },
      },
      sha256Hex,
      kept: this.disks.get(id) ?? null,
      keep: (record) => this.disks.set(id, record),
      say: (text) => said.push(text),
    });
    const kill = (): void => {
      rollouts.close();
      void presence.bus.close();
    };
    return { id, rollouts, rolloutLog, announcementLog, said, registry, kill };
  }

  node(id: string, from?: Pick<TestNode, 'position'>): TestNode {
    const presence = this.#join(id, 'node', () => node.position.version);
    const node: TestNode = {
      ...{ id, ran: [], position: from?.position ?? atTheBeginning, refuses: null, isDeaf: false, labels: [] },
      counts: nothing,
      kill: () => void presence.bus.close(),
      crash: () => {
        node.kill();
        return this.node(id, node);
      },
    };
    const { session } = presence.life;
    presence.answer('traffic', () => {
      const { counts, labels, position } = node;
      return encodeMessage({ kind: 'traffic', id, session, version: position.version, labels, counts });
    });
    // What it was told last, as a host keeps it.
    presence.answer('snapshot', () => {
      const { serial, version, hash } = node.position;
      return serial === 0
        ? null
        : encodeMessage({ kind: 'snapshot.report', id, serial, version, hash, state: 'applied', reason: '' });
    });
    const hear = (bytes: Uint8Array): void => void this.#follow(presence, node, bytes);
    presence.bus.subscribe(presence.subjects.all('snapshot'), ({ bytes }) => hear(bytes));
    // As a host does that comes: what is announced stands in the log.
    const last = this.announcementServer.records.at(-1);
    if (last !== undefined) hear(last.bytes);
    return node;
  }

  /** What nodes run, by their names. */
  static versions(nodes: readonly TestNode[]): Readonly<Record<string, number>> {
    return Object.fromEntries(nodes.map(({ id, position }) => [id, position.version]));
  }

  async #follow(presence: Presence, node: TestNode, frame: Uint8Array): Promise<void> {
    if (node.isDeaf) return;
    const opened = openFrame(frame, { cluster: CLUSTER, purpose: 'message' }, this.#keys);
    const decoded = opened.ok ? decodeMessage(opened.body) : null;
    if (decoded?.ok !== true || decoded.message.kind !== 'snapshot') throw new Error('control announced nonsense');
    const announced = announcedFor(decoded.message, node.id);
    const accepted = acceptAnnouncement(node.position, announced);
    if (!accepted.accept) return;
    const { serial, version, hash } = announced;
    const report = (state: SnapshotReport['state'], reason: string): void =>
      void presence.tell({ kind: 'snapshot.report', id: node.id, serial, version, hash, state, reason });
    if (version !== node.position.version && node.refuses !== null) return report('refused', node.refuses);
    const blob = await this.blobs.get(hash);
    const body = blob === null ? null : openFrame(blob, { cluster: CLUSTER, purpose: 'snapshot' }, this.#keys);
    if (body?.ok !== true || sha256Hex(body.body) !== hash) throw new Error('the snapshot is not what was announced');
    if (version !== node.position.version) node.ran.push(version);
    node.position = accepted.position;
    report('applied', '');
  }

  #join(id: string, role: 'node' | 'control', version: () => number, connectsAfterMs = 0): Presence {
    this.#sessions += 1;
    const subjects = new Subjects(CLUSTER);
    const session = this.#sessions;
    const parts = { clock: this.clock, inbox: subjects.inbox(`${id}-${session}`) };
    const bus = connectsAfterMs > 0 ? lateBus(this.broker, parts, connectsAfterMs) : memoryBus(this.broker, parts);
    const report = () => ({ snapshotVersion: version(), loadPermille: 0, purgeEpoch: 0 });
    const life = { id, incarnation: session, session };
    const { clock } = this;
    return new Presence({ bus, clock, subjects, life, role, report, random: () => 0.5, warn: () => {} });
  }
}
