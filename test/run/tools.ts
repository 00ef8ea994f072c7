/**
 * Installs the programs that the tests need (test/support/programs.ts) from Debian's packages, where that may be done: as
 * root, with apt-get. Elsewhere the caller learns what to install.
 *
 * No question is asked, and no service is started: a package of a server would have it listen on its default port, while
 * the tests start their own on free ones. Debian asks `policy-rc.d` before it starts a service; one stands there for as
 * long as the installation takes, unless the machine has its own.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { findProgram, missingPrograms, type NeededProgram } from '../support/programs.js';
import { type ProgramOptions, runProgram } from './program.js';

export interface Installer {
  /** Where programs, apt-get among them, are looked for. */
  readonly folders: readonly string[];
  readonly isRoot: boolean;
  readonly policyFile: string;
  say(text: string): void;
}

export const POLICY_FILE = '/usr/sbin/policy-rc.d';

const MINUTE_MS = 60_000;
/** Fetching package lists over a slow line takes a while; nothing else here does. */
const INSTALL_WITHIN_MS = 5 * MINUTE_MS;
/** How often a step that takes long says that it is still at it. */
const STILL_EVERY_MS = 5_000;

const OPTIONS = ['--quiet', '-o', 'DPkg::Lock::Timeout=60', '-o', 'Dpkg::Options::=--force-confold'];
const INSTALL = ['install', '--yes', '--no-install-recommends'];

/** Finds the programs, and installs what is missing; false, with the reason said, when some are missing afterwards. */
export async function provideTools(installer: Installer): Promise<boolean> {
  const { folders, isRoot, say } = installer;
  const missing = missingPrograms(folders);
  if (missing.length === 0) return true;
  const aptGet = findProgram('apt-get', folders);
  if (aptGet === null) say(explainMissing(missing, 'there is no apt-get on this machine'));
  else if (!isRoot) say(explainMissing(missing, 'only root may install packages'));
  else {
    const hasInstalled = await install(aptGet, missing, installer);
    const left = missingPrograms(folders);
    if (left.length === 0) return true;
    say(
      explainMissing(left, hasInstalled ? 'their packages did not bring them' : 'apt-get failed, its words are above'),
    );
  }
  return false;
}

async function install(aptGet: string, missing: readonly NeededProgram[], installer: Installer): Promise<boolean> {
  const packages = missing.map(({ debianPackage }) => debianPackage);
  const run = (args: readonly string[]): Promise<boolean> => step(aptGet, args, installer);
  const forbade = forbidServices(installer.policyFile);
  try {
    installer.say(`installing ${packages.join(', ')} with apt-get …`);
    // The package lists of a fresh image are empty, and those of an old one name files that are gone: they are fetched
    // first, and a mirror that is out of reach is no reason not to try with what is there.
    await run(['update']);
    return await run([...INSTALL, ...packages]);
  } finally {
    if (forbade) rmSync(installer.policyFile, { force: true });
  }
}

/** True when the file is ours, and is to be removed. Exit code 101 means "not allowed" (invoke-rc.d, BUGS AND POLICY). */
function forbidServices(policyFile: string): boolean {
  try {
    writeFileSync(policyFile, '#!/bin/sh\n# Left by `weir test` while it installs packages.\nexit 101\n', {
      mode: 0o755,
      flag: 'wx',
    });
    return true;
  } catch {
    return false;
  }
}

async function step(aptGet: string, args: readonly string[], { say }: Installer): Promise<boolean> {
  const what = `apt-get ${args[0]}`;
  const startedAtMs = performance.now();
  const seconds = (): string => ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  const still = setInterval(() => say(`  ${what} … ${seconds()} s`), STILL_EVERY_MS);
  // Without a terminal and without questions, also those of Ubuntu about services to restart.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C.UTF-8' };
  const options: ProgramOptions = { cwd: '/', limitMs: INSTALL_WITHIN_MS, isShown: false, env };
  try {
    const code = await runProgram(aptGet, [...OPTIONS, ...args], options);
    say(`  ${what}: ${code === 0 ? 'done' : `failed (exit code ${code})`} after ${seconds()} s`);
    return code === 0;
  } finally {
    clearInterval(still);
  }
}

export function explainMissing(missing: readonly NeededProgram[], reason: string): string {
  const lines = missing.map(({ command, debianPackage, use }) => `  ${command} (package ${debianPackage}): ${use}`);
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  return [
    `These programs are missing, and could not be installed from here: ${reason}.`,
    ...lines,
    `Install them, on Debian or Ubuntu with: sudo apt-get update && sudo apt-get install ${packages}`,
    'The tests that need them fail until then; the others run.',
  ].join('\n');
}
