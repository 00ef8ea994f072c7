/** A thread that runs seeds of a machine, as it is told: one message for some of them, one answer. Started by run-seeds.ts. */
import { parentPort } from 'node:worker_threads';
import { type FailedSeed, firstFailure, machines } from './machines.js';

export interface SeedsToRun {
  readonly machine: string;
  readonly from: number;
  readonly to: number;
}

export interface SeedsRun extends SeedsToRun {
  readonly failed: FailedSeed | null;
}

parentPort?.on('message', (asked: SeedsToRun) => {
  const make = machines[asked.machine];
  if (make === undefined) throw new Error(`no machine is called ${asked.machine}`);
  void firstFailure(make, asked.from, asked.to).then((failed) => {
    const answer: SeedsRun = { ...asked, failed };
    parentPort?.postMessage(answer);
  });
});
