/**
 * `bench cache`: hits of caches side by side, over sockets. The set-up, the rounds and the table are those of `bench proxy`; what
 * is added is that nothing but hits is measured: the origin counts, and a cache that asked it during a run ends the comparison.
 */
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { CONNECTIONS_MAX, type Site } from '../proxy/cases.js';
import { assertSameAnswer } from '../proxy/load.js';
import { startOrigin } from '../proxy/peers.js';
import { rowsOf, tableOf } from '../proxy/report.js';
import { type Peer, type RoundsOptions, runRounds } from '../proxy/rounds.js';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { type Comparison, comparing } from '../start/comparison.js';
import { freePorts, type Running } from '../start/processes.js';
import { OriginCount } from './hits.js';
import { type CachePeer, neededPrograms, originMore, startCachePeer } from './peers.js';
import { againstTable, aimsSentence } from './report.js';

export interface CacheOptions extends RoundsOptions, ReportPlace {
  readonly peers: readonly CachePeer[];
}

export async function runCacheBenchmark(options: CacheOptions): Promise<void> {
  await comparing(neededPrograms, (comparison) => compareCaches(options, comparison), memoryDirectory());
}

async function compareCaches(options: CacheOptions, comparison: Comparison): Promise<void> {
  const { cores, loadSentence } = comparison;
  const { peers, count } = await startAll(options, comparison);
  const filled = await count.read();
  const check = async (peer: Peer): Promise<void> => {
    const asked = (await count.read()) - filled;
    if (asked > 0) throw new Error(`${peer.name} asked the origin ${asked} times while hits were measured`);
  };
  const measured = await runRounds(options, { ...comparison, peers, check });
  const rows = rowsOf(measured);
  publish(options, {
    title: 'Caches side by side: hits',
    method: [
      `Cache on core ${cores.proxy}; load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1. The origin was asked for nothing while it was measured.`,
      `Median of ${options.rounds} rounds of ${options.seconds} s, caches in turns; ± is the range over the rounds.`,
      loadSentence,
      'RSS is the peak of the worker; what nginx keeps is in files on a tmpfs and not in it. Limits: bench/README.md.',
    ],
    table: [aimsSentence(rows), againstTable(rows), tableOf(rows)].filter((one) => one !== '').join('\n\n'),
    figures: { rounds: options.rounds, seconds: options.seconds, cores, rows, samples: measured },
  });
}

/** Where files are memory, so that no disk is measured. */
function memoryDirectory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** Starts them, fills them, and looks whether each answers as the origin does, from what it keeps. */
async function startAll(
  options: CacheOptions,
  { directory, cores, started }: Comparison,
): Promise<{ peers: Peer[]; count: OriginCount }> {
  const [originPort = 0, ...ports] = await freePorts(1 + options.peers.length);
  const isRoot = process.getuid?.() === 0;
  const siteAt = (port: number): Site => ({
    port,
    originPort,
    directory,
    isRoot,
    workers: 1,
    connections: CONNECTIONS_MAX,
  });
  started.push(await startOrigin(siteAt(originPort), cores.load, originMore));
  const count = new OriginCount(originPort);
  const peers: Peer[] = [];
  for (const [index, name] of options.peers.entries()) {
    options.signal.throwIfAborted();
    say(`starting ${name} …`);
    const onStarted = (running: Running): number => started.push(running);
    const peer = await startCachePeer(name, siteAt(ports[index] ?? 0), cores.proxy, onStarted);
    for (const asked of new Set(options.cells.map((cell) => cell.case))) {
      await assertSameAnswer(name, peer.port, originPort, asked);
      const before = await count.read();
      await assertSameAnswer(name, peer.port, originPort, asked);
      // Each comparison asks the origin itself, once.
      const more = (await count.read()) - before - 1;
      if (more > 0) throw new Error(`${name} does not keep ${asked.id}: it asked the origin again`);
    }
    peers.push(peer);
  }
  return { peers, count };
}
