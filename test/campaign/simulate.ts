/**
 * Every machine of the cluster in so many bad worlds: the scenarios that the tests run two thousand of. WEIR_SIM_SEEDS says how many,
 * WEIR_SIM_SEED replays one. A seed that fails ends its machine, and is printed with how to replay it.
 */
import { availableParallelism } from 'node:os';
import { seedsOfRun } from '@weir/proto/cluster/testing/world.js';
import { machines } from '../simulation/cluster/machines.js';
import { runSeeds } from '../simulation/cluster/run-seeds.js';
import type { Report } from './campaign.js';

export interface SimulateScale {
  readonly from: number;
  readonly to: number;
  readonly machines: readonly string[];
  readonly threads: number;
}

export function fullSimulate(env: Readonly<Record<string, string | undefined>>): SimulateScale {
  const seeds = seedsOfRun(100_000, env);
  const [from = 1, to = from] = [seeds[0], seeds.at(-1)];
  return { from, to, machines: Object.keys(machines), threads: availableParallelism() };
}

const SHOW_EVERY_MS = 10_000;

export async function runSimulate(scale: SimulateScale): Promise<Report> {
  const { from, to, threads } = scale;
  const [figures, broken]: [Record<string, string>, string[]] = [{}, []];
  const startedMs = performance.now();
  for (const machine of scale.machines) {
    const [beganMs, before] = [performance.now(), process.cpuUsage()];
    let [shownMs, ran] = [beganMs, 0];
    const failed = await runSeeds({
      ...{ machine, from, to, threads },
      onProgress(done) {
        ran = done;
        const nowMs = performance.now();
        if (nowMs - shownMs < SHOW_EVERY_MS) return;
        shownMs = nowMs;
        const leftS = (((nowMs - beganMs) / done) * (to - from + 1 - done)) / 1_000;
        process.stderr.write(`${machine}: ${done} of ${to - from + 1} seeds, ${leftS.toFixed(0)} s more\n`);
      },
    });
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - beganMs) / 1_000;
    const eachMs = (user + system) / 1_000 / Math.max(1, ran);
    figures[machine] = `${ran} seeds in ${seconds.toFixed(1)} s, ${eachMs.toFixed(1)} ms of CPU each`;
    if (failed === null) continue;
    const replay = `WEIR_SIM_SEED=${failed.seed} npm run campaign -- simulate`;
    const told = `${machine}, seed ${failed.seed}: ${failed.why} (replay it with ${replay})`;
    // At once: the machines behind it may take hours.
    process.stderr.write(`${told}\n`);
    broken.push(told);
  }
  figures['together'] = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s, on ${threads} threads`;
  return { figures, broken };
}
