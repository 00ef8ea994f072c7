/** Starts the origin and each proxy that is compared, and says which processes of it do the work. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf, commandLine } from '../measure/process-usage.js';
import { type Running, startProcess, untilFound, untilListening } from '../start/processes.js';
import { listenerOf, startWeirUp } from '../start/weir-up.js';
import { cases, haproxyConfig, nginxConfig, originConfig, type Site, UPSTREAM_CONNECTIONS_MAX } from './cases.js';
import type { Peer } from './rounds.js';
import { isWeirProfile, weirConfig, weirProfiles } from './weir.js';

export const peerNames = ['nginx', 'haproxy', 'node-undici', ...weirProfiles] as const;
export type PeerName = (typeof peerNames)[number];

const START_WITHIN_MS = 10_000;

/** Programs that must be there, and the Debian package each is in. */
export const neededPrograms = { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk', taskset: 'util-linux' } as const;

export async function startNginx(name: string, config: string, site: Site, core: number): Promise<Running> {
  const file = join(site.directory, `${name}.conf`);
  writeFileSync(file, config);
  const args = ['-p', site.directory, '-c', file, '-e', 'stderr'];
  const running = startProcess({ name, command: 'nginx', args, core, cwd: site.directory });
  await untilListening(running, site.port, START_WITHIN_MS);
  return running;
}

/** `more`: directives for its server beside those that all need. */
export async function startOrigin(site: Site, core: number, more = ''): Promise<Running> {
  mkdirSync(join(site.directory, 'files'));
  for (const { path, responseBytes } of cases) {
    if (path.startsWith('/files/')) writeFileSync(join(site.directory, path), Buffer.alloc(responseBytes, 'weir '));
  }
  return startNginx('origin', originConfig(site, more), site, core);
}

/** Beside it, a cache has processes that load and tidy it, of which one leaves after a minute. */
export const nginxWorker = (running: Running): Promise<number> =>
  untilFound(running, 'worker', () =>
    childrenOf(running.pid).find((pid) => commandLine(pid).join(' ').includes('worker process')),
  );

/** `onStarted` hears of the process before it is ready, so that a start that fails half-way is cleaned up as well. */
export async function startPeer(
  name: PeerName,
  site: Site,
  core: number,
  onStarted: (running: Running) => void,
): Promise<Peer> {
  const announce = (running: Running): Running => {
    onStarted(running);
    return running;
  };
  if (name === 'nginx') {
    const running = announce(await startNginx(name, nginxConfig(site), site, core));
    return { name, port: site.port, workers: [await nginxWorker(running)] };
  }
  if (isWeirProfile(name)) {
    const { port, directory } = site;
    const config = weirConfig(name, site);
    const running = await startWeirUp({ name, config, port, core, directory, onStarted });
    return { name, port, workers: [await listenerOf(running, port)] };
  }
  const running = announce(name === 'haproxy' ? launchHaproxy(site, core) : launchUndiciProxy(site, core));
  await untilListening(running, site.port, START_WITHIN_MS);
  return { name, port: site.port, workers: [running.pid] };
}

function launchHaproxy(site: Site, core: number): Running {
  const file = join(site.directory, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig(site));
  return startProcess({ name: 'haproxy', command: 'haproxy', args: ['-db', '-f', file], core, cwd: site.directory });
}

function launchUndiciProxy(site: Site, core: number): Running {
  const program = fileURLToPath(new URL('./undici-proxy.js', import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (npm run build)`);
  const args = [program, site.port, site.originPort, UPSTREAM_CONNECTIONS_MAX].map(String);
  return startProcess({ name: 'node-undici', command: process.execPath, args, core, cwd: site.directory });
}
