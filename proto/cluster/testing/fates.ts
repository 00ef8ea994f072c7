/** What happens to the peers of a simulation until it is healed: crashes, restarts, pauses, partitions. Drawn from the world's seed. */
import type { World } from './world.js';

export interface Fates {
  crash(id: string): void;
  /** Starts again; `keepsDisk`: with what it had on disk. */
  restart(id: string, keepsDisk: boolean): void;
  /** Ends in good order, where a scenario knows what that is. */
  leave?(id: string): void;
}

export interface FateTerms {
  /** They are parted from others, and nothing else happens to them. */
  readonly steady?: readonly string[];
  /** Between two troubles; a long one lets the one before it last. */
  readonly calmMaxMs?: number;
}

/** Everything bad is over at `healAtMs`: whoever is down comes back, and the network carries all. */
export function drawFates(
  world: World,
  ids: readonly string[],
  healAtMs: number,
  fates: Fates,
  { steady = [], calmMaxMs = 4_000 }: FateTerms = {},
): void {
  const all = [...ids, ...steady];
  const trouble = (): void => {
    const id = world.pick(ids);
    const draw = world.random();
    if (draw < 0.3) {
      if (world.isUp(id)) {
        if (fates.leave !== undefined && world.random() < 0.3) fates.leave(id);
        fates.crash(id);
      }
    } else if (draw < 0.6) {
      if (!world.isUp(id)) fates.restart(id, world.random() < 0.5);
    } else if (draw < 0.75) {
      world.part(new Map(all.map((each) => [each, world.between(0, 1)])));
    } else if (draw < 0.85) {
      world.deafen(id, world.pick(all));
    } else if (draw < 0.95) {
      world.pause(id, world.between(100, 8_000));
    } else {
      const { terms } = world;
      world.heal();
      world.terms = terms;
    }
    const nextMs = world.nowMs + world.between(50, calmMaxMs);
    if (nextMs < healAtMs) world.at(nextMs, trouble);
  };
  world.at(world.between(1_000, 4_000), trouble);
  world.at(healAtMs, () => {
    world.heal();
    for (const id of ids) {
      world.pause(id, 0);
      if (!world.isUp(id)) fates.restart(id, world.random() < 0.5);
    }
  });
}
