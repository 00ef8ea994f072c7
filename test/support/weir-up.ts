/**
 * The real `./weir up` as a process, for whole-system tests and campaigns: what it serves, says, and reports. Unlike the
 * tests of the process itself it needs no test runner, so that a campaign can be run by hand.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { askAdmin, rememberAdmin } from './admin.js';
import { weirProgram } from './built.js';
import { type Program, type Stage, until, untilUp } from './stage.js';

export interface WeirUp extends Program {
  /** Of the parent: control and supervisor. */
  readonly pid: number;
  readonly folder: string;
  readonly port: number;
  /** Origin of the admin API. */
  readonly admin: string;
  /** Value of a metric's series, by its exact name and labels as Prometheus shows them; 0 when there is none. */
  metric(series: string): Promise<number>;
  status(): Promise<ControlStatus>;
  /** Of the process that serves traffic; 0 while there is none. */
  nodePid(): Promise<number>;
  /** Saves the file as editors do, in one piece, and returns what became of that: the watch finds it. */
  save(text: string): Promise<Outcome>;
  /** Sends SIGHUP, and returns what became of that. */
  hangUp(): Promise<Outcome>;
}

export type Outcome = 'accepted' | 'rejected' | 'refused';

/** How much of what it said is worth telling when something is waited for in vain. */
const TOLD_CHARS = 2_000;

/**
 * Starts it and waits until it says that it is up. `folder` is that of an earlier run whose state is to be found, `more`
 * are further options.
 */
export async function weirUp(
  stage: Stage,
  config: string | null,
  folder = stage.folder(),
  more: readonly string[] = [],
): Promise<WeirUp> {
  const file = join(folder, 'weir.yaml');
  if (config !== null) writeFileSync(file, config);
  const ports = ['--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0', ...more];
  const program = stage.run(weirProgram, ['up', '--config', file, '--data', join(folder, 'state'), ...ports], folder);
  const { said, child } = program;
  const place = await untilUp(program, 'weir');
  const { pid } = child;
  if (pid === undefined || place('traffic') === '') throw new Error(`weir did not start:\n${said()}`);
  const admin = rememberAdmin(place('admin'), join(folder, 'state'));
  const status = async (): Promise<ControlStatus> => {
    const answer = await askAdmin(`${admin}/status`);
    return (await answer.json()) as ControlStatus; // Our own API of the same build.
  };
  const outcomeOf = async (cause: string, act: () => void): Promise<Outcome> => {
    // What is said is counted: a status shows the latest outcome only, and two may follow each other at once.
    const outcomes = () => [...said().matchAll(new RegExp(`config (\\w+)[^\\n]*\\(${cause}\\)`, 'gi'))];
    const before = outcomes().length;
    act();
    await until(
      () => outcomes().length > before,
      () => said().slice(-TOLD_CHARS),
    );
    return outcomes()[before]?.[1]?.toLowerCase() as Outcome; // The words that showOutcome writes.
  };
  return {
    ...program,
    pid,
    folder,
    port: Number(new URL(place('traffic')).port),
    admin,
    async metric(series) {
      const text = await (await fetch(place('metrics'))).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
    status,
    nodePid: async () => (await status()).nodes[0]?.pid ?? 0,
    save: (text) =>
      outcomeOf('the file changed', () => {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
      }),
    hangUp: () => outcomeOf('SIGHUP', () => child.kill('SIGHUP')),
  };
}
