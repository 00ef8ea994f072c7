/**
 * Ends under load, each of them as it may happen: SIGTERM, a node that is killed, a parent that is killed. A request that
 * an upstream has seen is answered in all cases but one: those that a killed node had in its hands.
 */
import { ensureBuilt } from '../support/built.js';
import { type PatientClients, startPatientClients } from '../support/patient-clients.js';
import { freePort, onStage, passed, type Stage, until } from '../support/stage.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { type Report, showMs } from './campaign.js';

export interface DrainScale {
  readonly clients: number;
  /** Load before, and after, the end. */
  readonly loadMs: number;
}

export const fullDrain: DrainScale = { clients: 500, loadMs: 5_000 };

/** What an answer takes: long enough for every client to have one under way at any time. */
const ANSWER_AFTER_MS = 200;

const config = (listen: number, upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:${listen}", accessLog: false, timeouts: { drain: 20s } }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes: [{ id: all, match: /*, upstream: app }]
`;

interface Scene {
  readonly weir: WeirUp;
  readonly upstream: Upstream;
  readonly clients: PatientClients;
  readonly scale: DrainScale;
}

type Leg = (scene: Scene) => Promise<{ figure: string; broken: readonly string[] }>;

const legs: readonly (readonly [name: string, leg: Leg])[] = [
  ['SIGTERM', terminate],
  ['kill -9 of the node', killNode],
  ['kill -9 of the parent', killParent],
];

export async function runDrain(scale: DrainScale): Promise<Report> {
  await ensureBuilt();
  const figures: Record<string, string> = {};
  const broken: string[] = [];
  for (const [name, leg] of legs) {
    const outcome = await onStage(async (stage) => leg(await underLoad(stage, scale)));
    figures[name] = outcome.figure;
    broken.push(...outcome.broken.map((what) => `${name}: ${what}`));
  }
  return { figures, broken };
}

async function underLoad(stage: Stage, scale: DrainScale): Promise<Scene> {
  const upstream = await startUpstream(stage);
  const weir = await weirUp(stage, config(await freePort(), upstream.port));
  const clients = startPatientClients(weir.port, scale.clients, (id) => `/after/${ANSWER_AFTER_MS}/${id}`);
  stage.onEnd(() => clients.stop());
  await passed(scale.loadMs);
  return { weir, upstream, clients, scale };
}

async function terminate({ weir, upstream, clients, scale }: Scene) {
  const before = clients.answered.size;
  const askedAtMs = performance.now();
  weir.child.kill('SIGTERM');
  const code = await weir.exited;
  const tookMs = performance.now() - askedAtMs;
  await until(
    () => clients.refused() > 0,
    () => 'connections are accepted behind the end',
  );
  await clients.stop();
  const broken = await lostOf(clients, upstream);
  if (code !== 0) broken.push(`the exit code is ${code}`);
  if (!weir.said().includes('nothing was cut')) broken.push('something was cut');
  if (clients.ends.announced < scale.clients) {
    broken.push(`${clients.ends.announced} of ${scale.clients} connections were told that they would be closed`);
  }
  return { figure: `${before} answered before, ${summary(clients)}; ended after ${showMs(tookMs)}`, broken };
}

async function killNode({ weir, upstream, clients, scale }: Scene) {
  const before = clients.answered.size;
  const killed = await weir.nodePid();
  process.kill(killed, 'SIGKILL');
  await until(
    () => weir.said().includes('the node is back'),
    () => weir.said(),
  );
  await until(
    () => clients.answered.size > before + scale.clients,
    () => 'traffic does not come back',
  );
  await passed(scale.loadMs);
  await clients.stop();
  const broken: string[] = [];
  const { answered, lost } = clients;
  const seen = new Set(await upstream.seen());
  // One request per client was in the hands of the node; a connection that it never accepted may have died with it.
  const cut = lost.filter((id) => seen.has(id)).length;
  if (cut > scale.clients) broken.push(`${cut} requests lost, more than were in flight`);
  if ((await weir.nodePid()) === killed) broken.push('the node is the one that was killed');
  const invented = [...answered].filter((id) => !seen.has(id));
  if (invented.length > 0) broken.push(`${invented.length} answers that no upstream gave`);
  const gap = showMs(clients.longestGapMs());
  return { figure: `${before} answered before, ${summary(clients)}; no answer for ${gap}`, broken };
}

async function killParent({ weir, upstream, clients }: Scene) {
  const before = clients.answered.size;
  const node = await weir.nodePid();
  const askedAtMs = performance.now();
  process.kill(weir.pid, 'SIGKILL');
  await until(
    () => !isAlive(node),
    () => `node ${node} lives on`,
  );
  const tookMs = performance.now() - askedAtMs;
  await clients.stop();
  const broken = await lostOf(clients, upstream);
  return { figure: `${before} answered before, ${summary(clients)}; node gone after ${showMs(tookMs)}`, broken };
}

/** What an upstream has seen is answered. What it has not seen may be sent again, and that is for the client to do. */
async function lostOf(clients: PatientClients, upstream: Upstream): Promise<string[]> {
  const seen = new Set(await upstream.seen());
  const lost = clients.lost.filter((id) => seen.has(id));
  return lost.length === 0 ? [] : [`${lost.length} requests that had reached the upstream were not answered`];
}

function summary({ answered, lost, ends }: PatientClients): string {
  return `${answered.size} in all, ${lost.length} lost, ${ends.announced} connections closed with a word`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
