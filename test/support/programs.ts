/**
 * The programs of other projects that the tests use as real peers: where they are, and which package of Debian brings
 * them. A test that needs one asks here, so that a missing one fails it with its name and its cure instead of being
 * passed over. Benchmarks have a list of their own.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface NeededProgram {
  readonly command: string;
  readonly debianPackage: string;
  readonly use: string;
}

export const neededPrograms = [
  { command: 'nginx', debianPackage: 'nginx', use: 'a real upstream' },
  { command: 'chromium', debianPackage: 'chromium', use: 'a real browser' },
  { command: 'nats-server', debianPackage: 'nats-server', use: 'a real bus of a cluster' },
  { command: 'openssl', debianPackage: 'openssl', use: 'certificates' },
  {
    command: 'python3',
    debianPackage: 'python3',
    use: 'a real upstream (http.server), and sockets that Node.js lacks',
  },
  { command: 'promtool', debianPackage: 'prometheus', use: 'what checks and tries the alerts' },
  { command: 'systemd-analyze', debianPackage: 'systemd', use: 'what checks the units of systemd' },
  { command: 'redis-server', debianPackage: 'redis-server', use: 'a real Redis, which keeps jobs' },
] as const satisfies readonly NeededProgram[];

export type ProgramName = (typeof neededPrograms)[number]['command'];

/** Where programs are looked for: servers live in folders that are not on every user's PATH. */
export function programFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...onPath, '/usr/sbin', '/usr/local/sbin'];
}

/** The path of a program, or null when none of the folders has it. */
export function findProgram(command: string, folders: readonly string[]): string | null {
  return folders.map((folder) => join(folder, command)).find(isExecutable) ?? null;
}

export function missingPrograms(folders: readonly string[]): NeededProgram[] {
  return neededPrograms.filter(({ command }) => findProgram(command, folders) === null);
}

/** The path of a program that a test is about to start; throws what to do when there is none. */
export function programPath(name: ProgramName, folders = programFolders()): string {
  const path = findProgram(name, folders);
  if (path !== null) return path;
  const packages = missingPrograms(folders).map(({ debianPackage }) => debianPackage);
  throw new Error(
    `${name} is missing, and this test needs it: ./weir test --tools, or apt-get install ${packages.join(' ')}`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
