/**
 * A thousand clients at once on a key that is not stored: one request to the upstream, and nobody much later than its
 * answer. Then what becomes of the others when the one who came first leaves, or when what comes is slow, an error, or
 * for one alone.
 *
 * How late is too late is judged beside the same clients on the same machine: what a stored answer takes until the last
 * of them has it, and what each of them takes with a request of its own.
 */
import { type CacheOrigin, startCacheOrigin, versionOf } from '../../support/cache-origin.js';
import { type CrowdClient, openCrowd, type Told } from '../../support/crowd.js';
import { type Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';
import { type Report, showMs } from '../campaign.js';

export interface CrowdScale {
  readonly clients: number;
  readonly rounds: number;
}

/** What was promised: this for the upstream, and so much more until the last one has the answer. */
const UPSTREAM_MS = 500;
const MORE_MS = 100;
const BODY_BYTES = 10_000;
/** Of clients that are in a hurry, and of an upstream that is too slow for them. */
const HURRIED_MS = 1_000;
const SLOW_MS = 3_000;
const DRIP_MS = 1_500;

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"], pool: { connections: 4096, queue: 4096 } }]
routes:
  - { id: cached, match: /cached/*, upstream: app, retry: false, cache: true }
  - { id: plain, match: /plain/*, upstream: app, retry: false }
`;

interface Noise {
  /** Until the last one has a stored answer. */
  warmMs: number;
  /** Until the last one has an answer of its own, without what the upstream takes. */
  ownMs: number;
}

interface Scene {
  readonly weir: WeirUp;
  readonly origin: CacheOrigin;
  readonly scale: CrowdScale;
  readonly noise: Noise;
  readonly report: { readonly figures: Record<string, string>; readonly broken: string[] };
}

export async function runCrowd(stage: Stage, scale: CrowdScale): Promise<Report> {
  const origin = await startCacheOrigin(stage);
  const weir = await weirUp(stage, config(origin.port));
  const scene: Scene = { weir, origin, scale, noise: { warmMs: 0, ownMs: 0 }, report: { figures: {}, broken: [] } };
  await coldKey(scene);
  await leaderKilled(scene);
  await slowHead(scene);
  await slowBody(scene);
  await forOneAlone(scene);
  await error(scene);
  return scene.report;
}

async function coldKey(scene: Scene): Promise<void> {
  const { origin, scale, noise, report } = scene;
  const clients = await crowdOf(scene, scale.clients);
  const latest: Record<'cold' | 'warm' | 'own', number[]> = { cold: [], warm: [], own: [] };
  const asked = new Set<number>();
  let served = 0;
  for (let round = 0; round < scale.rounds; round += 1) {
    await origin.be({ delayMs: UPSTREAM_MS, bodyBytes: BODY_BYTES });
    const cold = await askAll(clients, () => `/cached/cold-${round}`);
    asked.add(await origin.requests());
    const warm = await askAll(clients, () => `/cached/cold-${round}`);
    const own = await askAll(clients, (i) => `/plain/${i}`);
    served += cold.filter(isWhole).length;
    for (const [name, told] of Object.entries({ cold, warm, own }))
      latest[name as keyof typeof latest].push(lastMs(told));
  }
  noise.warmMs = Math.max(...latest.warm);
  noise.ownMs = Math.max(0, Math.max(...latest.own) - UPSTREAM_MS);
  const coldMs = Math.max(...latest.cold);
  const all = scale.clients * scale.rounds;
  report.figures['clients, rounds'] = `${scale.clients}, ${scale.rounds}, before an upstream of ${UPSTREAM_MS} ms`;
  report.figures['upstream requests in a round'] = [...asked].join(', ');
  report.figures['served whole'] = `${served} of ${all}`;
  report.figures['the last of a round'] = latest.cold.map(showMs).join(', ');
  report.figures['… of the same on the stored answer'] = latest.warm.map(showMs).join(', ');
  report.figures['… of the same without a cache'] = latest.own.map(showMs).join(', ');
  if (asked.size !== 1 || !asked.has(1)) report.broken.push(`a cold key was asked for ${[...asked].join(', ')} times`);
  if (served !== all) report.broken.push(`${all - served} of ${all} were not served whole`);
  tooLate(scene, 'the last on a cold key', coldMs, UPSTREAM_MS, noise.warmMs);
  for (const client of clients) client.leave();
}

async function leaderKilled(scene: Scene): Promise<void> {
  await scene.origin.be({ delayMs: HURRIED_MS * 2, bodyBytes: BODY_BYTES });
  const { leader, first, others } = await led(scene, '/cached/killed');
  leader.leave();
  const told = await others;
  await first;
  await expectOne(scene, 'the first one left', told);
}

/** Who is in a hurry is answered in time, the leader too, and that is no end for the others. */
async function slowHead(scene: Scene): Promise<void> {
  const { origin, report, noise } = scene;
  await origin.be({ delayMs: SLOW_MS, bodyBytes: BODY_BYTES });
  const hurry = `X-Request-Timeout-Ms: ${HURRIED_MS}\r\n`;
  const { first, others } = await led(scene, '/cached/slow', hurry, (i) => (i % 2 === 0 ? hurry : ''));
  const told = await others;
  const hurried = [await first, ...told.filter((_, i) => i % 2 === 0)];
  const right = hurried.filter(({ status }) => status === 504).length;
  await expectOne(
    scene,
    `${SLOW_MS} ms to the head`,
    told.filter((_, i) => i % 2 === 1),
  );
  report.figures['… of clients that wait 1 s'] =
    `${right} of ${hurried.length} got a 504, the last at ${showMs(lastMs(hurried))}`;
  if (right !== hurried.length) report.broken.push(`${hurried.length - right} hurried clients got no 504`);
  tooLate(scene, 'the last 504', lastMs(hurried), HURRIED_MS, noise.warmMs);
}

async function slowBody(scene: Scene): Promise<void> {
  await scene.origin.be({ delayMs: UPSTREAM_MS, bodyMs: DRIP_MS, bodyBytes: BODY_BYTES });
  const { first, others } = await led(scene, '/cached/drip');
  const [one, told] = [await first, await others];
  await expectOne(scene, `${DRIP_MS} ms for the body`, [one, ...told]);
  const behindMs = Math.max(...told.map(({ askedAtMs, tookMs }) => askedAtMs + tookMs)) - one.askedAtMs - one.tookMs;
  tooLate(scene, 'the last behind the first one, of a slow body,', behindMs, 0, scene.noise.warmMs);
}

/** The others ask side by side, once they know; and those that come next don't wait to know. */
async function forOneAlone(scene: Scene): Promise<void> {
  const { origin, scale, report, noise } = scene;
  await origin.be({ delayMs: UPSTREAM_MS, cacheControl: 'private', bodyBytes: BODY_BYTES });
  const { leader, first, others } = await led(scene, '/cached/private');
  const told = [await first, ...(await others)];
  const requests = await origin.requests();
  const next = await askAll([leader, ...(await crowdOf(scene, scale.clients - 1))], () => '/cached/private');
  const whole = [...told, ...next].filter(isWhole).length;
  report.figures['uncacheable'] =
    `${whole} of ${2 * scale.clients} served, ${requests} upstream requests, the last after ${showMs(lastMs(told))}; of the next crowd after ${showMs(lastMs(next))}`;
  if (whole !== 2 * scale.clients)
    report.broken.push(`uncacheable: ${2 * scale.clients - whole} were not served whole`);
  if (requests !== scale.clients) report.broken.push(`uncacheable: ${requests} upstream requests`);
  tooLate(scene, 'the last of what is for one alone', lastMs(told), 2 * UPSTREAM_MS, noise.ownMs);
  tooLate(scene, 'the last of the next crowd', lastMs(next), UPSTREAM_MS, noise.ownMs);
}

async function error(scene: Scene): Promise<void> {
  const { origin, scale, report, noise } = scene;
  await origin.be({ delayMs: UPSTREAM_MS, bodyBytes: BODY_BYTES, first: { status: 503, cacheControl: '' } });
  const { first, others } = await led(scene, '/cached/error');
  const [one, told] = [await first, await others];
  const whole = told.filter(isWhole).length;
  report.figures['5xx'] =
    `the first one got ${one.status}, ${whole} of ${told.length} others served, ${await origin.requests()} upstream requests, the last after ${showMs(lastMs(told))}`;
  if (one.status !== 503 || whole !== told.length)
    report.broken.push(`5xx: ${one.status}, ${whole} others served whole`);
  if ((await origin.requests()) > scale.clients) report.broken.push('5xx: more upstream requests than clients');
  tooLate(scene, 'the last behind an error', lastMs(told), 2 * UPSTREAM_MS, noise.ownMs);
}

/** One who is first for sure, and the others, all of whom are in the gateway when this resolves. */
async function led(scene: Scene, path: string, fields = '', fieldsOf: (i: number) => string = () => '') {
  const { weir, origin, scale } = scene;
  const [leader, ...clients] = await crowdOf(scene, scale.clients);
  if (leader === undefined) throw new Error('a crowd is more than one');
  const first = leader.ask(path, fields);
  await until(
    async () => (await origin.requests()) === 1,
    () => 'the first request does not arrive',
  );
  const others = askAll(clients, () => path, fieldsOf);
  let inside = 0;
  await until(
    async () => {
      inside = await weir.metric('weir_requests_in_flight{route="cached"}');
      return inside >= scale.clients || (await origin.requests()) > 1;
    },
    () => `${inside} of ${scale.clients} wait`,
  );
  return { leader, first, others };
}

async function crowdOf({ weir }: Scene, count: number): Promise<CrowdClient[]> {
  return openCrowd(weir.port, count);
}

function askAll(
  clients: readonly CrowdClient[],
  pathOf: (i: number) => string,
  fieldsOf: (i: number) => string = () => '',
): Promise<Told[]> {
  return Promise.all(clients.map((client, i) => client.ask(pathOf(i), fieldsOf(i))));
}

async function expectOne({ origin, report }: Scene, what: string, told: readonly Told[]): Promise<void> {
  const requests = await origin.requests();
  const whole = told.filter(isWhole).length;
  report.figures[what] =
    `${whole} of ${told.length} served whole, ${requests} upstream requests, the last after ${showMs(lastMs(told))}`;
  if (whole !== told.length) report.broken.push(`${what}: ${told.length - whole} of ${told.length} not served whole`);
  if (requests !== 1) report.broken.push(`${what}: ${requests} upstream requests`);
}

function tooLate({ report }: Scene, what: string, tookMs: number, upstreamMs: number, noiseMs: number): void {
  if (tookMs <= upstreamMs + MORE_MS + noiseMs) return;
  report.broken.push(`${what} had it after ${showMs(tookMs)}, and the noise is ${showMs(noiseMs)}`);
}

const isWhole = ({ path, status, body }: Told): boolean => status === 200 && versionOf(path, body, BODY_BYTES) === 1;

const lastMs = (told: readonly Told[]): number => Math.max(...told.map(({ tookMs }) => tookMs));
