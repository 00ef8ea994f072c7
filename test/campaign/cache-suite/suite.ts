/** The public suite as a program: from npm, its server, and its client, as they are. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { folderOf, installPackages } from '@weir/bench/start/npm-peers.js';
import { freePort, type Stage, until } from '../../support/stage.js';
import type { Kind, SuiteCase, SuiteResult } from './verdicts.js';

/** The latest that is published there. BSD-3-Clause. */
const packages = { 'http-cache-tests': '0.4.5' };

const RUNS_WITHIN_MS = 3 * 60_000;
const RESULTS_BYTES_MAX = 16 * 1024 * 1024;

export function installSuite(say: (text: string) => void): string {
  installPackages(packages, say);
  return join(folderOf(packages), 'node_modules', 'http-cache-tests');
}

/** Starts its origin; returns the port. */
export async function startOrigin(stage: Stage, folder: string): Promise<number> {
  const port = await freePort();
  const settings = { protocol: 'http', port: String(port), pidfile: join(stage.folder(), 'pid') };
  const words = Object.entries(settings).map(([name, value]) => `npm_config_${name}=${value}`);
  const program = stage.run('env', [...words, process.execPath, 'server/server.mjs'], folder);
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  await until(
    async () => (await answers()) || program.isOver(),
    () => program.said(),
  );
  if (program.isOver()) throw new Error(`the suite's server ended with ${program.ending()}: ${program.said()}`);
  return port;
}

/** Runs all cases against the gateway at `base`. */
export function runSuite(folder: string, base: string): Promise<Readonly<Record<string, SuiteResult>>> {
  // Its client reads what npm would set; an id that is empty means all cases.
  const env = { ...process.env, npm_config_base: base, npm_package_config_id: '', npm_config_id: '' };
  const limits = { cwd: folder, env, timeout: RUNS_WITHIN_MS, maxBuffer: RESULTS_BYTES_MAX };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--no-warnings', 'cli.mjs'], limits, (error, stdout, stderr) => {
      if (error !== null || !stdout.startsWith('{')) reject(error ?? new Error(`no results: ${stderr || stdout}`));
      else resolve(JSON.parse(stdout) as Record<string, SuiteResult>); // Its client writes nothing else.
    });
  });
}

interface Group {
  readonly id: string;
  readonly tests: readonly {
    readonly id: string;
    readonly kind?: 'required' | 'optimal' | 'check';
    readonly depends_on?: readonly string[];
  }[];
}

const kinds: Readonly<Record<NonNullable<Group['tests'][number]['kind']>, Kind>> = {
  required: 'required',
  optimal: 'optional',
  check: 'question',
};

/** What its client runs. */
export async function casesOf(folder: string): Promise<readonly SuiteCase[]> {
  const load = async <Default>(name: string): Promise<Default> => {
    const module: { default: Default } = await import(pathToFileURL(join(folder, 'tests', `${name}.mjs`)).href);
    return module.default;
  };
  const groups = [...(await load<Group[]>('index')), await load<Group>('surrogate-control')];
  return groups.flatMap(({ id: group, tests }) =>
    tests.map(({ id, kind = 'required', depends_on: needs = [] }) => ({ id, group, kind: kinds[kind], needs })),
  );
}
