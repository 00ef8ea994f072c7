/**
 * `bench gossip`: what a node of a cluster pays for hearing the others. One real node in a process of its own, over a real
 * nats-server, hears what so many others would tell at their pace; its CPU and the bytes that it hears are measured.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nodeFlagsOn } from '@weir/deploy/up/node-flags.js';
import { ownVersions, publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { loadBeforeStart, loadSentence } from '../start/cores.js';
import { assertInstalled, freePorts, startProcess, untilListening } from '../start/processes.js';
import type { Heard } from './hearer.js';
import { type Measured, tableOf } from './report.js';
import {
  CLUSTER,
  type HearerSettings,
  HURRY,
  type Kind,
  kinds,
  RATE_KEYS,
  SILENT_CLUSTER,
  type TellerSettings,
} from './settings.js';

export interface GossipOptions extends ReportPlace {
  readonly nodes: readonly number[];
  readonly measureMs: number;
  readonly routes: number;
  readonly signal: AbortSignal;
}

/** Until all are met, the first sketches are kept, and the hurry of the beginning (settings.ts) is over. */
const WARM_MS = 20_000;
const BEYOND_MS = 15_000;
const LISTEN_WITHIN_MS = 10_000;

export async function runGossipBenchmark(options: GossipOptions): Promise<void> {
  assertInstalled({ 'nats-server': 'nats-server' });
  const loadBefore = loadBeforeStart();
  const [port = 0] = await freePorts(1);
  const args = ['-a', '127.0.0.1', '-p', String(port)];
  const server = startProcess({ name: 'nats-server', command: 'nats-server', args, core: 0, cwd: process.cwd() });
  const measured: Measured[] = [];
  try {
    await untilListening(server, port, LISTEN_WITHIN_MS);
    const address = `nats://127.0.0.1:${port}`;
    for (const nodes of options.nodes) {
      for (const [i, kind] of kinds.entries()) {
        say(`${nodes} nodes, ${kind} …`);
        const told = { server: address, nodes, kinds: kinds.slice(0, i + 1), routes: options.routes };
        measured.push(figuresOf(nodes, kind, await measure(told, options)));
      }
    }
  } finally {
    await server.stop();
  }
  report(measured, options, loadSentence(loadBefore));
}

function figuresOf(nodes: number, kind: Kind, [heard, silence]: readonly [Heard, Heard]): Measured {
  if (heard.members !== nodes - 1) throw new Error(`${heard.members} of ${nodes - 1} nodes were heard`);
  const seconds = heard.wallMs / 1_000;
  const cpuShare = Math.max(0, heard.cpuMs / heard.wallMs - silence.cpuMs / silence.wallMs);
  return { nodes, kind, perS: heard.messages / seconds, bytesPerS: heard.bytes / seconds, cpuShare };
}

/** Two at once, for others may work on the machine: one hears them all, one nobody. */
async function measure(told: TellerSettings, { measureMs, signal }: GossipOptions): Promise<[Heard, Heard]> {
  const program = (name: string, settings: object): ChildProcess =>
    fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), [JSON.stringify(settings)], {
      ...{ signal, execArgv: [...nodeFlagsOn()] },
    });
  const heardIn = (cluster: string): ChildProcess =>
    program('hearer', { ...told, cluster, warmMs: WARM_MS, measureMs } satisfies HearerSettings);
  const hearers = [heardIn(CLUSTER), heardIn(SILENT_CLUSTER)] as const;
  const tellers = told.nodes > 1 ? program('tellers', told) : null;
  const said = (one: ChildProcess): Promise<Heard> =>
    new Promise((resolve, reject) => {
      one.once('message', (message) => resolve(message as Heard)); // It is our own program that says it.
      for (const each of [one, tellers]) each?.once('error', reject);
      one.once('exit', (code) => code !== 0 && reject(new Error(`the node ended with ${code}`)));
    });
  const late = AbortSignal.timeout(WARM_MS + measureMs + BEYOND_MS);
  const isLate = new Promise<never>((_, reject) => {
    late.onabort = () => reject(new Error('the node said nothing'));
  });
  try {
    return await Promise.race([Promise.all([said(hearers[0]), said(hearers[1])]), isLate]);
  } finally {
    late.onabort = null;
    for (const one of hearers) one.kill();
    tellers?.kill();
  }
}

function report(measured: readonly Measured[], options: GossipOptions, load: string): void {
  publish(options, {
    title: 'What gossip costs a node',
    versions: ownVersions(),
    method: [
      `One real node in a process of its own hears ${options.measureMs / 1_000} s of what the others tell, over a nats-server on the same machine.`,
      'CPU is that process, user and system, less what a second one takes that hears nobody meanwhile. Bytes are bodies, as published.',
      'Intervals are those of proto/cluster/pace.ts. Health: each node changes its mind about one target twice a minute.',
      `For its first ${HURRY.untilMs / 1_000} s it hears ${HURRY.times} times as much, so that what is run is compiled as it is in a node that has run for an hour.`,
      `Latency: ${options.routes} waits are learnt, a thousand answers each. Rates: ${RATE_KEYS} keys in use at each node, told at intervals of proto/cluster/shared-rates.ts.`,
      load,
    ],
    table: tableOf(measured),
    figures: measured,
  });
}
