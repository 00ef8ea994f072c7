/**
 * `bench flame`: where the CPU time of a request goes. A proxy on Node is warmed up, loaded, and sampled by V8 meanwhile; the stacks come
 * out as a flame graph and as tables by room and by file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mainThreadTime } from '../measure/process-usage.js';
import { untilWarm, WARM_PROXY_SHARE } from '../measure/warm-up.js';
import { CONNECTIONS_MAX, cases } from '../proxy/cases.js';
import { measure, runWrk, type Sample } from '../proxy/load.js';
import { neededPrograms, type PeerName } from '../proxy/peers.js';
import { startField } from '../proxy/start-field.js';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { type Comparison, comparing } from '../start/comparison.js';
import { markdownTable } from '../table.js';
import { flameOf } from './chart.js';
import { inspect, inspectable } from './inspector.js';
import { placesUnder, roomOf, rooms } from './places.js';
import { type CpuProfile, type Frame, foldedOf, labelOf, selfBy, treeOf } from './profile.js';

/** Proxies that run on Node: V8 samples no others. */
export const flamePeers = [
  'weir',
  'weir-undici',
  'weir-policies',
  'floor',
  'node-undici',
] as const satisfies PeerName[];
export type FlamePeer = (typeof flamePeers)[number];

export interface FlameOptions extends ReportPlace {
  readonly peer: FlamePeer;
  /** Of `cases`. */
  readonly caseId: string;
  readonly connections: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly intervalUs: number;
  readonly signal: AbortSignal;
}

const ROWS_MAX = 40;
/** Stacks that are kept for programs: of this share of all samples, and more. */
const FOLDED_SHARE = 0.0005;

interface Sampled {
  readonly plain: Sample;
  readonly sampled: Sample;
  readonly profile: CpuProfile;
  /** Shares of the time that was sampled, of the main thread: it waited for something to do, and it waited for its core. */
  readonly waited: number;
  readonly delayed: number;
}

export async function runFlameBenchmark(options: FlameOptions): Promise<void> {
  await comparing(neededPrograms, async (comparison) => {
    const measured = await sample(options, comparison);
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const places = placesUnder(`file://${root}`, (url) => readFileSync(new URL(url), 'utf8'));
    conclude(options, measured, treeOf(measured.profile, places, measured.waited), comparison);
  });
}

async function sample(options: FlameOptions, comparison: Comparison): Promise<Sampled> {
  const { caseId, connections, seconds, signal, intervalUs } = options;
  const asked = cases.find(({ id }) => id === caseId);
  if (asked === undefined) throw new Error(`there is no case ${caseId}`);
  const { cores, directory, started } = comparison;
  const field = { peers: [options.peer], workers: 1, connections: CONNECTIONS_MAX, cases: [asked], env: inspectable };
  const [peer] = await startField({ ...field, signal }, comparison);
  const running = started.at(-1);
  const [pid] = peer?.workers ?? [];
  if (peer === undefined || running === undefined || pid === undefined) throw new Error('nothing was started');
  const load = { case: asked, connections, port: peer.port, seconds, core: cores.load, directory, signal };
  const inspector = await inspect(running, pid);
  try {
    // Code that is compiled while samples are taken knows which functions were put into which; so it is warmed up like that.
    await inspector.start(intervalUs);
    await untilWarm(peer.workers, WARM_PROXY_SHARE, () => runWrk({ ...load, seconds: options.warmupSeconds }));
    await inspector.stop();
    const plain = await measure(load, peer.workers);
    say(`${peer.name}: ${plain.cpuMicrosPerRequest.toFixed(1)} µs of CPU a request; now with samples …`);
    await inspector.start(intervalUs);
    const before = { ...mainThreadTime(pid), atMs: performance.now() };
    const sampled = await measure(load, peer.workers);
    const after = mainThreadTime(pid);
    const share = (seconds: number): number => (1_000 * seconds) / (performance.now() - before.atMs);
    const delayed = share(after.delayedSeconds - before.delayedSeconds);
    const waited = Math.max(0, 1 - delayed - share(after.ranSeconds - before.ranSeconds));
    return { plain, sampled, profile: await inspector.stop(), waited, delayed };
  } finally {
    inspector.close();
  }
}

function conclude(options: FlameOptions, measured: Sampled, tree: Frame, { cores, loadSentence }: Comparison): void {
  const { peer, caseId, connections, seconds, intervalUs } = options;
  const { plain, sampled, waited, delayed } = measured;
  const chart = join(options.reportsDirectory, `${options.reportName}.svg`);
  const share = (samples: number): string => `${((100 * samples) / tree.total).toFixed(1)} %`;
  const micros = (samples: number): string => ((samples / tree.total) * plain.cpuMicrosPerRequest).toFixed(2);
  const rows = (sums: ReturnType<typeof selfBy>): string[][] =>
    sums.slice(0, ROWS_MAX).map(([name, samples]) => [name, share(samples), micros(samples)]);
  const sums = new Map(selfBy(tree, roomOf));
  const byRoom = rooms.map((room) => [room, sums.get(room) ?? 0] as const);
  const [byFile, byFunction] = [selfBy(tree, ({ name, file }) => (file === '' ? name : file)), selfBy(tree, labelOf)];
  const what = `${peer}, ${caseId} at ${connections} connections`;
  const roomTable = markdownTable(['room', 'self', 'µs a request'], rows(byRoom), 1);
  const findings = {
    title: `Where the CPU of a request goes: ${what}`,
    method: [
      `Proxy on core ${cores.proxy}; origin (nginx) and load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1.`,
      `V8 takes a sample of the main thread each ${intervalUs} µs for ${seconds} s, behind loads of ${options.warmupSeconds} s until compilers rest: ${tree.total} samples of a thread that was busy.`,
      `CPU of the process: ${plain.cpuMicrosPerRequest.toFixed(1)} µs a request without samples, ${sampled.cpuMicrosPerRequest.toFixed(1)} with them. The column µs divides the former by the shares.`,
      `The main thread waited for something to do for ${(100 * waited).toFixed(0)} % of that time, which is taken off the event loop's, and for its core, which others had, for ${(100 * delayed).toFixed(0)} %: with much of that the table says little.`,
      'Self time: the kernel counts where it was called from, and for what is not JavaScript only the call is known.',
      loadSentence,
    ],
    table: [
      `![Flame graph](${basename(chart)})`,
      roomTable,
      `## By file\n\n${markdownTable(['file', 'self', 'µs a request'], rows(byFile), 1)}`,
      `## By function\n\n${markdownTable(['function', 'self', 'µs a request'], rows(byFunction), 1)}`,
    ].join('\n\n'),
    figures: {
      ...{ peer, case: caseId, connections, seconds, intervalUs, samples: tree.total, plain, sampled, waited, delayed },
      ...{ byRoom: Object.fromEntries(byRoom), byFile: Object.fromEntries(byFile) },
      folded: foldedOf(tree, Math.ceil(tree.total * FOLDED_SHARE)),
    },
  };
  publish(options, findings, roomTable);
  writeFileSync(
    chart,
    flameOf(
      tree,
      findings.title,
      `${tree.total} samples, ${plain.cpuMicrosPerRequest.toFixed(1)} µs of CPU a request; where the pointer rests: name, file, share`,
    ),
  );
  say(`saved ${chart}`);
}
