/** `bench ai`: Weir and Portkey's gateway in front of one mock, the mock by itself, and what nginx and a bare relay add to it. */

import { WARM_SHARE, WARM_UPS_MAX } from '../measure/warm-up.js';
import { neededPrograms } from '../proxy/peers.js';
import { describeVersions, publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { type Comparison, comparing } from '../start/comparison.js';
import { installPackages } from '../start/npm-peers.js';
import { freePorts, type Running } from '../start/processes.js';
import type { StreamSample } from './loads.js';
import { type AiLoad, type ChatSample, type HeldSample, holdStreams, loadChats, loadStreams } from './loads.js';
import {
  type AiPeer,
  type AiPeerName,
  PORTKEY,
  PORTKEY_VERSION,
  portkeyPackages,
  startAiPeer,
  startMock,
} from './peers.js';
import { type AiMeasured, aiRows, aiTable, firstMs, verdict } from './report.js';
import { warmUp } from './warm-up.js';

export interface AiOptions extends ReportPlace {
  readonly peers: readonly AiPeerName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly signal: AbortSignal;
}

export async function runAiBenchmark(options: AiOptions): Promise<void> {
  const { wrk, taskset, nginx } = neededPrograms;
  const programs = { wrk, taskset, ...(options.peers.includes('nginx') ? { nginx } : {}) };
  await comparing(programs, async (comparison) => {
    const { cores, directory, started } = comparison;
    if (options.peers.includes('portkey')) installPackages(portkeyPackages, say);
    const [mockPort = 0, ...ports] = await freePorts(1 + options.peers.length);
    const mock = await startMock(mockPort, cores.load, directory);
    started.push(mock);
    const peers: AiPeer[] = [];
    for (const [index, name] of options.peers.entries()) {
      options.signal.throwIfAborted();
      const site = { port: ports[index] ?? 0, mockPort, core: cores.proxy, directory };
      if (name === 'direct') peers.push({ name, port: mockPort, workers: [mock.pid] });
      else peers.push(await startAiPeer(name, { ...site, onStarted: (running) => started.push(running) }));
    }
    const measured = await measureAll(options, peers, { mockPort, core: cores.load, directory }, started);
    report(options, measured, comparison);
  });
}

type Place = Pick<AiLoad, 'mockPort' | 'core' | 'directory'>;

async function measureAll(
  options: AiOptions,
  peers: readonly AiPeer[],
  place: Place,
  started: readonly Running[],
): Promise<AiMeasured[]> {
  const { rounds, seconds, warmupSeconds, signal } = options;
  const measured = peers.map((peer) => ({
    of: peer,
    peer: peer.name,
    // Filled below, round by round; empty literals alone would be never[].
    chats: [] as ChatSample[],
    streams: [] as StreamSample[],
    held: [] as HeldSample[],
  }));
  const loadOf = (peer: AiPeer): AiLoad => ({ ...place, peer, seconds, signal });
  for (const { of } of measured) {
    const { loads, share } = await warmUp({ ...loadOf(of), seconds: warmupSeconds });
    say(`warmed up  ${of.name.padEnd(8)}  ${loads} times; ${Math.round(share * 100)} % of the last is not JavaScript`);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of measured) {
      for (const running of started) running.assertAlive();
      const chat = await loadChats(loadOf(one.of));
      one.chats.push(chat);
      const streamed = await loadStreams(loadOf(one.of));
      one.streams.push(streamed);
      say(
        `round ${round}  ${one.peer.padEnd(8)}  ${chat.requestsPerSecond.toFixed(0).padStart(6)} chats/s  ` +
          `first token ${firstMs([streamed], 0.5).toFixed(2)} / ${firstMs([streamed], 0.99).toFixed(2)} ms  ` +
          `${streamed.cpuMicrosPerToken.toFixed(1)} µs/token  ${streamed.why}`,
      );
    }
  }
  // Last, for heaps that have grown to it stay as they are.
  for (const one of measured) {
    const held = await holdStreams(loadOf(one.of));
    one.held.push(held);
    say(
      `${held.streams} streams at once  ${one.peer.padEnd(8)}  ${(held.peakBytes / 2 ** 20).toFixed(0)} MiB  ${held.why}`,
    );
  }
  return measured.map(({ of: _of, ...rest }) => rest);
}

function report(
  options: AiOptions,
  measured: readonly AiMeasured[],
  { cores, loadSentence }: Pick<Comparison, 'cores' | 'loadSentence'>,
): void {
  const rows = aiRows(measured);
  const table = aiTable(rows);
  const findings = {
    title: 'Gateways for models side by side',
    versions: { ...describeVersions(), [PORTKEY]: PORTKEY_VERSION },
    method: [
      `Gateway on core ${cores.proxy}; the mock and the clients on core ${cores.load}; all on 127.0.0.1.`,
      `Median of ${options.rounds} rounds of ${options.seconds} s, all in turns; ± is the range over the rounds.`,
      loadSentence,
      `Each was warmed up until its main thread took ${100 - 100 * WARM_SHARE} % of the CPU of a load, or ${WARM_UPS_MAX} times.`,
      'chats: whole answers at 32 connections. first, token: 100 streams of 100 tokens, one every 20 ms; what is added to the direct call.',
      'opening: the first token of the first stream on each connection, which the others leave out: bench/README.md.',
      'MiB: peak RSS of the worker before, and while 2,000 streams are open that get a token a second. Limits: bench/README.md.',
      verdict(rows),
    ],
    table,
    figures: { rounds: options.rounds, seconds: options.seconds, cores, rows, samples: measured },
  };
  publish(options, findings, `${table}\n\n${verdict(rows)}`);
}
