import { expect, it } from 'vitest';
import { Simulation } from './simulation.js';

/** One seed to be replayed, instead of all. */
const asked = process.env['WEIR_SIM_SEED'];
const seeds = asked === undefined ? Array.from({ length: 1_000 }, (_, i) => i + 1) : [Number(asked)];

function replay(seed: number): Simulation {
  const simulation = new Simulation(seed);
  try {
    simulation.run();
  } catch (error) {
    const command = `WEIR_SIM_SEED=${seed} npx vitest run test/simulation/simulation.test.ts`;
    throw new Error(`seed ${seed}: ${String(error)}\n  replay it with ${command}\n${JSON.stringify(simulation.plan)}`, {
      cause: error,
    });
  }
  return simulation;
}

it('keeps every invariant of ledger.ts in a thousand histories of admission, retries, hedges, fallbacks, opinions and budgets', () => {
  const total: Record<string, number> = {};
  for (const seed of seeds) {
    for (const [what, count] of Object.entries(replay(seed).ledger.seen)) total[what] = (total[what] ?? 0) + count;
  }
  // Invariants that nothing came near to would hold as well.
  if (asked === undefined) {
    expect(total['requests']).toBeGreaterThan(100_000);
    expect(Object.entries(total).filter(([, count]) => count < 300)).toEqual([]);
  }
}, 120_000);

it('is the same history each time for the same seed', () => {
  const [one, other] = [replay(7), replay(7)];
  expect([one.ledger.seen, one.plan]).toEqual([other.ledger.seen, other.plan]);
});
