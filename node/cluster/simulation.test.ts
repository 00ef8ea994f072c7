import { BrokenInvariant, playSeed, seedsOfRun } from '@weir/proto/cluster/testing/world.js';
import { expect, it } from 'vitest';
import { type Judgement, PeerReports, type Voters } from '../upstream/health/peer-reports.js';
import { type HealthPlant, HealthScenario } from './testing/health-scenario.js';

/** WEIR_SIM_SEED=17 replays one seed, WEIR_SIM_SEEDS=100000 runs as many: npx vitest run node/cluster/simulation.test.ts */
const seeds = seedsOfRun(2_000, process.env);
const isUsual = process.env['WEIR_SIM_SEED'] === undefined;
const LONG_MS = 3_600_000;

const run = (seed: number, plant: HealthPlant | null = null): Promise<HealthScenario> =>
  playSeed(seed, new HealthScenario(seed, plant), plant !== null);

it(
  'lets no minority of nodes put a target out for the others in two thousand bad worlds, and all heals',
  async () => {
    const total = { doubts: 0, confirmed: 0, refuted: 0, majorities: 0, outs: 0, attempts: 0 };
    for (const seed of seeds) {
      const { seen } = await run(seed);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += seen[key]; // The keys are its own.
    }
    // Invariants that nothing came near to would hold as well.
    if (isUsual) {
      for (const key of ['doubts', 'refuted', 'outs'] as const) expect(total[key]).toBeGreaterThan(seeds.length);
      expect(total.confirmed).toBeGreaterThan(seeds.length / 4);
      expect(total.majorities).toBeGreaterThan(seeds.length / 20);
    }
  },
  LONG_MS,
);

/** Of a hundred thousand: a node that was paused hears of three ejections in one moment. */
it.each([2_078])('keeps them in world %i, which once broke one', async (seed) => {
  await run(seed);
});

it('is the same world each time for the same seed', async () => {
  const [one, other] = [await run(11), await run(11)];
  expect(one.seen).toEqual(other.seen);
});

class OneIsEnough extends PeerReports {
  override judge(key: string, voters: Voters, nowMs: number): Judgement {
    return super.judge(key, { ...voters, nodes: 1 }, nowMs);
  }
}

class LooksAgain extends PeerReports {
  override spend(): void {}
  override refute(): void {}
}

class TakesNothingBack extends PeerReports {
  override expire(): string[] {
    return [];
  }
  override replace(): string[] {
    return [];
  }
  override hear(...[peer, change, seq, , nowMs]: Parameters<PeerReports['hear']>): boolean {
    return change.to === 'out' && super.hear(peer, change, seq, 60_000, nowMs);
  }
}

it.each<[string, HealthPlant]>([
  ['for which one word is a majority', { reports: () => new OneIsEnough() }],
  ['that doubts again what was doubted', { reports: () => new LooksAgain() }],
  ['that hears nothing taken back', { reports: () => new TakesNothingBack() }],
  ['that does not ask for what it missed', { hearsNoMisses: true }],
])(
  'finds a node %s',
  async (_, plant) => {
    let found: number | null = null;
    for (let seed = 1; found === null && seed <= 300; seed += 1) {
      await run(seed, plant).catch((error: unknown) => {
        if (!(error instanceof BrokenInvariant)) throw error;
        found = seed;
      });
    }
    expect(found).not.toBeNull();
  },
  LONG_MS,
);
