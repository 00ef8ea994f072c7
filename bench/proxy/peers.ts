/** Starts the origin and each proxy that is compared, and says which processes of it do the work. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFlagsOn } from '@weir/deploy/up/node-flags.js';
import { childrenOf, commandLine } from '../measure/process-usage.js';
import { type Running, startProcess, untilFound, untilListening } from '../start/processes.js';
import { listenersOf, startWeirUp } from '../start/weir-up.js';
import { cases, haproxyConfig, nginxConfig, originConfig, type Site } from './cases.js';
import { isNpmProxy, type NpmProxy, npmProxies, npmProxyArguments } from './npm-proxies.js';
import type { Peer } from './rounds.js';
import { isWeirProfile, weirConfig, weirProfiles } from './weir.js';

/** `floor`: the least that a proxy on uWebSockets.js and node:net can cost, which is none that anybody could use. */
export const peerNames = ['nginx', 'haproxy', 'node-undici', 'floor', ...npmProxies, ...weirProfiles] as const;
export type PeerName = (typeof peerNames)[number];

/** As many as it has workers. */
type ProxyCores = number | readonly number[];

const START_WITHIN_MS = 10_000;

/** Programs that must be there, and the Debian package each is in. */
export const neededPrograms = { nginx: 'nginx-light', haproxy: 'haproxy', wrk: 'wrk', taskset: 'util-linux' } as const;

export async function startNginx(
  name: string,
  config: string,
  site: Pick<Site, 'port' | 'directory'>,
  core: ProxyCores,
): Promise<Running> {
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

/** Beside them, a cache has processes that load and tidy it, of which one leaves after a minute. */
export const nginxWorkers = (running: Running, count: number): Promise<number[]> =>
  untilFound(running, `${count} workers`, () => {
    const workers = childrenOf(running.pid).filter((pid) => commandLine(pid).join(' ').includes('worker process'));
    return workers.length === count ? workers : undefined;
  });

/** `onStarted` hears of the process before it is ready, so that a start that fails half-way is cleaned up as well. */
export async function startPeer(
  name: PeerName,
  site: Site,
  cores: ProxyCores,
  onStarted: (running: Running) => void,
): Promise<Peer> {
  const announce = (running: Running): Running => {
    onStarted(running);
    return running;
  };
  if (name === 'nginx') {
    const running = announce(await startNginx(name, nginxConfig(site), site, cores));
    return { name, port: site.port, workers: await nginxWorkers(running, site.workers) };
  }
  if (isWeirProfile(name)) {
    const { port, directory, workers, env = {} } = site;
    const config = weirConfig(name, site);
    const running = await startWeirUp({ name, config, port, core: cores, workers, directory, env, onStarted });
    return { name, port, workers: await listenersOf(running, port, workers) };
  }
  const running = announce(name === 'haproxy' ? launchHaproxy(site, cores) : launchNodeProxy(name, site, cores));
  await untilListening(running, site.port, START_WITHIN_MS);
  return { name, port: site.port, workers: [running.pid] };
}

function launchHaproxy(site: Site, core: ProxyCores): Running {
  const file = join(site.directory, 'haproxy.cfg');
  writeFileSync(file, haproxyConfig(site));
  return startProcess({ name: 'haproxy', command: 'haproxy', args: ['-db', '-f', file], core, cwd: site.directory });
}

/** One process each: they have no workers of their own. */
function launchNodeProxy(name: 'node-undici' | 'floor' | NpmProxy, site: Site, core: ProxyCores): Running {
  if (site.workers > 1) throw new Error(`${name} has one worker: leave it out of --peers`);
  const args = isNpmProxy(name) ? npmProxyArguments(name, site) : ownProxyArguments(name, site);
  return startProcess({ name, command: process.execPath, args, core, cwd: site.directory, env: site.env ?? {} });
}

const ownPrograms = { 'node-undici': './undici-proxy.js', floor: './floor-proxy.js' } as const;

const ownProxyArguments = (name: keyof typeof ownPrograms, site: Site): string[] => {
  const program = fileURLToPath(new URL(ownPrograms[name], import.meta.url));
  return [...(name === 'floor' ? nodeFlagsOn(1) : []), program, site.port, site.originPort, site.connections].map(
    String,
  );
};
