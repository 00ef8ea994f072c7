/**
 * Reloads under steady load: no failed request, no closed keep-alive connection, latency not doubled, pools of the
 * unchanged upstream kept, and a broken file in between without effect.
 *
 * The same load runs without a break; quiet stretches and stretches with reloads alternate, so that both see the same
 * machine, and their percentiles may be compared.
 */
import { ensureBuilt } from '../support/built.js';
import { type Load, startLoad } from '../support/load.js';
import { onStage, passed, until } from '../support/stage.js';
import { startUpstream, type Upstream } from '../support/upstream.js';
import { waitingClients } from '../support/waiting-clients.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface ReloadScale {
  readonly reloads: number;
  readonly perSecond: number;
  /** A stretch of reloads is as long as so many of them take; the quiet one before it is as long. */
  readonly reloadsPerStretch: number;
  readonly betweenReloadsMs: number;
  /**
   * Below this, twice as much says nothing: a garbage collection of any of the processes is longer, or one time slice of
   * the scheduler where there are fewer cores than processes. Beside other tests on two cores it is a lot.
   */
  readonly p99FloorMs: number;
}

export const fullReload: ReloadScale = {
  reloads: 100,
  perSecond: 2_000,
  reloadsPerStretch: 10,
  betweenReloadsMs: 400,
  p99FloorMs: 10,
};

const CONNECTIONS = 32;
const BODY = 'x'.repeat(100);

interface Ports {
  readonly port: number;
  /** Of an upstream that every reload changes, so that its pools are made anew, and warmed. */
  readonly otherPort: number;
}

/** Every reload changes something: a route comes or goes, an upstream gets another limit; `app` stays as it is. */
const config = ({ port, otherPort }: Ports, edition: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams:
  - id: app
    targets: ["http://127.0.0.1:${port}"]
    pool: { idle: 10m }
  - id: other
    targets: ["http://127.0.0.1:${otherPort}"]
    pool: { connections: ${100 + edition} }
routes:
  - { id: all, match: /*, upstream: app }
  - { id: edition, match: /edition, respond: { status: 200, body: "${edition}" } }
${edition % 2 === 0 ? '' : '  - { id: odd, match: /odd, upstream: other }'}
`;

const BROKEN = 'version: 1\nroutes:\n  - { id: all, match: /*, upstream: nowhere }\n';

export function runReload(scale: ReloadScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const upstream = await startUpstream(stage);
    const other = await startUpstream(stage);
    const ports: Ports = { port: upstream.port, otherPort: other.port };
    const weir = await weirUp(stage, config(ports, 0));
    await fillPool(upstream, weir.port);
    const before = await upstream.look();
    const load = await startLoad({
      port: weir.port,
      connections: CONNECTIONS,
      perSecond: scale.perSecond,
      pathOf: () => '/small',
      isRight: (_path, body) => body === BODY,
    });
    stage.onEnd(() => load.stop());
    await passed(1_000); // Until the code is warm; the first stretch must not pay for that.
    load.takeLatencies();
    load.takeOwnDelayMs();
    const { quiet, busy, broken, ownDelayMs } = await playStretches(weir, load, ports, scale);
    await load.stop();
    const after = await upstream.look();
    const { sent, answered, failed, closed, firstFailure } = load.figures;
    const p99 = [quantile(quiet, 0.99), quantile(busy, 0.99)] as const;
    if (failed > 0) broken.push(`${failed} of ${sent} requests failed, first: ${firstFailure}`);
    if (closed > 0) broken.push(`${closed} of ${CONNECTIONS} keep-alive connections were closed`);
    if (after.connections !== before.connections) {
      broken.push(`the upstream was connected to ${after.connections - before.connections} times more`);
    }
    if (p99[1] > Math.max(scale.p99FloorMs, 2 * p99[0]))
      broken.push(`p99 went from ${showMs(p99[0])} to ${showMs(p99[1])}`);
    const figures = {
      reloads: `${scale.reloads} accepted, 1 rejected`,
      requests: `${sent} sent at ${scale.perSecond}/s, ${answered} answered, ${failed} failed`,
      'keep-alive connections': `${CONNECTIONS}, ${closed} closed`,
      'connections of the unchanged upstream': `${before.connections} before, ${after.connections} after`,
      'connections of the changed upstream': (await other.look()).connections,
      'p50 quiet, with reloads': `${showMs(quantile(quiet, 0.5))}, ${showMs(quantile(busy, 0.5))}`,
      'p99 quiet, with reloads': p99.map(showMs).join(', '),
      'worst quiet, with reloads': `${showMs(quantile(quiet, 1))}, ${showMs(quantile(busy, 1))}`,
      'load generator not scheduled, worst': `${showMs(ownDelayMs.quiet)}, ${showMs(ownDelayMs.busy)}`,
    };
    return { figures, broken };
  });
}

/** As many upstream connections as there can be requests at once: from here on the pool has no reason to open another. */
async function fillPool(upstream: Upstream, port: number): Promise<void> {
  const clients = waitingClients(port, CONNECTIONS, (id) => `/hold/${id}`);
  await until(
    async () => (await upstream.look()).held === CONNECTIONS,
    () => 'the pool does not fill',
  );
  await upstream.release();
  await clients.over;
}

async function playStretches(weir: WeirUp, load: Load, ports: Ports, scale: ReloadScale) {
  const quiet: number[] = [];
  const busy: number[] = [];
  const broken: string[] = [];
  const ownDelayMs = { quiet: 0, busy: 0 };
  for (let done = 0; done < scale.reloads; ) {
    await passed(scale.reloadsPerStretch * scale.betweenReloadsMs);
    append(quiet, load.takeLatencies());
    ownDelayMs.quiet = Math.max(ownDelayMs.quiet, load.takeOwnDelayMs());
    for (let i = 0; i < scale.reloadsPerStretch && done < scale.reloads; i += 1, done += 1) {
      const dueAtMs = performance.now() + scale.betweenReloadsMs;
      const state = await weir.save(config(ports, done + 1));
      if (state !== 'accepted') broken.push(`reload ${done + 1} was ${state}`);
      if (done === Math.floor(scale.reloads / 2)) broken.push(...(await offerBrokenFile(weir, done + 1)));
      await passed(Math.max(0, dueAtMs - performance.now()));
    }
    append(busy, load.takeLatencies());
    ownDelayMs.busy = Math.max(ownDelayMs.busy, load.takeOwnDelayMs());
  }
  const edition = await editionOf(weir);
  if (edition !== String(scale.reloads)) broken.push(`edition ${edition} is in force, not ${scale.reloads}`);
  return { quiet, busy, broken, ownDelayMs };
}

async function offerBrokenFile(weir: WeirUp, edition: number): Promise<string[]> {
  const before = (await weir.status()).snapshot?.version;
  const state = await weir.save(BROKEN);
  const broken: string[] = [];
  if (state !== 'rejected') broken.push(`the broken file was ${state}`);
  if ((await weir.status()).snapshot?.version !== before) broken.push('the broken file changed the snapshot in force');
  if ((await editionOf(weir)) !== String(edition)) broken.push('the broken file changed what is served');
  return broken;
}

async function editionOf({ port }: WeirUp): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/edition`);
  return answer.text();
}

/** Without spreading: the stretches hold more values than a call takes arguments. */
function append(to: number[], values: readonly number[]): void {
  for (const value of values) to.push(value);
}
