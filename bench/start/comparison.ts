/**
 * What every comparison of processes stands on: the programs that it needs, a core for who is measured and one for everybody else, a folder, and
 * how busy the machine was before. What was started is ended here, whatever happens.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../say.js';
import { type Cores, chooseCores, isQuiet, loadBeforeStart, loadSentence } from './cores.js';
import { assertInstalled, type Running } from './processes.js';

export interface Comparison {
  readonly cores: Cores;
  /** Said in the report: whether the machine was quiet. */
  readonly loadSentence: string;
  /** Of this run alone; gone when it is over. */
  readonly directory: string;
  /** Whoever starts something adds it at once, so that a start that fails half-way is cleaned up as well. */
  readonly started: Running[];
}

/** `programs`: those that have to be there, with the Debian package of each. `parent`: where its folder is made. */
export async function comparing(
  programs: Readonly<Record<string, string>>,
  work: (comparison: Comparison) => Promise<void>,
  parent: string = tmpdir(),
): Promise<void> {
  assertInstalled(programs);
  const cores = chooseCores();
  const load = loadBeforeStart();
  if (!isQuiet(load)) say(`warning: ${loadSentence(load)}`);
  const directory = mkdtempSync(join(parent, 'weir-bench-'));
  const started: Running[] = [];
  try {
    await work({ cores, loadSentence: loadSentence(load), directory, started });
  } finally {
    // In reverse, the origin last. Each is ended by its id, and one that does not end does not keep the others.
    await Promise.allSettled(started.toReversed().map((running) => running.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}
