/** Seeds of a machine over as many threads as are wanted, some at a time; ends with the first that fails. */
import { Worker } from 'node:worker_threads';
import { compiled } from '../../support/built.js';
import type { FailedSeed } from './machines.js';
import type { SeedsRun, SeedsToRun } from './seeds-worker.js';

export interface SeedsPlan {
  readonly machine: string;
  readonly from: number;
  readonly to: number;
  readonly threads: number;
  /** Called with how many seeds are done. */
  readonly onProgress: (done: number) => void;
}

/** Few enough that a thread does not end long after the others, and that progress shows. */
const AT_A_TIME = 25;

export async function runSeeds(plan: SeedsPlan): Promise<FailedSeed | null> {
  const { machine, to, threads, onProgress } = plan;
  let [next, done] = [plan.from, 0];
  let failed: FailedSeed | null = null;
  const take = (): SeedsToRun | null => {
    if (next > to || failed !== null) return null;
    const some = { machine, from: next, to: Math.min(to, next + AT_A_TIME - 1) };
    next = some.to + 1;
    return some;
  };
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(compiled('test/simulation/cluster/seeds-worker.ts'));
      const goOn = (): void => {
        const some = take();
        if (some === null) void worker.terminate().then(() => resolve());
        else worker.postMessage(some);
      };
      worker.on('error', reject);
      worker.on('message', (run: SeedsRun) => {
        done += run.to - run.from + 1;
        // The lowest of those that fail: it is found again whatever the number of threads.
        if (run.failed !== null && (failed === null || run.failed.seed < failed.seed)) failed = run.failed;
        onProgress(done);
        goOn();
      });
      goOn();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
  return failed;
}
