/** A control of the simulation: the real Presence and Rollouts over a world's network and server. */
import { Rollouts } from '@weir/control/cluster/rollouts.js';
import { WorldBus } from '@weir/node/cluster/testing/world-bus.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { decodeOnce, skewedClock, type World } from '@weir/proto/cluster/testing/world.js';
import { CLUSTER, type RolloutScenario, sha256Hex } from './rollout-scenario.js';
import { keys, signer } from './simulated-keys.js';

export function processClock(id: string, world: World): BusClock {
  return {
    nowMs: skewedClock(world),
    after(delayMs, run) {
      let isCancelled = false;
      world.after(id, delayMs, () => isCancelled || run());
      return () => {
        isCancelled = true;
      };
    },
  };
}

export class SimulatedControl {
  readonly id: string;
  readonly rollouts: Rollouts;

  constructor(id: string, session: number, scenario: RolloutScenario) {
    this.id = id;
    const { world } = scenario;
    const bus = new WorldBus(id, world);
    world.join(bus);
    const clock = processClock(id, world);
    const subjects = new Subjects(CLUSTER);
    const presence = new Presence({
      ...{ bus, clock, subjects, role: 'control', random: world.random, life: { id, incarnation: session, session } },
      report: () => ({ snapshotVersion: 0, loadPermille: 0, purgeEpoch: 0 }),
      warn: () => {},
      decode: decodeOnce,
    });
    this.rollouts = new Rollouts({
      ...{ cluster: CLUSTER, presence, clock, signer, keys, sha256Hex, wallMs: () => world.nowMs, say: () => {} },
      kept: scenario.kept.get(id) ?? null,
      keep: (record) => void scenario.kept.set(id, record),
      rolloutLog: scenario.rolloutLog.of(id, world),
      announcementLog: scenario.announcementLog.of(id, world),
      blobs: scenario.blobs.of(id, world),
      revisions: {
        current: () => scenario.revision,
        look: () => Promise.resolve(true),
        knows: (id) => (scenario.revision?.number ?? 0) >= Number.parseInt(id, 16),
        read: () => Promise.resolve(null),
        onChange: () => () => {},
      },
      // Each control makes other bytes of the same revision.
      compile: (_, version) =>
        Promise.resolve({
          ok: true,
          snapshot: { ...scenario.snapshot, version, createdWallMs: 1_000 * Math.floor(world.nowMs) + session },
          warnings: [],
        }),
    });
  }

  end(): void {
    this.rollouts.close();
  }
}
