import { expect, it } from 'vitest';
import { MembershipScenario, type Plant } from './testing/membership-scenario.js';
import { type PurgeBug, PurgeScenario } from './testing/purge-scenario.js';
import { type RateBug, RateScenario } from './testing/rate-scenario.js';
import { BrokenInvariant, replay, seedsOfRun, World } from './testing/world.js';

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

/** Of a hundred thousand: a control was to be healed in the middle of a pause, and went on with it for seven seconds. */
it.each([16_165])('keeps the promise of purges in world %i, which once broke it', (seed) => {
  replay(seed, (each) => new PurgeScenario(each));
});

it('ends a pause when it is told to, and does then what was put off, in its order', () => {
  const world = new World(1, { loss: 0, doubling: 0, delayMaxMs: 0 });
  const done: string[] = [];
  world.join({ id: 'n', hear() {} });
  for (const atMs of [50, 20, 400]) world.after('n', atMs, () => done.push(`${atMs} at ${world.nowMs}`));
  world.pause('n', 300);
  world.at(100, () => world.pause('n', 0));
  world.run(99, () => {});
  expect(done).toEqual([]);
  world.run(1_000, () => {});
  expect(done).toEqual(['20 at 100', '50 at 100', '400 at 400']);
  // One that is made longer ends once.
  world.after('n', 10, () => done.push('late'));
  world.pause('n', 100);
  world.pause('n', 500);
  world.run(1_499, () => {});
  expect(done).toHaveLength(3);
  world.run(1_500, () => {});
  expect(done.slice(3)).toEqual(['late']);
});

/** The first seed that finds it, or null. */
function finds(make: (seed: number) => { run(): void }, seedsTried = 500): number | null {
  for (let seed = 1; seed <= seedsTried; seed += 1) {
    try {
      make(seed).run();
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) throw error;
      return seed;
    }
  }
  return null;
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
    expect(finds((seed) => new MembershipScenario(seed, plant))).not.toBeNull();
  },
  LONG_MS,
);

it(
  'keeps the promise of purges in two thousand bad worlds',
  () => {
    const total = { served: 0, held: 0, completed: 0, withMissing: 0 };
    for (const seed of seeds) {
      const { seen } = replay(seed, (each) => new PurgeScenario(each));
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += seen[key]; // The keys are its own.
    }
    if (isUsual) for (const count of Object.values(total)) expect(count).toBeGreaterThan(seeds.length / 2);
  },
  LONG_MS,
);

it.each<[string, PurgeBug]>([
  ['a node that serves without a lease', 'no lease'],
  ['a node whose lease is half as long again', 'a long lease'],
  ['a node that marks what it stores with the epoch of the storing', 'marks at storing'],
  ['a control that waits for those who are there alone', 'waits for the live only'],
  ['a control that takes those whom a new log names for all', 'believes the log at once'],
  ['a node that goes on with its epoch in another log', 'goes on in another log'],
])(
  'finds %s',
  (_, bug) => {
    expect(finds((seed) => new PurgeScenario(seed, bug))).not.toBeNull();
  },
  LONG_MS,
);

it(
  'keeps shared limits within their bound in two thousand bad worlds',
  () => {
    const total = { admitted: 0, over: 0 };
    for (const seed of seeds) {
      const { seen } = replay(seed, (each) => new RateScenario(each));
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += seen[key]; // The keys are its own.
    }
    if (isUsual) for (const count of Object.values(total)) expect(count).toBeGreaterThan(seeds.length / 2);
  },
  LONG_MS,
);

it.each<[string, RateBug]>([
  ['a node that counts nothing of what the others tell', 'hears nobody'],
  ['a node that counts what they tell for the window before', 'hears of the window before'],
  ['a node that tells half of what it has admitted', 'tells half'],
])(
  'finds %s',
  (_, bug) => {
    expect(finds((seed) => new RateScenario(seed, bug))).not.toBeNull();
  },
  LONG_MS,
);
