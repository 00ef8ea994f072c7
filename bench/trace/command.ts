/**
 * `bench trace`: which responses a cache should keep when not all fit. A simulation: traces are drawn from a seed, policies replay
 * them, and nothing is waited for, so that hit ratios are exact and repeat. Only the CPU time depends on the machine.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ownVersions, publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { loadBeforeStart, loadSentence } from '../start/cores.js';
import type { PolicyName } from './policies.js';
import { type Measured, tablesOf } from './report.js';
import type { TraceLength } from './traces.js';

export interface TraceOptions extends TraceLength, ReportPlace {
  readonly policies: readonly PolicyName[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

const POLICY_WITHIN_MS = 600_000;

export async function runTraceBenchmark(options: TraceOptions): Promise<void> {
  const { objects, requests, seed } = options;
  const loadBefore = loadBeforeStart();
  const measured: Measured[] = [];
  for (const name of options.policies) {
    say(`replaying with ${name} …`);
    measured.push(...(await measureApart(name, options)));
  }
  publish(options, {
    title: 'What a cache should keep',
    versions: ownVersions(),
    method: [
      `${objects} objects, ${requests} requests, seed ${seed}; the first fifth of a trace fills the cache and is not counted.`,
      'Sizes after Barford and Crovella (lognormal body, 7 % in a Pareto tail, 4 MiB at most), unless they are equal.',
      'All bounds are in bytes, and a policy that kept more would be refused. Hit ratios do not depend on the machine.',
      `${loadSentence(loadBefore)} That is about CPU time alone.`,
    ],
    table: tablesOf(measured),
    figures: { objects, requests, seed, measured },
  });
}

async function measureApart(name: PolicyName, { objects, requests, seed, signal }: TraceOptions): Promise<Measured[]> {
  const program = fileURLToPath(new URL('./measure-policy.js', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, ...[name, objects, requests, seed].map(String)],
    {
      signal,
      timeout: POLICY_WITHIN_MS,
    },
  );
  return JSON.parse(stdout) as Measured[]; // Printed by our own program of the same build.
}
