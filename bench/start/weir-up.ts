/** Starts `weir up` from the built tree on a configuration of the benchmark's own, and finds the process that does the work. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendantsOf } from '../measure/process-usage.js';
import { freePorts, type Running, startProcess, untilFound, untilListening } from './processes.js';

const START_WITHIN_MS = 20_000;

export interface WeirLaunch {
  readonly name: string;
  /** Text of weir.yaml; it must listen on `port` of the loopback. */
  readonly config: string;
  readonly port: number;
  readonly core: number | readonly number[];
  /** Processes on one port; default: one. */
  readonly workers?: number;
  /** Configuration and state are put here, under names that begin with `name`. */
  readonly directory: string;
  /** Hears of the process before it is ready, so that a start that fails half-way is cleaned up as well. */
  readonly onStarted: (running: Running) => void;
  /** What the configuration refers to. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startWeirUp(launch: WeirLaunch): Promise<Running> {
  const { name, port, directory } = launch;
  const program = fileURLToPath(new URL('../../../deploy/dist/bundle/main.js', import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (npm run build)`);
  const file = join(directory, `${name}.yaml`);
  writeFileSync(file, launch.config);
  // Its own is as free as any other until it starts.
  const [admin, metrics] = (await freePorts(3)).filter((free) => free !== port);
  const running = startProcess({
    name,
    command: process.execPath,
    args: [
      program,
      'up',
      ...['--config', file],
      ...['--data', join(directory, `${name}-data`)],
      ...['--admin', `127.0.0.1:${admin}`],
      ...['--metrics', `127.0.0.1:${metrics}`],
      ...['--workers', String(launch.workers ?? 1)],
    ],
    core: launch.core,
    cwd: directory,
    // The head limit of the server library is read once, when a process starts.
    env: { ...launch.env, UWS_HTTP_MAX_HEADERS_SIZE: '65536' },
  });
  launch.onStarted(running);
  await untilListening(running, port, START_WITHIN_MS);
  return running;
}

/**
 * The processes that hold the traffic port: control, node and whatever else `up` starts are told apart by what they do
 * and not by their names. The kernel lists sockets by inode in /proc/net/tcp, and each process its own in /proc/PID/fd.
 */
export const listenersOf = (running: Running, port: number, count: number): Promise<number[]> =>
  untilFound(running, `${count} processes on port ${port}`, () => {
    const holders = holdersOf(running.pid, port);
    return holders.length === count ? holders : undefined;
  });

export async function listenerOf(running: Running, port: number): Promise<number> {
  const [listener] = await listenersOf(running, port, 1);
  if (listener === undefined) throw new Error(`${running.name}: nothing on port ${port}`);
  return listener;
}

function holdersOf(rootPid: number, port: number): number[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const LISTEN = '0A';
  const inodes = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9]}]`);
  return [rootPid, ...descendantsOf(rootPid)].filter((pid) =>
    descriptorsOf(pid).some((fd) => inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`))),
  );
}

/** Processes end while they are looked at. */
function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** Descriptors come and go while they are listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
