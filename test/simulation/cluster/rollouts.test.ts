import { BrokenInvariant, playSeed, seedsOfRun } from '@weir/proto/cluster/testing/world.js';
import { expect, it } from 'vitest';
import { type RolloutPlant, RolloutScenario } from './rollout-scenario.js';

/** WEIR_SIM_SEED=17 replays one seed; npm run campaign -- simulate runs many. */
const seeds = seedsOfRun(50, process.env);
const LONG_MS = 3_600_000;

const run = (seed: number, plant: RolloutPlant | null = null): Promise<RolloutScenario> =>
  playSeed(seed, new RolloutScenario(seed, plant), plant !== null);

it(
  'rolls out one story to all in fifty bad worlds',
  async () => {
    const total = { rolledBack: 0, applied: 0, refused: 0, late: 0, replayed: 0 };
    for (const seed of seeds) {
      const { seen } = await run(seed);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += seen[key]; // The keys are its own.
    }
    // Invariants that nothing came near to would hold as well.
    if (seeds.length > 1) for (const count of Object.values(total)) expect(count).toBeGreaterThan(seeds.length / 10);
  },
  LONG_MS,
);

it('is the same world each time for the same seed', async () => {
  const [one, other] = [await run(7), await run(7)];
  expect(one.seen).toEqual(other.seen);
});

it.each<[string, RolloutPlant]>([
  ['a log that takes what was made of an earlier record', 'no compare and set'],
  ['a host that follows what is older than what it runs', 'follows what is older'],
  ['a host that hears of no rollback', 'hears of no rollback'],
])(
  'finds %s',
  async (_, plant) => {
    let found: number | null = null;
    for (let seed = 1; found === null && seed <= 200; seed += 1) {
      await run(seed, plant).catch((error: unknown) => {
        if (!(error instanceof BrokenInvariant)) throw error;
        found = seed;
      });
    }
    expect(found).not.toBeNull();
  },
  LONG_MS,
);
