/** A host of the simulation: the real SnapshotSync and reader of announcements, with workers that do as the scenario says. */
import { nothing } from '@weir/control/rollout/judge.js';
import { readAnnouncements } from '@weir/deploy/cluster/announcement-reader.js';
import type { KeptSnapshot } from '@weir/deploy/cluster/kept-snapshot.js';
import { openAnnouncement, type Trust } from '@weir/deploy/cluster/open-announced.js';
import { SnapshotSync } from '@weir/deploy/cluster/snapshot-sync.js';
import type { Delivery } from '@weir/deploy/up/supervisor.js';
import { WorldBus } from '@weir/node/cluster/testing/world-bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { decodeOnce } from '@weir/proto/cluster/testing/world.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { sealFrame } from '@weir/proto/signing/signed-frame.js';
import { CLUSTER, type RolloutScenario, sha256Hex } from './rollout-scenario.js';
import { processClock } from './simulated-control.js';
import { keys, signer } from './simulated-keys.js';

export interface Disk {
  readonly kept: KeptSnapshot;
  readonly version: number;
}

const DELIVERY_MS = 300;
const LATE_MS = 3_000;
const SERVES_EVERY_MS = 500;

export class SimulatedHost {
  readonly id: string;
  readonly sync: SnapshotSync;
  /** The version that the workers run; 0: none. */
  workers = 0;
  readonly #scenario: RolloutScenario;
  #counts = nothing;
  #endReading = (): void => {};

  constructor(id: string, session: number, scenario: RolloutScenario) {
    this.id = id;
    this.#scenario = scenario;
    const { world, disks, plant } = scenario;
    const bus = new WorldBus(id, world);
    world.join(bus);
    const clock = processClock(id, world);
    const subjects = new Subjects(CLUSTER);
    const presence = new Presence({
      ...{ bus, clock, subjects, role: 'node', random: world.random, life: { id, incarnation: session, session } },
      report: () => ({ snapshotVersion: this.workers, loadPermille: 0, purgeEpoch: 0 }),
      warn: () => {},
      decode: decodeOnce,
    });
    presence.answer('traffic', () =>
      encodeMessage({ kind: 'traffic', id, session, version: this.workers, labels: [], counts: this.#counts }),
    );
    this.sync = new SnapshotSync({
      ...{ cluster: CLUSTER, id, keys, sha256Hex, subjects, clock, bus, random: world.random, say: () => {} },
      blobs: scenario.blobs.of(id, world),
      deliver: ({ version }) => this.#deliver(version),
      keep: (kept) => this.#keep(kept),
    });
    if (plant === 'hears of no rollback') this.#hearNoRollback();
    if (plant === 'follows what is older') this.#hearAll();
    const kept = disks.get(id)?.kept;
    const read = (): void => {
      const log = scenario.announcementLog.of(id, world);
      const parts = { log, bus, clock, random: world.random };
      this.#endReading = readAnnouncements({ ...parts, hear: (frame) => this.sync.hear(frame) });
    };
    if (kept === undefined) read();
    else void this.sync.begin(kept).then(read);
    this.#serve();
  }

  hear(frame: Uint8Array): void {
    this.sync.hear(frame);
  }

  end(): void {
    this.#endReading();
    void this.sync.close();
  }

  get #trust(): Trust {
    return { cluster: CLUSTER, id: this.id, keys, sha256Hex };
  }

  #deliver(version: number): Promise<Delivery> {
    const { world } = this.#scenario;
    const fate = this.#scenario.fateOfDelivery();
    const applied = (delayMs: number): Promise<boolean> =>
      new Promise((resolve) =>
        world.after(this.id, delayMs, () => {
          this.workers = version;
          resolve(true);
        }),
      );
    if (fate === 'applied') return applied(world.random() * DELIVERY_MS).then(() => ({ ok: true }));
    return new Promise((resolve) =>
      world.after(this.id, world.random() * DELIVERY_MS, () => {
        if (fate === 'refused') resolve({ ok: false, reason: 'no such file' });
        else resolve({ ok: false, reason: 'nothing was heard', late: applied(world.random() * LATE_MS) });
      }),
    );
  }

  #keep(kept: KeptSnapshot): Promise<void> {
    const { world, disks } = this.#scenario;
    // By the time of the writing something newer may be in force.
    const opened = openAnnouncement(kept.announcement, this.#trust);
    const version = opened.ok ? opened.announced.version : 0;
    return new Promise((resolve) =>
      world.after(this.id, world.random() * 50, () => {
        disks.set(this.id, { kept, version });
        resolve();
      }),
    );
  }

  #hearNoRollback(): void {
    const { hear } = this.sync;
    this.sync.hear = (frame) => {
      const opened = openAnnouncement(frame, this.#trust);
      return opened.ok && opened.announced.takesBack > 0 ? true : hear.call(this.sync, frame);
    };
  }

  /** As a machine that looks at no serial and no version would. */
  #hearAll(): void {
    const { hear } = this.sync;
    let serial = 0;
    this.sync.hear = (frame) => {
      const opened = openAnnouncement(frame, this.#trust);
      if (!opened.ok) return false;
      serial = Math.max(serial, this.sync.inForce?.announced.serial ?? 0) + 1;
      const { version } = this.sync.inForce?.announced ?? opened.announced;
      const message = { ...opened.announced, serial, takesBack: version };
      const context = { cluster: CLUSTER, purpose: 'message' } as const;
      return hear.call(this.sync, sealFrame(encodeMessage(message), context, signer));
    };
  }

  /** Traffic, which fails where the workers run a bad config. */
  #serve(): void {
    const { world } = this.#scenario;
    const isBad = this.#scenario.isBad(this.workers);
    const { exchanges, failed } = this.#counts;
    this.#counts = { ...this.#counts, exchanges: exchanges + 10, failed: failed + (isBad ? 9 : 0) };
    world.after(this.id, SERVES_EVERY_MS, () => this.#serve());
  }
}
