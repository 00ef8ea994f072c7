/** Those who run the gauntlet. Their configurations lie beside this file in `peers/`, as an operator would read them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Running, startProcess, untilListening } from '../start/processes.js';
import { startWeirUp } from '../start/weir-up.js';

export const gauntletPeers = ['nginx', 'haproxy', 'weir', 'weir-tuned'] as const;
export type GauntletPeer = (typeof gauntletPeers)[number];

/** Programs that must be there, and the Debian package each is in. */
export const neededPrograms = { nginx: 'nginx-light', haproxy: 'haproxy', taskset: 'util-linux' } as const;

/** What is filled into a configuration. */
export interface PeerSite {
  readonly port: number;
  /** host:port of each. */
  readonly replicas: readonly [string, string, string];
  /** Of this run alone: caches and states of earlier runs are not seen. */
  readonly directory: string;
  /** nginx started by root drops to another user, who could not write here. */
  readonly isRoot: boolean;
}

const START_WITHIN_MS = 10_000;

const files: Readonly<Record<GauntletPeer, string>> = {
  nginx: 'nginx.conf',
  haproxy: 'haproxy.cfg',
  weir: 'weir.yaml',
  'weir-tuned': 'weir-tuned.yaml',
};

/** The compiler doesn't copy configurations into dist, so from there they are looked for in the sources. */
function templateOf(peer: GauntletPeer): string {
  const places = ['./peers/', '../../gauntlet/peers/'].map((place) => new URL(place + files[peer], import.meta.url));
  const found = places.map((place) => fileURLToPath(place)).find((path) => existsSync(path));
  if (found === undefined)
    throw new Error(`the configuration of ${peer} is missing: bench/gauntlet/peers/${files[peer]}`);
  return readFileSync(found, 'utf8');
}

export function configOf(peer: GauntletPeer, site: PeerSite): string {
  const words: Readonly<Record<string, string>> = {
    PORT: String(site.port),
    DIRECTORY: site.directory,
    USER: site.isRoot ? 'user root;' : '',
    REPLICA_0: site.replicas[0],
    REPLICA_1: site.replicas[1],
    REPLICA_2: site.replicas[2],
  };
  // A word that is not known stays as it is: comments may speak of them.
  return templateOf(peer).replaceAll(/@([A-Z_0-9]+)@/g, (written, word: string) => words[word] ?? written);
}

/** `onStarted` hears of the process before it is ready, so that a start that fails half-way is cleaned up as well. */
export async function startGauntletPeer(
  peer: GauntletPeer,
  site: PeerSite,
  core: number,
  onStarted: (running: Running) => void,
): Promise<Running> {
  const { port, directory } = site;
  const config = configOf(peer, site);
  if (peer === 'weir' || peer === 'weir-tuned') {
    return await startWeirUp({ name: peer, config, port, core, directory, onStarted });
  }
  const file = join(directory, files[peer]);
  writeFileSync(file, config);
  const args = peer === 'nginx' ? ['-p', directory, '-c', file, '-e', 'stderr'] : ['-db', '-f', file];
  const running = startProcess({ name: peer, command: peer, args, core, cwd: directory });
  onStarted(running);
  await untilListening(running, port, START_WITHIN_MS);
  return running;
}
