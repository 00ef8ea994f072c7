/**
 * Weir as a peer: `weir up` with a configuration of its own, in two profiles. `weir` is one bare route, as the other
 * proxies have it; `weir-policies` checks a key, counts a rate limit and writes an access log on every request.
 * Metrics are always on.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendantsOf } from '../measure/process-usage.js';
import { API_KEY, API_KEY_FIELD, type Site, UPSTREAM_CONNECTIONS_MAX } from './cases.js';
import { freePorts, type Running, startProcess, untilListening } from './processes.js';

const START_WITHIN_MS = 20_000;

export type WeirProfile = 'weir' | 'weir-policies';

export function weirConfig(profile: WeirProfile, site: Site): string {
  const isBare = profile === 'weir';
  const log = isBare ? '{ enabled: false }' : `{ enabled: true, destination: ${site.directory}/access.log }`;
  const keyHash = createHash('sha256').update(API_KEY).digest('hex');
  // A rate that is never reached: the limiter does its work on each request and refuses none.
  const policies = `
    auth:
      - apiKey: { in: ["header:${API_KEY_FIELD}"] }
    limits:
      - { rate: 10000000/s, by: consumer, mode: local }
consumers:
  - id: bench
    keys: [{ sha256: ${keyHash} }]
`;
  return `version: 1
gateway:
  listen: 127.0.0.1:${site.port}
  accessLog: ${log}
upstreams:
  - id: origin
    targets: [{ url: "http://127.0.0.1:${site.originPort}" }]
    pool: { connections: ${UPSTREAM_CONNECTIONS_MAX}, idle: 10m } # kept over the turns of the others
routes:
  - id: all
    match: { path: /* }
    upstream: origin${isBare ? '\n' : policies}`;
}

export async function startWeir(
  profile: WeirProfile,
  site: Site,
  core: number,
  onStarted: (running: Running) => void,
): Promise<{ running: Running; workers: readonly number[] }> {
  const program = fileURLToPath(new URL('../../../deploy/dist/main.js', import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (npm run build)`);
  const file = join(site.directory, `${profile}.yaml`);
  writeFileSync(file, weirConfig(profile, site));
  const [admin, metrics] = await freePorts(2);
  const running = startProcess({
    name: profile,
    command: process.execPath,
    args: [
      program,
      'up',
      ...['--config', file],
      ...['--data', join(site.directory, `${profile}-data`)],
      ...['--admin', `127.0.0.1:${admin}`],
      ...['--metrics', `127.0.0.1:${metrics}`],
    ],
    core,
    cwd: site.directory,
    // The head limit of the server library is read once, when a process starts.
    env: { UWS_HTTP_MAX_HEADERS_SIZE: '65536' },
  });
  onStarted(running);
  await untilListening(running, site.port, START_WITHIN_MS);
  return { running, workers: [listenerOf(running.pid, site.port)] };
}

/**
 * The process that holds the traffic port: control, node and whatever else `up` starts are told apart by what they do
 * and not by their names. The kernel lists sockets by inode in /proc/net/tcp, and each process its own in /proc/PID/fd.
 */
function listenerOf(rootPid: number, port: number): number {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const LISTEN = '0A';
  const inodes = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === LISTEN)
    .map((fields) => `socket:[${fields[9]}]`);
  const holder = [rootPid, ...descendantsOf(rootPid)].find((pid) =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(linkOf(`/proc/${pid}/fd/${fd}`))),
  );
  if (holder === undefined) throw new Error(`no process below ${rootPid} listens on port ${port}`);
  return holder;
}

/** Descriptors come and go while they are listed. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
