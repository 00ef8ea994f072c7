import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, missingPrograms, neededPrograms, programPath } from '../support/programs.js';
import { provideTools } from './tools.js';

/**
 * A machine in a folder: its only program is an apt-get that writes down what it was asked and under which circumstances,
 * and then does what the case wants. The real one, on a real Debian without any of the programs, was run by hand.
 */
let folder: string;
let bin: string;
let policyFile: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-tools-'));
  bin = join(folder, 'bin');
  mkdirSync(bin);
  policyFile = join(folder, 'policy-rc.d');
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string, text: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
};
const commands = neededPrograms.map(({ command }) => command);
const packages = neededPrograms.map(({ debianPackage }) => debianPackage).join(' ');
/** Without nginx, which stands first. */
const others = neededPrograms.slice(1).map(({ debianPackage }) => debianPackage);

const bringing = (names: readonly string[]): string =>
  names.map((name) => `printf '#!/bin/sh\\n' > ${bin}/${name}; chmod 755 ${bin}/${name}`).join('\n');

/** `install` brings the programs named, or does as the text says. */
function aptGet(install: string): void {
  const record = `echo "$DEBIAN_FRONTEND $(${policyFile} nginx start; echo $?): $*" >> ${folder}/calls`;
  program('apt-get', `${record}\ncase "$*" in *update*) exit 0;; *install*) ${install};; esac`);
}
const calls = (): string[] => {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const provide = (isRoot = true): Promise<boolean> =>
  provideTools({ folders: [bin], isRoot, policyFile, say: (text) => said.push(text) });

describe('the programs that tests need', () => {
  it('are left alone when all are there', async () => {
    aptGet('exit 1');
    for (const command of commands) program(command, '');
    expect(await provide()).toBe(true);
    expect([calls(), said]).toEqual([[], []]);
  });

  it('are installed where they are missing: only those, without a question, and without a service being started', async () => {
    aptGet(bringing(commands.slice(1)));
    program('nginx', '');
    expect(await provide()).toBe(true);
    const [update, install, ...more] = calls();
    expect(update).toMatch(/^noninteractive 101: .*update$/);
    expect(install).toMatch(/^noninteractive 101: .*install --yes --no-install-recommends /);
    expect(install?.split('--no-install-recommends ')[1]).toBe(others.join(' '));
    expect(more).toEqual([]);
    expect(said[0]).toContain(`installing ${others.join(', ')} with apt-get`);
    expect(said.at(-1)).toMatch(/apt-get install: done after \d+ s/);
  });

  it('leave no policy about services behind, and keep the one that a machine has', async () => {
    aptGet('exit 100');
    expect(await provide()).toBe(false);
    expect(existsSync(policyFile)).toBe(false);
    writeFileSync(policyFile, '#!/bin/sh\nexit 104\n', { mode: 0o755 });
    expect(await provide()).toBe(false);
    expect([readFileSync(policyFile, 'utf8'), statSync(policyFile).mode & 0o777]).toEqual([
      '#!/bin/sh\nexit 104\n',
      0o755,
    ]);
  });

  it('are named with their packages, and why they could not be installed', async () => {
    const cases: (readonly [reason: string, isRoot: boolean, apt: string | null])[] = [
      ['there is no apt-get on this machine', true, null],
      ['only root may install packages', false, 'exit 0'],
      ['apt-get failed, its words are above', true, 'exit 100'],
      ['their packages did not bring them', true, 'exit 0'],
    ];
    for (const [reason, isRoot, apt] of cases) {
      if (apt !== null) aptGet(apt);
      said = [];
      expect(await provide(isRoot)).toBe(false);
      const text = said.at(-1);
      expect(text).toContain(`could not be installed from here: ${reason}.`);
      expect(text).toContain(`sudo apt-get install ${packages}`);
      for (const command of commands) expect(text).toContain(`  ${command} (package `);
    }
  });

  it('asks nothing of apt-get as a plain user', async () => {
    aptGet('exit 0');
    await provide(false);
    expect(calls()).toEqual([]);
  });

  it('fail the test that needs a missing one, with its cure, and are found in the folders of servers', () => {
    expect(() => programPath('nginx', [bin])).toThrow(`nginx is missing, and this test needs it: ./weir test --tools`);
    expect(() => programPath('nginx', [bin])).toThrow(`apt-get install ${packages}`);
    program('nginx', '');
    expect(programPath('nginx', ['/nowhere', bin])).toBe(join(bin, 'nginx'));
    writeFileSync(join(bin, 'openssl'), '');
    expect(findProgram('openssl', [bin])).toBe(null);
    expect(missingPrograms([bin]).map(({ command }) => command)).toEqual(commands.slice(1));
  });
});
