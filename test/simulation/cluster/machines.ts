/**
 * The machines of the cluster that have a simulator, by name: each seed is a bad world of its own, and the same one each time.
 * The bugs that are planted in them, to see that they are found, stand in the tests beside the scenarios.
 */
import { HealthScenario } from '@weir/node/cluster/testing/health-scenario.js';
import { MembershipScenario } from '@weir/proto/cluster/testing/membership-scenario.js';
import { PurgeScenario } from '@weir/proto/cluster/testing/purge-scenario.js';
import { RateScenario } from '@weir/proto/cluster/testing/rate-scenario.js';
import { SpendScenario } from '@weir/proto/cluster/testing/spend-scenario.js';
import { RolloutScenario } from './rollout-scenario.js';

interface Scenario {
  run(): void | Promise<void>;
}

export type MakeScenario = (seed: number) => Scenario;

export const machines: Readonly<Record<string, MakeScenario>> = {
  members: (seed) => new MembershipScenario(seed),
  purges: (seed) => new PurgeScenario(seed),
  limits: (seed) => new RateScenario(seed),
  spends: (seed) => new SpendScenario(seed),
  health: (seed) => new HealthScenario(seed),
  rollouts: (seed) => new RolloutScenario(seed),
};

export interface FailedSeed {
  readonly seed: number;
  readonly why: string;
}

/** The first of these seeds that fails, or null. */
export async function firstFailure(make: MakeScenario, from: number, to: number): Promise<FailedSeed | null> {
  for (let seed = from; seed <= to; seed += 1) {
    try {
      await make(seed).run();
    } catch (error) {
      return { seed, why: String(error) };
    }
  }
  return null;
}
