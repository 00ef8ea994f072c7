/**
 * `bench cache`: hits of caches side by side, over sockets. The set-up, the rounds and the table are those of `bench proxy`; what
 * is added is that nothing but hits is measured: the origin counts, and a cache that asked it during a run ends the comparison.
 */
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTIONS_MAX, type Site } from '../proxy/cases.js';
import { assertSameAnswer } from '../proxy/load.js';
import { startOrigin } from '../proxy/peers.js';
import { rowsOf, tableOf } from '../proxy/report.js';
import { type Peer, type RoundsOptions, runRounds, say, warnUnlessQuiet } from '../proxy/rounds.js';
import { describeMachine, describeVersions, saveReport } from '../report.js';
import { type Cores, chooseCores, loadBeforeStart, loadSentence } from '../start/cores.js';
import { assertInstalled, freePorts, type Running } from '../start/processes.js';
import { OriginCount } from './hits.js';
import { type CachePeer, neededPrograms, originMore, startCachePeer } from './peers.js';
import { againstTable, aimsSentence } from './report.js';

export interface CacheOptions extends RoundsOptions {
  readonly peers: readonly CachePeer[];
  readonly reportsDirectory: string;
  readonly reportName: string;
  readonly commandLine: string;
}

export async function runCacheBenchmark(options: CacheOptions): Promise<void> {
  assertInstalled(neededPrograms);
  const cores = chooseCores();
  const loadBefore = loadBeforeStart();
  warnUnlessQuiet(loadBefore);
  const directory = mkdtempSync(join(memoryDirectory(), 'weir-bench-'));
  const started: Running[] = [];
  try {
    const { peers, count } = await startAll(options, directory, cores, started);
    const filled = await count.read();
    const check = async (peer: Peer): Promise<void> => {
      const asked = (await count.read()) - filled;
      if (asked > 0) throw new Error(`${peer.name} asked the origin ${asked} times while hits were measured`);
    };
    const measured = await runRounds(options, { peers, directory, cores, started, check });
    const rows = rowsOf(measured);
    const table = [aimsSentence(rows), againstTable(rows), tableOf(rows)].filter((one) => one !== '').join('\n\n');
    process.stdout.write(`\n${table}\n\n`);
    const files = saveReport(options.reportsDirectory, options.reportName, {
      title: 'Caches side by side: hits',
      command: options.commandLine,
      machine: describeMachine(),
      versions: describeVersions(),
      method: [
        `Cache on core ${cores.proxy}; load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1. The origin was asked for nothing while it was measured.`,
        `Median of ${options.rounds} rounds of ${options.seconds} s, caches in turns; ± is the range over the rounds.`,
        loadSentence(loadBefore),
        'RSS is the peak of the worker; what nginx keeps is in files on a tmpfs and not in it. Limits: bench/README.md.',
      ],
      table,
      figures: { rounds: options.rounds, seconds: options.seconds, cores, rows, samples: measured },
    });
    say(`saved ${files.join(' and ')}`);
  } finally {
    await Promise.allSettled(started.toReversed().map((running) => running.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
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
  directory: string,
  cores: Cores,
  started: Running[],
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
