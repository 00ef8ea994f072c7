/** Starts the origin and all that are compared, and looks whether each answers as the origin does. */
import { allowedCores } from '../measure/process-usage.js';
import { say } from '../say.js';
import type { Comparison } from '../start/comparison.js';
import { installPackages } from '../start/npm-peers.js';
import { freePorts } from '../start/processes.js';
import { type Case, cases, type Site } from './cases.js';
import { assertSameAnswer } from './load.js';
import { isNpmProxy, npmProxyPackages } from './npm-proxies.js';
import { type PeerName, startOrigin, startPeer } from './peers.js';
import type { Cell, Peer } from './rounds.js';

export interface FieldOptions {
  readonly peers: readonly PeerName[];
  /** Of each proxy. With more than one it shares its cores with origin and load generator. */
  readonly workers: number;
  /** To the origin, of each: at least as many as there are clients. */
  readonly connections: number;
  readonly cases: readonly Case[];
  /** Of proxies that run on Node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Directives for the server of the origin, beside those that all need. */
  readonly originMore?: string;
  readonly signal: AbortSignal;
}

export async function startField(
  options: FieldOptions,
  { cores, directory, started }: Comparison,
): Promise<readonly Peer[]> {
  for (const name of options.peers) if (isNpmProxy(name)) installPackages(npmProxyPackages[name], say);
  const [originPort = 0, ...ports] = await freePorts(1 + options.peers.length);
  const isRoot = process.getuid?.() === 0;
  const siteAt = (port: number, workers: number): Site => ({
    port,
    originPort,
    directory,
    isRoot,
    workers,
    connections: options.connections,
    env: options.env ?? {},
  });
  started.push(await startOrigin(siteAt(originPort, 1), cores.load, options.originMore));
  const proxyCores = allowedCores().slice(0, options.workers);
  const peers: Peer[] = [];
  for (const [index, name] of options.peers.entries()) {
    options.signal.throwIfAborted();
    say(`starting ${name} …`);
    const peer = await startPeer(name, siteAt(ports[index] ?? 0, options.workers), proxyCores, (running) =>
      started.push(running),
    );
    for (const asked of options.cases) await assertSameAnswer(name, peer.port, originPort, asked);
    peers.push(peer);
  }
  return peers;
}

/** All cases at all numbers of connections, narrowed by what was asked for. */
export function cellsFor(caseIds: readonly string[], connections: readonly number[]): Cell[] {
  return cases
    .filter((one) => caseIds.includes(one.id))
    .flatMap((one) => connections.map((count) => ({ case: one, connections: count })));
}
