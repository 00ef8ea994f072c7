/**
 * An upstream that takes longer than its clients wait: every answer arrives whole by way of a job, asked for at another
 * node than the one that runs it, and once more when that one was restarted. A node that is killed in the middle leaves
 * its jobs lost, not pending.
 *
 * The clients are impatient by themselves: each gives up its request after its own limit, as a browser would, and only a
 * 202 that comes before keeps it from failing.
 */
import { ensureBuilt } from '../support/built.js';
import { startRedis } from '../support/redis-server.js';
import { onStage, passed, until } from '../support/stage.js';
import { startUpstream } from '../support/upstream.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface JobsScale {
  readonly clients: number;
  /** How long the upstream takes. */
  readonly answerMs: number;
  /** How long a client waits. */
  readonly patienceMs: number;
  readonly leaseMs: number;
}

export const fullJobs: JobsScale = { clients: 50, answerMs: 40_000, patienceMs: 10_000, leaseMs: 10_000 };

const config = (target: string, { leaseMs }: JobsScale): string => `version: 1
gateway:
  listen: "127.0.0.1:0"
  accessLog: false
  timeouts: { drain: 5s }
  jobs: { lease: ${leaseMs}ms }
upstreams: [{ id: slow, targets: ["${target}"] }]
routes: [{ id: all, match: /*, upstream: slow, async: true }]
`;

export function runJobs(scale: JobsScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const redis = await startRedis(stage);
    const upstream = await startUpstream(stage);
    const text = config(`http://127.0.0.1:${upstream.port}`, scale);
    const start = (folder?: string): Promise<WeirUp> => weirUp(stage, text, folder, ['--redis', redis.url]);
    const [first, second] = await Promise.all([start(), start()]);
    const broken: string[] = [];

    const startedAtMs = performance.now();
    const accepted = await Promise.all(numbers(scale.clients).map((id) => ask(first, id, scale)));
    const jobs = accepted.flatMap(({ id, location }) => (location === null ? [] : [{ id, location }]));
    if (jobs.length !== scale.clients) broken.push(`${scale.clients - jobs.length} clients got no 202 in time`);
    const atSecond = await Promise.all(jobs.map((job) => collect(second, job, scale)));
    const collectedAfterMs = performance.now() - startedAtMs;
    broken.push(...wrong('asked at another node', atSecond));

    const again = await restarted(first, start);
    broken.push(...wrong('after a restart', await Promise.all(jobs.map((job) => collect(again, job, scale)))));

    const killed = await killedInTheMiddle(again, second, scale);
    if (killed !== 'lost') broken.push(`a job of a node that was killed is ${killed}`);
    return {
      figures: {
        'an answer takes, a client waits': `${showMs(scale.answerMs)}, ${showMs(scale.patienceMs)}`,
        '202 in time': `${jobs.length} of ${scale.clients}, the slowest after ${showMs(slowest(accepted))}`,
        'collected whole at another node': `${atSecond.filter((one) => one === null).length}, ${showMs(collectedAfterMs)} after the first request`,
        'after kill -9 in the middle': killed,
      },
      broken,
    };
  });
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

interface Accepted {
  readonly id: string;
  readonly location: string | null;
  readonly tookMs: number;
}

const slowest = (all: readonly Accepted[]): number =>
  quantile(
    all.map(({ tookMs }) => tookMs),
    1,
  );

/** Waits for half of its patience, and keeps the rest for the way. */
async function ask(weir: WeirUp, number: number, { answerMs, patienceMs }: JobsScale): Promise<Accepted> {
  const id = `report-${number}`;
  const startedAtMs = performance.now();
  const location = await fetch(`http://127.0.0.1:${weir.port}/after/${answerMs}/${id}`, {
    headers: { prefer: `respond-async, wait=${Math.floor(patienceMs / 2_000)}` },
    signal: AbortSignal.timeout(patienceMs),
  }).then(
    async (answer) => {
      await answer.arrayBuffer();
      return answer.status === 202 ? answer.headers.get('location') : null;
    },
    () => null,
  );
  return { id, location, tookMs: performance.now() - startedAtMs };
}

const AGAIN_MS = 250;

/** Null when the answer is right, else what came instead. */
async function collect(
  weir: WeirUp,
  { id, location }: { readonly id: string; readonly location: string },
  { answerMs, patienceMs }: JobsScale,
): Promise<string | null> {
  const giveUpAtMs = performance.now() + answerMs + patienceMs + 10_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${weir.port}${location}`);
    const text = await answer.text();
    if (answer.status === 202 && performance.now() < giveUpAtMs) await passed(AGAIN_MS);
    else return answer.status === 200 && text === id ? null : `${answer.status} ${text.slice(0, 200)}`;
  }
}

function wrong(when: string, outcomes: readonly (string | null)[]): string[] {
  const bad = outcomes.filter((outcome) => outcome !== null);
  return bad.length === 0
    ? []
    : [`${when}: ${bad.length} of ${outcomes.length} answers are not right, such as ${bad[0]}`];
}

async function restarted(weir: WeirUp, start: (folder: string) => Promise<WeirUp>): Promise<WeirUp> {
  weir.child.kill('SIGTERM');
  await weir.exited;
  return start(weir.folder);
}

/** State of a job whose node was killed, as another node tells it when it is no longer pending. */
async function killedInTheMiddle(weir: WeirUp, other: WeirUp, scale: JobsScale): Promise<string> {
  const { location } = await ask(weir, scale.clients, { ...scale, answerMs: scale.answerMs + scale.leaseMs * 4 });
  if (location === null) return 'not accepted';
  process.kill(await weir.nodePid(), 'SIGKILL');
  let state = 'pending';
  await until(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${other.port}${location}`, { redirect: 'manual' });
      ({ state } = (await answer.json()) as { state: string });
      return state !== 'pending';
    },
    () => state,
    scale.leaseMs * 3 + 10_000,
  );
  return state;
}
