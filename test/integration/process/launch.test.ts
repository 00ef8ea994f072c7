import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/**
 * The real launcher in a small house of its own: npm, turbo and the CLI are stand-ins that write down what they were
 * asked, so that "installs and builds when needed, and only then" is seen from the outside.
 */
const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const workspaces = ['proto', 'node', 'control', 'deploy', 'bench', 'test'];

let root: string;
let bin: string;

const write = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
};

const TURBO = `
import { appendFileSync, mkdirSync, writeFileSync, existsSync } from 'node:fs';
appendFileSync('calls', 'build\\n');
if (existsSync('broken-source')) { console.log('a.ts(1,1): error TS1'); process.exit(2); }
for (const w of ${JSON.stringify(workspaces)}) { mkdirSync(w + '/dist', { recursive: true }); writeFileSync(w + '/dist/.tsbuildinfo', ''); }
`;

const NPM = `#!/bin/sh
echo "npm $1" >> calls
[ -e registry-down ] && { echo 'npm error ENOTFOUND' >&2; exit 1; }
sleep 0.2
mkdir -p node_modules/turbo/bin && cp turbo.source node_modules/turbo/bin/turbo
echo '{}' > node_modules/.package-lock.json
`;

const CLI = `
import { writeFileSync } from 'node:fs';
const [command, value] = process.argv.slice(2);
if (command === 'exit') process.exit(Number(value));
if (value === 'flags') console.log(JSON.stringify(process.execArgv));
else if (command === 'wait') {
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => {}, 1000);
  writeFileSync('waiting', String(process.pid));
} else console.log(JSON.stringify(process.argv.slice(2)));
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-launch-'));
  bin = join(root, 'bin');
  cpSync(join(repository, 'weir'), join(root, 'weir'));
  cpSync(join(repository, 'scripts'), join(root, 'scripts'), { recursive: true });
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', '{ "lockfileVersion": 3 }');
  write('turbo.source', TURBO);
  write('bin/npm', NPM, 0o755);
  for (const workspace of workspaces) {
    write(`${workspace}/tsconfig.json`, '{}');
    write(`${workspace}/a.ts`, 'export const a = 1;\n');
  }
  write('deploy/dist/bundle/main.js', CLI);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
});

function weir(
  args: readonly string[],
  options: { readonly cwd?: string; readonly command?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = options.command ?? join(root, 'weir');
    execFile(command, args, { cwd: options.cwd ?? root, env: environment() }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'unknown'), stdout, stderr });
    });
  });
}

const calls = (): string[] => {
  if (!existsSync(join(root, 'calls'))) return [];
  return readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');
};

describe('the launcher', () => {
  it('installs and builds on the first start, and does neither on the second', async () => {
    const first = await weir(['hello', '--flag', 'two words']);
    expect(first).toMatchObject({ code: 0, stdout: '["hello","--flag","two words"]\n' });
    expect(first.stderr).toContain('installing packages');
    expect(first.stderr).toContain('building');
    expect(calls()).toEqual(['npm ci', 'build']);

    const second = await weir(['hello']);
    expect(second).toEqual({ code: 0, stdout: '["hello"]\n', stderr: '' });
    expect(calls()).toEqual(['npm ci', 'build']);
  });

  it('gives control a larger young generation and one thread beside its own, `up` that thread, as their images do, and nobody else', async () => {
    const flagsOf = async (command: string): Promise<string[]> =>
      JSON.parse((await weir([command, 'flags'])).stdout) as string[]; // As the stub of a CLI says them.
    await weir(['hello']);
    expect(await flagsOf('control')).toEqual(['--max-semi-space-size=64', '--v8-pool-size=1']);
    expect(await flagsOf('up')).toEqual(['--v8-pool-size=1']);
    expect(await flagsOf('node')).toEqual([]);
    const dockerfile = readFileSync(join(repository, 'deploy/docker/Dockerfile'), 'utf8');
    for (const command of ['control', 'up']) {
      const [, ofIt = ''] = dockerfile.split(`FROM runtime AS ${command}\n`);
      const entry: unknown = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(ofIt.split('\nFROM ')[0] ?? '')?.[1] ?? '');
      expect(entry).toEqual(['node', ...(await flagsOf(command)), '/opt/weir/deploy/dist/bundle/main.js']);
    }
  });

  it('says how far it has come, by what npm and turbo leave behind', async () => {
    const packages = {
      '': {},
      'node_modules/a': {},
      'node_modules/b': {},
      'node_modules/c': { optional: true },
      proto: {},
    };
    write('package-lock.json', JSON.stringify({ packages }));
    write('node_modules/a/package.json', '{}');
    write('proto/.turbo/turbo-build.log', '');
    const script = `
      import { begunParts, presentPackages } from '${pathToFileURL(join(repository, 'scripts', 'progress.mjs'))}';
      console.log([presentPackages('.'), begunParts('.', 0), begunParts('.', Date.now() + 60_000), presentPackages('nowhere')].join());
    `;
    const told = await weir(['--input-type=module', '--eval', script], { command: process.execPath });
    expect(told.stdout).toBe('1 of 2 packages,1 of 7 parts begun,0 of 7 parts begun,0 of 0 packages\n');
  });

  it('builds again when a source was changed, added or removed, and when the output is gone', async () => {
    await weir(['hello']);
    write('node/a.ts', 'export const a = 22;\n');
    await weir(['hello']);
    expect(calls()).toEqual(['npm ci', 'build', 'build']);
    write('node/deep/er/b.ts', '');
    await weir(['hello']);
    rmSync(join(root, 'node/deep/er/b.ts'));
    await weir(['hello']);
    rmSync(join(root, 'proto/dist'), { recursive: true });
    await weir(['hello']);
    expect(calls().slice(3)).toEqual(['build', 'build', 'build']);
    // What a build writes, and what only tests read, are not sources.
    write('node/dist/a.js', '');
    write('README.md', 'changed');
    await weir(['hello']);
    expect(calls()).toHaveLength(6);
  });

  it('installs again what is not whole, and what was broken off', async () => {
    await weir(['hello']);
    const hidden = join(root, 'node_modules/.package-lock.json');
    writeFileSync(hidden, '{ "packages": { "node_modules/gone": {} } }');
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(2);
    write('.turbo/weir-installing', '');
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(3);
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(3);
  });

  it('waits for an install whose launcher is dead', async () => {
    const [launcher, npm] = [spawn('true'), spawn('sleep', ['600'])];
    await new Promise((resolve) => launcher.once('exit', resolve));
    write('.turbo/weir-launch.lock', `${launcher.pid}\n${npm.pid}`);
    const command = spawn(join(root, 'weir'), ['hello'], { cwd: root, env: environment() });
    let said = '';
    command.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => command.once('close', resolve));
    await expect.poll(() => said, { timeout: 30_000 }).toContain(`(process ${npm.pid}) is installing`);
    expect(calls()).toEqual([]);
    npm.kill();
    expect(await ended).toBe(0);
    expect(calls()).toEqual(['npm ci', 'build']);
  });

  it('installs again when the lock file has changed, and not when it was only touched', async () => {
    await weir(['hello']);
    write('package-lock.json', '{ "lockfileVersion": 3, "packages": {} }');
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(2);
    write('package-lock.json', '{ "lockfileVersion": 3, "packages": {} }');
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(2);
    rmSync(join(root, 'node_modules'), { recursive: true });
    await weir(['hello']);
    expect(calls().filter((call) => call === 'npm ci')).toHaveLength(3);
  });

  it('lets one of several launches install and build, and the others wait for it', async () => {
    const outcomes = await Promise.all([weir(['a']), weir(['b']), weir(['c'])]);
    expect(outcomes.map((outcome) => outcome.code)).toEqual([0, 0, 0]);
    expect(calls()).toEqual(['npm ci', 'build']);
    expect(outcomes.filter((outcome) => outcome.stderr.includes('waiting for it')).length).toBeGreaterThan(0);
  });

  it('takes over from a launch that was killed', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.on('exit', resolve));
    write('.turbo/weir-launch.lock', String(dead.pid));
    const outcomes = await Promise.all([weir(['a']), weir(['b'])]);
    expect(outcomes.map((outcome) => outcome.code)).toEqual([0, 0]);
    expect(calls()).toEqual(['npm ci', 'build']);
    expect(existsSync(join(root, '.turbo/weir-launch.lock'))).toBe(false);
  });

  it('says what to do when the packages cannot be installed', async () => {
    write('registry-down', '');
    const outcome = await weir(['hello']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('npm error ENOTFOUND');
    expect(outcome.stderr).toContain('npm ping');
    expect(calls()).toEqual(['npm ci']);
  });

  it('does not run stale code when the build fails, and a test run ends with a failure', async () => {
    write('broken-source', '');
    const outcome = await weir(['hello']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toContain('error TS1');
    expect(await weir(['test'])).toMatchObject({ code: 1, stdout: '0 passed, 1 failed\n' });
    rmSync(join(root, 'broken-source'));
    expect(await weir(['hello'])).toMatchObject({ code: 0 });
  });

  it("passes the command's exit code on", async () => {
    expect(await weir(['exit', '0'])).toMatchObject({ code: 0 });
    expect(await weir(['exit', '3'])).toMatchObject({ code: 3 });
  });

  it('is the same process as the command, so that signals reach it', async () => {
    await weir(['hello']);
    const child: ChildProcess = spawn(join(root, 'weir'), ['wait'], { cwd: root, env: environment(), stdio: 'ignore' });
    const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
    await expect.poll(() => existsSync(join(root, 'waiting')), { timeout: 10_000 }).toBe(true);
    expect(readFileSync(join(root, 'waiting'), 'utf8')).toBe(String(child.pid));
    child.kill('SIGTERM');
    expect(await exited).toBe(7);
  });

  it('works from another directory and through a symlink', async () => {
    await weir(['hello']);
    symlinkSync('../weir', join(bin, 'weir-link'));
    const outcome = await weir(['hello'], { cwd: tmpdir(), command: join(bin, 'weir-link') });
    expect(outcome).toEqual({ code: 0, stdout: '["hello"]\n', stderr: '' });
  });

  it('names the cure when Node.js is missing or too old', async () => {
    // A PATH with the few tools of the shell script and no node.
    for (const tool of ['sh', 'dirname', 'readlink', 'env']) symlinkSync(await which(tool), join(bin, tool));
    rmSync(join(bin, 'npm'));
    const run = (): Promise<Outcome> =>
      new Promise((resolve) => {
        execFile(join(bin, 'sh'), [join(root, 'weir')], { cwd: root, env: { PATH: bin } }, (error, stdout, stderr) => {
          resolve({ code: error?.code ?? 0, stdout, stderr });
        });
      });
    const missing = await run();
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('Node.js was not found');
    expect(missing.stderr).toContain('https://nodejs.org');
    write('bin/node', '#!/bin/sh\necho v18.19.0\n', 0o755);
    const old = await run();
    expect(old).toMatchObject({ code: 1, stdout: '' });
    expect(old.stderr).toContain('v18.19.0, which is too old');
  });
});

function which(tool: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', `command -v ${tool}`], (error, stdout) =>
      error === null ? resolve(stdout.trim()) : reject(error),
    );
  });
}
