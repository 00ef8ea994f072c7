import { expect, it } from 'vitest';
import { MembershipScenario, type Plant } from './testing/membership-scenario.js';
import { replay, seedsOfRun } from './testing/world.js';

/** WEIR_SIM_SEED=17 replays one seed, WEIR_SIM_SEEDS=100000 runs as many: npx vitest run proto/cluster/simulation.test.ts */
const seeds = seedsOfRun(2_000, process.env);
const isUsual = process.env['WEIR_SIM_SEED'] === undefined;
const LONG_MS = 3_600_000;

it(
  'keeps the invariants of membership in two thousand bad worlds',
  () => {
    const total = { changes: 0, deaths: 0, missed: 0, events: 0 };
    for (const seed of seeds) {
      const { seen } = replay(seed, (each) => new MembershipScenario(each));
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += seen[key]; // The keys are its own.
    }
    // Invariants that nothing came near to would hold as well.
    if (isUsual) {
      expect(total.deaths).toBeGreaterThan(seeds.length);
      expect(total.missed).toBeGreaterThan(seeds.length);
    }
  },
  LONG_MS,
);

it('is the same world each time for the same seed', () => {
  const [one, other] = [1, 2].map(() => replay(7, (seed) => new MembershipScenario(seed)).seen);
  expect(one).toEqual(other);
});

/** How many of the first seeds find it. */
function finds(plant: Plant, seedsTried = 60): number {
  let found = 0;
  for (let seed = 1; seed <= seedsTried; seed += 1) {
    try {
      new MembershipScenario(seed, plant).run();
    } catch {
      found += 1;
    }
  }
  return found;
}

it.each<[string, Plant]>([
  [
    'who does not hear that he is outdated',
    (event) => (event.event === 'heard' && event.message.kind === 'outdated' ? null : event),
  ],
  [
    'who believes that nothing was told',
    (event) =>
      event.event === 'heard' && event.message.kind === 'heartbeat'
        ? { ...event, message: { ...event.message, told: { health: 0, rate: 0, latency: 0 } } }
        : event,
  ],
  [
    'who takes no heartbeat for news but the first ten',
    (event) =>
      event.event === 'heard' && event.message.kind === 'heartbeat'
        ? { ...event, message: { ...event.message, seq: Math.min(event.message.seq, 10) } }
        : event,
  ],
])(
  'finds a member %s',
  (_, plant) => {
    expect(finds(plant)).toBeGreaterThan(0);
  },
  LONG_MS,
);
