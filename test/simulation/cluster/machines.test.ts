import { PurgeScenario } from '@weir/proto/cluster/testing/purge-scenario.js';
import { expect, it } from 'vitest';
import { runSimulate } from '../../campaign/simulate.js';
import { ensureBuilt } from '../../support/built.js';
import { firstFailure, machines } from './machines.js';

it('runs every machine over all threads, each seed once', async () => {
  await ensureBuilt();
  const { figures, broken } = await runSimulate({ from: 1, to: 6, machines: Object.keys(machines), threads: 2 });
  expect(broken).toEqual([]);
  for (const machine of Object.keys(machines)) expect(figures[machine]).toContain('6 seeds');
}, 600_000);

it('says which seed fails first, and fails with it again', async () => {
  const make = (seed: number) => new PurgeScenario(seed, 'no lease');
  const failed = await firstFailure(make, 1, 500);
  if (failed === null) throw new Error('the bug was not found');
  expect(await firstFailure(make, failed.seed, failed.seed)).toEqual(failed);
}, 600_000);
