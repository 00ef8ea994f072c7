/**
 * All replicas answer four seconds late, for six seconds, under load that does not wait for answers. With stale copies at
 * hand every request is answered, and hardly later than `staleIfSlow` says.
 */
import { startCacheOrigin, versionOf } from '../../support/cache-origin.js';
import { askEach, openCrowd } from '../../support/crowd.js';
import { type Load, startLoad } from '../../support/load.js';
import { passed, type Stage } from '../../support/stage.js';
import { weirUp } from '../../support/weir-up.js';
import { quantile, type Report, showMs } from '../campaign.js';

export interface BrownOutScale {
  readonly perSecond: number;
  readonly keys: number;
  readonly brownOutMs: number;
  /** Load before, and after. */
  readonly healthyMs: number;
}

const REPLICAS = 3;
const LATE_MS = 4_000;
const SLOW_MS = 300;
const PROMISED_FACTOR = 1.2;
const BODY_BYTES = 2_000;
/** For as long an answer is fresh: nearly every request finds a stale copy. */
const FRESH_S = 1;
const HEALTHY = { delayMs: 5, cacheControl: `max-age=${FRESH_S}`, bodyBytes: BODY_BYTES };

const config = (ports: readonly number[]): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: [${ports.map((port) => `"http://127.0.0.1:${port}"`).join(', ')}] }]
routes: [{ id: all, match: /*, upstream: app, cache: { staleIfSlow: ${SLOW_MS}ms } }]
`;

export async function runBrownOut(stage: Stage, scale: BrownOutScale): Promise<Report> {
  const origins = await Promise.all(Array.from({ length: REPLICAS }, () => startCacheOrigin(stage)));
  const allBe = (late: number) =>
    Promise.all(origins.map((one) => one.be({ ...HEALTHY, delayMs: HEALTHY.delayMs + late })));
  await allBe(0);
  const weir = await weirUp(stage, config(origins.map(({ port }) => port)));
  const paths = Array.from({ length: scale.keys }, (_, i) => `/item/${i}`);
  const warmers = await openCrowd(weir.port, 32);
  await askEach(warmers, paths);
  for (const client of warmers) client.leave();
  const load = await startLoad({
    port: weir.port,
    // Each waits for the limit, and some for more.
    connections: Math.ceil(scale.perSecond * ((SLOW_MS * 3) / 1_000)) + 16,
    perSecond: scale.perSecond,
    // A step that has no divisor with the number of keys in common comes by all of them.
    pathOf: (number) => paths[(number * 7919) % paths.length] ?? '/',
    isRight: (path, body) => versionOf(path, body, BODY_BYTES) === 1,
  });
  stage.onEnd(() => load.stop());
  await passed(FRESH_S * 1_000 + 500);
  take(load);
  await passed(scale.healthyMs);
  const before = take(load);
  const staleBefore = await stale(weir);
  await allBe(LATE_MS);
  await passed(scale.brownOutMs);
  await allBe(0);
  const during = take(load);
  const stoodIn = (await stale(weir)) - staleBefore;
  // What was asked at its end is answered a little later.
  await passed(scale.healthyMs);
  const after = take(load);
  await load.stop();
  return reportOf(load, { before, during, after }, stoodIn);
}

const stale = (weir: { metric(series: string): Promise<number> }): Promise<number> =>
  weir.metric('weir_cache_requests_total{route="all",result="stale_slow"}');

interface Phase {
  readonly latencies: readonly number[];
  readonly ownDelayMs: number;
}

const take = (load: Load): Phase => ({ latencies: load.takeLatencies(), ownDelayMs: load.takeOwnDelayMs() });

function reportOf(load: Load, phases: Readonly<Record<string, Phase>>, stoodIn: number): Report {
  const { sent, answered, failed, firstFailure } = load.figures;
  const limitMs = SLOW_MS * PROMISED_FACTOR;
  const p99 = quantile(phases['during']?.latencies ?? [], 0.99);
  const figures: Record<string, string> = {
    'requests, good': `${sent}, ${((100 * answered) / sent).toFixed(answered === sent ? 0 : 3)} %`,
    'copies that stood in for slow answers': String(stoodIn),
    'promised p99': showMs(limitMs),
  };
  for (const [name, { latencies, ownDelayMs }] of Object.entries(phases)) {
    const shown = [0.5, 0.99, 1].map((share) => showMs(quantile(latencies, share))).join(', ');
    figures[`p50, p99, worst ${name}`] =
      `${shown} of ${latencies.length}; load generator not scheduled for ${showMs(ownDelayMs)}`;
  }
  const broken: string[] = [];
  if (failed > 0) broken.push(`${failed} of ${sent} requests failed, first: ${firstFailure}`);
  if (stoodIn === 0) broken.push('no copy stood in: there was no brown-out');
  if (p99 > limitMs) broken.push(`p99 during the brown-out is ${showMs(p99)}, promised are ${showMs(limitMs)}`);
  return { figures, broken };
}
