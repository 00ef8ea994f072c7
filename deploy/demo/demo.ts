/**
 * `weir up --demo`: sample upstreams that get into trouble by turns, steady traffic on them with and without Weir in
 * between, and a live table of what the clients saw.
 *
 * For the composition root:
 *
 *   const demo = await startDemo({ listen: '127.0.0.1:8080' });    // the upstreams run; traffic does not yet
 *   … run a gateway with demo.configText (or the file demo.configPath) …
 *   await demo.run('http://127.0.0.1:8080', process.stdout, { seconds: null, signal });
 *   await demo.stop();                                             // also ends a run that is on
 *
 * `run` resolves, after it has printed the final table, when `seconds` are over or the signal is aborted or the demo
 * stopped; it rejects when one of the demo's own processes dies. `stop` may be called at any time, more than once.
 * Each upstream and the traffic is a process of its own, so that none of it shares an event loop with the gateway; they
 * end with `stop`, and by themselves when this process dies.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.js';
import { demoConfig } from './config.js';
import type { BeginMessage, ListeningMessage, ShopMessage, Side, TallyMessage, TrafficPlan } from './messages.js';
import { behavioursAt } from './schedule.js';
import { createScreen, type DemoOutput, wantsColour } from './screen.js';
import { asksPlainly, emptyShopTally, type ShopTally, type ShopUses } from './shopper.js';
import { drawLine, drawTable, type View } from './table.js';
import { emptyTally, type TallyState } from './tally.js';

export interface DemoOptions {
  /** `host:port` for the gateway in the generated configuration. */
  readonly listen?: string;
  /** Decides who is in trouble when; the same seed shows the same. */
  readonly seed?: number;
}

export interface RunOptions {
  /** Length of the traffic; null until stopped. */
  readonly seconds: number | null;
  readonly signal?: AbortSignal;
  /** What the app of the shop asks better by; left out: it knows of nothing. */
  readonly shopUses?: ShopUses;
}

export interface Demo {
  readonly configText: string;
  /** A file with that text, removed by `stop`. */
  readonly configPath: string;
  /** Where the shop counts what reaches it: `/counts`. */
  readonly shopUrl: string;
  /** Resolves with what the shoppers have met. */
  run(gatewayUrl: string, output: DemoOutput, options: RunOptions): Promise<ShopTally>;
  stop(): Promise<void>;
}

const UPSTREAMS = 5;
const REQUESTS_PER_SECOND = 40;
const DEADLINE_MS = 2_000;
const LISTEN_DEFAULT = '127.0.0.1:8080';
/** With this seed the first half minute already shows every trouble on different upstreams. */
const SEED_DEFAULT = 1;

const START_WITHIN_MS = 10_000;
/** Redrawing, and looking for the end. */
const DRAW_MS = 250;

export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const seed = options.seed ?? SEED_DEFAULT;
  const directory = mkdtempSync(join(tmpdir(), 'weir-demo-'));
  const upstreams: Child[] = [];
  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(upstreams.map((child) => child.stop()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (let index = 0; index < UPSTREAMS; index += 1) {
      const args = [seed, index, UPSTREAMS, `orders/${index + 1}`].map(String);
      upstreams.push(startChild('sample-upstream.js', args));
    }
    // Those that are told when the trouble begins; the shop is in none.
    const troubled = [...upstreams];
    const shop = startChild('sample-shop.js', []);
    upstreams.push(shop);
    const [told, { port }] = await Promise.all([
      Promise.all(troubled.map((child) => child.next<ListeningMessage>('listening', START_WITHIN_MS))),
      shop.next<ShopMessage>('shop', START_WITHIN_MS),
    ]);
    const shopUrl = `http://127.0.0.1:${port}`;
    const urlsOf = (side: Side): string[] => told.map(({ ports }) => `http://127.0.0.1:${ports[side]}`);
    const listen = options.listen ?? LISTEN_DEFAULT;
    const configText = demoConfig({ listen, targets: urlsOf('with'), shop: shopUrl, deadlineMs: DEADLINE_MS });
    const configPath = join(directory, 'demo.yaml');
    writeFileSync(configPath, configText);
    const run: Demo['run'] = (gateway, output, runOptions) => {
      const signal = AbortSignal.any([
        stopping.signal,
        ...(runOptions.signal === undefined ? [] : [runOptions.signal]),
      ]);
      const startWallMs = Date.now();
      for (const child of troubled) child.send<BeginMessage>({ kind: 'begin', startWallMs });
      return showTraffic(
        {
          kind: 'plan',
          seed,
          startWallMs,
          durationMs: runOptions.seconds === null ? null : runOptions.seconds * 1000,
          requestsPerSecond: REQUESTS_PER_SECOND,
          deadlineMs: DEADLINE_MS,
          upstreams: urlsOf('without'),
          gateway: gateway.replace(/\/$/, ''),
          shopUses: runOptions.shopUses ?? asksPlainly,
        },
        output,
        signal,
        () => {
          for (const child of upstreams) child.assertAlive();
        },
      );
    };
    return { configText, configPath, shopUrl, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs the traffic and draws what it reports until it is over. */
async function showTraffic(
  plan: TrafficPlan,
  output: DemoOutput,
  signal: AbortSignal,
  assertUpstreamsAlive: () => void,
): Promise<ShopTally> {
  const screen = createScreen(output, Date.now);
  const colour = wantsColour(output, process.env);
  const traffic = startChild('traffic.js', []);
  let tally: TallyState = emptyTally();
  let shop: ShopTally = emptyShopTally();
  let isDone = false;
  traffic.on<TallyMessage>('tally', (message) => {
    tally = message.tally;
    shop = message.shop;
    isDone = message.done;
  });
  const viewNow = (isOver: boolean): View => {
    const elapsedMs = Math.min(Date.now() - plan.startWallMs, plan.durationMs ?? Number.POSITIVE_INFINITY);
    const now = isOver ? null : behavioursAt(plan.seed, plan.upstreams.length, elapsedMs);
    const { requestsPerSecond, deadlineMs } = plan;
    return { elapsedMs, requestsPerSecond, deadlineMs, now, tally, colour };
  };
  try {
    traffic.send(plan);
    while (!isDone && !signal.aborted) {
      traffic.assertAlive();
      assertUpstreamsAlive();
      const view = viewNow(false);
      screen.show(drawTable(view), drawLine(view));
      await sleep(DRAW_MS);
    }
    screen.finish(drawTable(viewNow(true)));
    return shop;
  } finally {
    await traffic.stop();
  }
}
