/**
 * Starts the real `./weir` for a test and reads what it says. The launcher builds when sources have changed, so what is
 * tested is what is there. Each run has a folder of its own and addresses that the system chose.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adminEnv, askAdmin, rememberAdmin } from '../../support/admin.js';
import { until } from '../../support/stage.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const weirProgram = join(root, 'weir');

/** Generous: a first build and a machine that is busy with other tests. */
export const LONG_MS = 120_000;

/** Lets the launcher build once, so that what tests read on stderr is the command's own words. */
export async function buildFirst(): Promise<void> {
  const { code, stderr } = await runWeir(['--version'], root);
  if (code !== 0) throw new Error(`weir could not be built:\n${stderr}`);
}

export interface WeirProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly folder: string;
  readonly configFile: string;
  /** All that was written to stderr. */
  readonly said: () => string;
  readonly traffic: string;
  readonly admin: string;
  readonly metrics: string;
  /** Exit code or signal. */
  readonly exited: Promise<number | string>;
  writeConfig(text: string): void;
}

const cleanups: (() => void)[] = [];

/** Call it after each test: ends what the test left running and removes its folders. */
export function cleanUp(): void {
  for (const clean of cleanups.splice(0).reverse()) clean();
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-up-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts `weir up` with a config and waits until it says that it is up. */
export async function startWeir(config: string, env: Readonly<Record<string, string>> = {}): Promise<WeirProcess> {
  const folder = newFolder();
  const configFile = join(folder, 'weir.yaml');
  writeFileSync(configFile, config);
  return startedIn(folder, env);
}

/** Starts `weir up` in the folder of a run that was before: its config, and the state that it has left. */
export async function startedIn(folder: string, env: Readonly<Record<string, string>> = {}): Promise<WeirProcess> {
  const configFile = join(folder, 'weir.yaml');
  const started = spawnWeir(['up', '--config', configFile, '--data', join(folder, 'state'), ...anyPorts], folder, env);
  await waitFor(() => /^ {2}stop /m.test(started.said()) || started.hasExited(), started.said);
  const url = (name: string): string => new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(started.said())?.[1] ?? '';
  const { child, said, exited } = started;
  if (child.pid === undefined || url('traffic') === '') throw new Error(`weir did not start:\n${said()}`);
  return {
    child,
    pid: child.pid,
    folder,
    configFile,
    said,
    exited,
    traffic: url('traffic'),
    admin: rememberAdmin(url('admin'), join(folder, 'state')),
    metrics: url('metrics'),
    writeConfig: (text) => writeFileSync(configFile, text),
  };
}

export const anyPorts = ['--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0'];

export function spawnWeir(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  // A group of its own, as a terminal would give it: Ctrl-C can then be sent to the group.
  const child = spawn(weirProgram, args, {
    cwd,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  let isOver = false;
  const exited = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      isOver = true;
      resolve(code ?? signal ?? 'unknown');
    });
  });
  cleanups.push(() => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The whole group has ended, as it should.
    }
  });
  return { child, exited, said: () => text, hasExited: () => isOver };
}

/** Runs a command to its end. */
export function runWeir(
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(weirProgram, args, { cwd, env: { ...process.env, ...adminEnv(args) } }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

export function waitFor(isSo: () => boolean, describe: () => string = () => ''): Promise<void> {
  return until(isSo, describe, LONG_MS);
}

/** A server of the test's own; its base URL. */
export async function startUpstream(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the upstream does not listen');
  return `http://127.0.0.1:${address.port}`;
}

/** Free a moment ago. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

export function answering(text: string): string {
  return `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: { enabled: false }, timeouts: { drain: 20s } }
routes:
  - { id: fixed, match: /*, respond: { status: 200, body: ${JSON.stringify(text)} } }
`;
}

export function proxying(upstream: string): string {
  return `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: { enabled: false }, timeouts: { drain: 20s } }
upstreams:
  - { id: app, targets: ["${upstream}"] }
routes:
  - { id: all, match: /*, upstream: app }
`;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The body of an answer, or the word `refused` where nothing listens. */
export async function get(url: string): Promise<string> {
  try {
    const answer = await askAdmin(url, { headers: { connection: 'close' } });
    return await answer.text();
  } catch {
    return 'refused';
  }
}
