/**
 * Ten thousand routes on a thousand upstreams, reloaded under load: for how long the node's event loop stands still at a time. Each kind of
 * change has a stretch of its own behind a quiet one, so that what the machine and the collector do anyway is seen beside it. Delays are the
 * node's own (`weir_event_loop_delay_seconds`), as no client's clock can tell a node that works from one that is not scheduled.
 */
import { ensureBuilt } from '../support/built.js';
import { startLoad } from '../support/load.js';
import { onStage, passed } from '../support/stage.js';
import { startUpstream } from '../support/upstream.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface LargeReloadScale {
  readonly routes: number;
  readonly upstreams: number;
  /** Of each kind of change. */
  readonly reloads: number;
  readonly perSecond: number;
  readonly stallMsMax: number;
}

export const fullLargeReload: LargeReloadScale = {
  routes: 10_000,
  upstreams: 1_000,
  reloads: 5,
  perSecond: 500,
  stallMsMax: 20,
};

const CONNECTIONS = 16;
const BODY = 'x'.repeat(100);
/** A node tells the longest delay of a whole window of ten seconds, the one before the window that is under way. */
const WINDOW_MS = 10_000;
const LOOK_EVERY_MS = 4_000;
const LONGEST_DELAY = 'weir_event_loop_delay_seconds{quantile="1"}';

/** What differs from one edition of the config to the next. */
interface Edition {
  /** The one route with this timeout of its own. */
  readonly one: number;
  readonly allRoutes: number;
  readonly allUpstreams: number;
}

type Change = (edition: Edition, reload: number) => Edition;

const changes: Readonly<Record<string, Change>> = {
  nothing: (edition) => edition,
  'one route': (edition, reload) => ({ ...edition, one: 10 + reload }),
  'all routes': (edition, reload) => ({ ...edition, allRoutes: 10 + reload }),
  'all upstreams': (edition, reload) => ({ ...edition, allUpstreams: 100 + reload }),
};

function configOf({ routes, upstreams }: LargeReloadScale, upstreamPort: number, edition: Edition): string {
  const lines = ['version: 1', 'gateway: { listen: "127.0.0.1:0", accessLog: false }', 'upstreams:'];
  const pool = `pool: { connections: ${edition.allUpstreams} }`;
  for (let i = 0; i < upstreams; i += 1) {
    lines.push(`  - { id: u${i}, targets: ["http://127.0.0.1:${upstreamPort}"], ${pool} }`);
  }
  lines.push('routes:');
  for (let i = 0; i < routes - 1; i += 1) {
    const totalS = i === 0 ? edition.one : edition.allRoutes;
    lines.push(`  - { id: r${i}, match: /r${i}/*, upstream: u${i % upstreams}, timeouts: { total: ${totalS}s } }`);
  }
  return `${lines.join('\n')}\n  - { id: all, match: /*, upstream: u0 }\n`;
}

export function runLargeReload(scale: LargeReloadScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const upstream = await startUpstream(stage);
    let edition: Edition = { one: 10, allRoutes: 10, allUpstreams: 100 };
    const weir = await weirUp(stage, configOf(scale, upstream.port, edition));
    const load = await startLoad({
      port: weir.port,
      connections: CONNECTIONS,
      perSecond: scale.perSecond,
      pathOf: () => '/small',
      isRight: (_path, body) => body === BODY,
    });
    stage.onEnd(() => load.stop());
    await passed(2 * WINDOW_MS); // What the start cost is not to be told of the first stretch.
    const figures: Record<string, string> = {
      'routes, upstreams': `${scale.routes}, ${scale.upstreams}`,
      'longest delay of the event loop by change': 'median and most of the stretches; p99 of requests meanwhile',
    };
    const broken: string[] = [];
    let reload = 0;
    let quietMs = 0;
    for (const [name, change] of Object.entries(changes)) {
      const longestMs: number[] = [];
      await passed(WINDOW_MS); // What the change before this one cost is not to be told of it.
      load.takeLatencies();
      for (let i = 0; i < scale.reloads; i += 1) {
        reload += 1;
        const next = change(edition, reload);
        if (next !== edition) {
          const outcome = await weir.save(configOf(scale, upstream.port, next));
          if (outcome !== 'accepted') broken.push(`${name}: reload ${reload} was ${outcome}`);
        }
        edition = next;
        longestMs.push(await longestDelayMs(weir));
      }
      const most = Math.max(...longestMs);
      const p99 = quantile(load.takeLatencies(), 0.99);
      figures[`  ${name}`] = `${showMs(quantile(longestMs, 0.5))}, ${showMs(most)}; ${showMs(p99)}`;
      if (name === 'nothing') quietMs = most;
      else if (most > Math.max(scale.stallMsMax, quietMs)) {
        broken.push(`${name}: the event loop stood still for ${showMs(most)}, above ${scale.stallMsMax} ms`);
      }
    }
    await load.stop();
    const { sent, failed, firstFailure } = load.figures;
    figures['requests, failed'] = `${sent}, ${failed}`;
    if (failed > 0) broken.push(`${failed} of ${sent} requests failed, first: ${firstFailure}`);
    return { figures, broken };
  });
}

/**
 * Of a change that has just come in force, whichever windows it fell into: what ended before now is told for some seconds still, and the one under way
 * ends before the last look.
 */
async function longestDelayMs(weir: WeirUp): Promise<number> {
  let longest = 0;
  for (let waitedMs = 0; waitedMs <= WINDOW_MS + LOOK_EVERY_MS; waitedMs += LOOK_EVERY_MS) {
    if (waitedMs > 0) await passed(LOOK_EVERY_MS);
    longest = Math.max(longest, (await weir.metric(LONGEST_DELAY)) * 1_000);
  }
  return longest;
}
