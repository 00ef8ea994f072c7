/**
 * The rounds of a comparison of proxies: in each cell, all are loaded in turns (A B C …, A B C …), so that what disturbs
 * the machine disturbs all alike.
 */
import { untilWarm, WARM_PROXY_SHARE } from '../measure/warm-up.js';
import { say } from '../say.js';
import type { Cores } from '../start/cores.js';
import type { Running } from '../start/processes.js';
import type { Case } from './cases.js';
import { measure, runWrk, type Sample } from './load.js';
import type { Measured } from './report.js';

/** Who is compared: started, and listening. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  /** The processes whose CPU time and memory count. */
  readonly workers: readonly number[];
}

/** One case at one number of connections. */
export interface Cell {
  readonly case: Case;
  readonly connections: number;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Unmeasured load before the first round of each case, for compilers, pools and page cache; again until these rest (untilWarm). */
  readonly warmupSeconds: number;
  readonly cells: readonly Cell[];
  readonly signal: AbortSignal;
}

export interface Field {
  readonly peers: readonly Peer[];
  readonly directory: string;
  readonly cores: Cores;
  readonly started: readonly Running[];
  /** Whether what was measured just now was what was meant; throws otherwise. */
  readonly check?: (peer: Peer) => Promise<void>;
}

export async function runRounds(options: RoundsOptions, field: Field): Promise<Measured[]> {
  const { signal, rounds, seconds, cells } = options;
  const { peers, directory, cores, started } = field;
  const measured: (Measured & { samples: Sample[] })[] = [];
  const runs = cells.length * peers.length * rounds;
  const estimateS = runs * seconds + cells.length * peers.length * options.warmupSeconds;
  say(`${runs} runs of ${seconds} s, about ${Math.ceil(estimateS / 60)} min`);
  let run = 0;
  for (const cell of cells) {
    const loadOf = (peer: Peer) => ({ ...cell, port: peer.port, seconds, core: cores.load, directory, signal });
    const ofCell = peers.map((peer) => ({
      peer: peer.name,
      caseId: cell.case.id,
      connections: cell.connections,
      samples: [] as Sample[], // Filled below, round by round; an empty literal alone would be never[].
    }));
    measured.push(...ofCell);
    if (options.warmupSeconds > 0) {
      for (const peer of peers) {
        const load = { ...loadOf(peer), seconds: options.warmupSeconds };
        const { loads, share } = await untilWarm(peer.workers, WARM_PROXY_SHARE, () => runWrk(load));
        say(
          `warmed up ${peer.name.padEnd(18)} ${loads} times; ${Math.round(share * 100)} % of the last beside its main thread`,
        );
      }
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const [index, peer] of peers.entries()) {
        for (const running of started) running.assertAlive();
        const sample = await measure(loadOf(peer), peer.workers);
        await field.check?.(peer);
        ofCell[index]?.samples.push(sample);
        run += 1;
        say(progressLine(run, runs, cell, round, peer.name, sample));
      }
    }
  }
  return measured;
}

function progressLine(run: number, runs: number, cell: Cell, round: number, peer: string, sample: Sample): string {
  return [
    `[${String(run).padStart(String(runs).length)}/${runs}]`,
    `${cell.case.id} × ${cell.connections}`.padEnd(16),
    `round ${round}`,
    peer.padEnd(13),
    `${sample.requestsPerSecond.toFixed(0).padStart(6)} req/s`,
    `${sample.cpuMicrosPerRequest.toFixed(1).padStart(7)} µs CPU`,
    `p99 ${sample.p99Ms.toFixed(2)} ms`,
    ...(sample.badStatuses > 0 ? [`${sample.badStatuses} FAILED with another status`] : []),
    ...(sample.socketErrors > 0 ? [`${sample.socketErrors} FAILED on their connections`] : []),
  ].join('  ');
}
