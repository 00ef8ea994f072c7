/**
 * Metrics and health of all workers of this machine at one address: one scrape has the series of each, with its name as the label
 * `worker`, and one probe says whether any of them serves. Each worker has pages of its own on a port of loopback that
 * the system chose; `/status` names them.
 */
import { joined } from '@weir/control/insight/doctor-reports.js';
import {
  BUS_AWAY,
  json,
  type MetricsServer,
  type Pages,
  servePages,
  shared,
  text,
} from '@weir/node/observe/metrics-server.js';
import { type Address, reachableAddress } from '@weir/proto/bus/address.js';
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import { StartFailed } from './embedded-node.js';
import { mergeScrapes, type Scrape } from './merge-scrapes.js';
import { whyNotFree } from './port-owner.js';
import type { Supervision } from './supervisor.js';
import type { Worker } from './workers.js';

/** A worker that takes longer to tell its metrics is told as one that did not. */
const ANSWER_WITHIN_MS = 2_000;
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface FleetPagesOptions {
  readonly listen: Address;
  /** Those that there are now. */
  workers(): readonly Pick<Worker, 'id' | 'supervisor'>[];
  /** Metrics of this process, in the same format. */
  own?(): string;
  /** What is away of this process's own surroundings, in words that may be shown to anybody; empty where nothing is. */
  degraded?(): string;
  /** What `/status` tells beside the workers. */
  status?(): object;
}

/** Rejects with StartFailed when the address is taken. */
export async function startFleetPages(options: FleetPagesOptions): Promise<MetricsServer> {
  const why = await whyNotFree(options.listen, 'metrics (--metrics)');
  if (why !== null) throw new StartFailed(why);
  return servePages(options.listen, pagesOf(options));
}

function pagesOf(options: FleetPagesOptions): Pages {
  const looks = (): { id: string; look: Supervision }[] =>
    options.workers().map(({ id, supervisor }) => ({ id, look: supervisor.look() }));
  const scrape = shared(async () => {
    const told = await Promise.all(looks().map(({ id, look }) => scrapeOf(id, look)));
    return `${ownSeries(told)}${options.own?.() ?? ''}${mergeScrapes(told.filter(({ text }) => text !== ''))}`;
  });
  return {
    '/metrics': async () => ({ status: 200, type: TYPE, body: await scrape() }),
    '/livez': () => text(200, 'ok'),
    '/readyz': () =>
      readiness(
        looks().map(({ look }) => look),
        options.degraded?.() ?? '',
      ),
    '/status': () =>
      json({
        ...options.status?.(),
        workers: looks().map(({ id, look: { status, trouble } }) => ({ id, trouble, status })),
      }),
    '/doctor': async () => {
      const answers = await Promise.all(looks().map(({ look }) => askWorker(look, '/doctor')));
      // Of a worker of the same build.
      const reports = answers.flatMap((answer) => (answer === null ? [] : [JSON.parse(answer) as DoctorReport]));
      return reports.length === 0 ? text(503, 'no worker tells of its timeouts now') : json(joined(reports));
    },
  };
}

/** Ready while any worker serves: the kernel gives connections to those that listen. */
export function readiness(looks: readonly Supervision[], degraded: string): ReturnType<typeof text> {
  const serving = looks.filter(({ status, trouble }) => status?.state === 'serving' && trouble === null);
  if (serving.length === 0) {
    const isDraining = looks.some(({ status, life }) => status?.state === 'draining' || life.phase === 'stopping');
    if (isDraining) return text(503, 'not ready: this node is shutting down');
    return text(503, `not ready: no configuration is in force yet${degraded === '' ? '' : `; ${degraded}`}`);
  }
  const troubles = [
    ...(serving.length < looks.length ? [`${serving.length} of ${looks.length} workers serve`] : []),
    ...(serving.some(({ status }) => status?.cluster?.bus.isConnected === false) ? [BUS_AWAY] : []),
    ...(degraded === '' ? [] : [degraded]),
  ];
  return text(200, troubles.length === 0 ? 'ok' : `ok, degraded: ${troubles.join('; ')}`);
}

function ownSeries(told: readonly Scrape[]): string {
  const series = told.map(({ worker, text }) => `weir_worker_up{worker="${worker}"} ${text === '' ? 0 : 1}\n`);
  const help =
    '# HELP weir_worker_up 1 where that worker told its metrics for this scrape.\n# TYPE weir_worker_up gauge\n';
  return `${help}${series.join('')}\n`;
}

async function scrapeOf(worker: string, look: Supervision): Promise<Scrape> {
  return { worker, text: (await askWorker(look, '/metrics')) ?? '' };
}

/** Null where it has no process, or that does not answer. */
async function askWorker({ metrics }: Supervision, path: string): Promise<string | null> {
  if (metrics === null) return null;
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(`http://${reachableAddress(metrics)}${path}`, { signal });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
