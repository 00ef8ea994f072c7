/**
 * Starts the processes of a benchmark and ends exactly those, by their id. Each is pinned to its cores by taskset(1),
 * which replaces itself with the program, so that the id we hold is the program's own.
 */
import { type ChildProcess, type Serializable, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer, connect as openSocket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Last output that is kept of each process, for the message when it fails. */
const OUTPUT_CHARS_MAX = 20_000;
const STOP_GRACE_MS = 5_000;
const POLL_MS = 20;
const FOUND_WITHIN_MS = 10_000;

export interface Running {
  readonly name: string;
  readonly pid: number;
  /** The end of what it has printed, both streams. */
  output(): string;
  /** Throws, with the output, when the process has ended by itself. */
  assertAlive(): void;
  stop(): Promise<void>;
}

export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** That it may run on. */
  readonly core: number | readonly number[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program of ours gets a channel for messages (child_process, 'ipc'); taskset(1) leaves it open. */
  readonly hasChannel?: boolean;
}

/** A process that messages are exchanged with. */
export interface Linked extends Running {
  send(message: Serializable): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** Debian keeps servers in /usr/sbin, which is not on every user's path. */
const searchPath = `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`;

function isInstalled(program: string): boolean {
  return searchPath.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Refuses to begin with somebody missing. Programs, and the Debian package that each is in. */
export function assertInstalled(needed: Readonly<Record<string, string>>): void {
  const missing = Object.entries(needed).filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return;
  const programs = missing.map(([program]) => program).join(', ');
  const packages = missing.map(([, debianPackage]) => debianPackage).join(' ');
  throw new Error(`not installed: ${programs}\nOn Debian and Ubuntu: apt-get install ${packages}`);
}

export function spawnPinned(launch: Launch): ChildProcess {
  return spawn('taskset', ['-c', [launch.core].flat().join(','), launch.command, ...launch.args], {
    cwd: launch.cwd,
    env: { ...process.env, ...launch.env, PATH: searchPath },
    stdio: launch.hasChannel === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
}

/** Waits for the end of a process, at most so long. True when it has ended. */
async function ended(child: ChildProcess, withinMs: number): Promise<boolean> {
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  for (let waitedMs = 0; !hasEnded() && waitedMs < withinMs; waitedMs += POLL_MS) await sleep(POLL_MS);
  return hasEnded();
}

export const startProcess = (launch: Launch): Running => watch(launch, spawnPinned(launch));

export function startLinked(launch: Launch): Linked {
  const child = spawnPinned({ ...launch, hasChannel: true });
  return {
    ...watch(launch, child),
    // A message to a process that has just ended is lost; that it has ended is found by assertAlive.
    send: (message) => void child.send(message, () => {}),
    onMessage: (listener) => void child.on('message', listener),
  };
}

function watch(launch: Launch, child: ChildProcess): Running {
  let printed = '';
  let spawnError: Error | null = null;
  const keep = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('error', (error) => {
    spawnError = error;
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${launch.name} could not be started: is taskset (util-linux) installed?`);
  return {
    name: launch.name,
    pid,
    output: () => printed,
    assertAlive: () => {
      if (spawnError === null && child.exitCode === null && child.signalCode === null) return;
      throw new Error(`${launch.name} has ended by itself (${child.exitCode ?? child.signalCode})\n${printed}`);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      if (await ended(child, STOP_GRACE_MS)) return;
      child.kill('SIGKILL');
      await ended(child, STOP_GRACE_MS);
    },
  };
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket({ host, port });
    socket.once('connect', () => socket.destroy());
    socket.once('close', (hadError) => resolve(!hadError));
    socket.once('error', () => {});
  });
}

/** Waits until the process accepts connections on this port of the loopback. */
export async function untilListening(
  running: Running,
  port: number,
  withinMs: number,
  host = '127.0.0.1',
): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await accepts(port, host))) {
    running.assertAlive();
    if (performance.now() > giveUpAtMs) {
      throw new Error(`${running.name} does not listen on port ${port} after ${withinMs} ms\n${running.output()}`);
    }
    await sleep(POLL_MS);
  }
}

/**
 * What is found of a process that has started, once it is there: the kernel's list of children may lack some while others
 * come and go (proc(5)), and a worker is named only when it works.
 */
export async function untilFound<Found>(running: Running, what: string, find: () => Found | undefined): Promise<Found> {
  const giveUpAtMs = performance.now() + FOUND_WITHIN_MS;
  for (let found = find(); ; found = find()) {
    if (found !== undefined) return found;
    running.assertAlive();
    if (performance.now() > giveUpAtMs) throw new Error(`${running.name}: no ${what} after ${FOUND_WITHIN_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** Ports that were free a moment ago. All are held at once, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            // A TCP server that listens has an address of three parts.
            if (address === null || typeof address === 'string') reject(new Error('a listening server has no port'));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
