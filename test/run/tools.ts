/**
 * The programs of other projects that the tests use as real peers. What is missing is installed from Debian's packages
 * where that may be done (as root, with apt-get); elsewhere the caller learns what to install.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Tool {
  readonly command: string;
  readonly debianPackage: string;
  readonly use: string;
}

export const tools: readonly Tool[] = [
  { command: 'nginx', debianPackage: 'nginx-light', use: 'a real upstream, and a peer of the benchmark' },
  { command: 'haproxy', debianPackage: 'haproxy', use: 'a peer of the benchmark' },
  { command: 'wrk', debianPackage: 'wrk', use: 'load' },
  { command: 'openssl', debianPackage: 'openssl', use: 'certificates' },
  { command: 'python3', debianPackage: 'python3', use: 'a real upstream (http.server)' },
];

const INSTALL_WITHIN_MS = 5 * 60_000;

/** Where programs are looked for: servers live in folders that are not on every user's PATH. */
function searchPath(env: NodeJS.ProcessEnv): string[] {
  return [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
}

export function missingTools(env: NodeJS.ProcessEnv): Tool[] {
  return tools.filter(({ command }) => !searchPath(env).some((folder) => isExecutable(join(folder, command))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Installs what is missing; the tools that are still missing afterwards. */
export function installTools(missing: readonly Tool[], say: (text: string) => void): readonly Tool[] {
  const isRoot = process.getuid?.() === 0;
  const hasApt = searchPath(process.env).some((folder) => isExecutable(join(folder, 'apt-get')));
  if (!isRoot || !hasApt) return missing;
  const packages = missing.map(({ debianPackage }) => debianPackage);
  say(`installing ${packages.join(', ')} (apt-get) …`);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  // The package lists of a fresh image are empty: they are fetched when the first try finds nothing.
  if (!aptGet(install)) {
    aptGet(['update']);
    aptGet(install);
  }
  return missingTools(process.env);
}

function aptGet(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync('apt-get', ['--quiet', ...args], { env, timeout: INSTALL_WITHIN_MS, encoding: 'utf8' });
  if (done.status !== 0) process.stderr.write(`${done.stderr ?? ''}${done.error?.message ?? ''}\n`);
  return done.status === 0;
}

export function explainMissing(missing: readonly Tool[]): string {
  const lines = missing.map(({ command, debianPackage, use }) => `  ${command} (package ${debianPackage}): ${use}`);
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  return [
    'These programs are missing, and could not be installed from here:',
    ...lines,
    `Install them, for example with: sudo apt-get install ${packages}`,
  ].join('\n');
}
