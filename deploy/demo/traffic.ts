/**
 * Program of the demo's clients: the same number of requests a second to the upstreams directly, in turns, and through
 * Weir, each due at its time whether or not those before it were answered (an open loop), with the same deadline. Beside them a few shoppers, who
 * go through Weir alone and are in no column of the table.
 */
import { Agent } from 'node:http';
import { ask } from './client.js';
import { isMessage, type Side, type TallyMessage, type TrafficPlan } from './messages.js';
import { outcomeOf } from './outcome.js';
import { seededRandom } from './schedule.js';
import { emptyShopTally, shop } from './shopper.js';
import { emptyTally, record } from './tally.js';

/** How often arrivals are looked for, and how often the parent is told. */
const TICK_MS = 5;
const REPORT_MS = 250;
const SHOPPERS = 4;

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.once('message', (message) => {
  if (isMessage<TrafficPlan>(message, 'plan')) start(message);
});

function start(plan: TrafficPlan): void {
  const tally = emptyTally();
  const shopTally = emptyShopTally();
  const agents: Record<Side, Agent> = { without: new Agent({ keepAlive: true }), with: new Agent({ keepAlive: true }) };
  const schedule = { seed: plan.seed, upstreams: plan.upstreams.length };
  const gapMs = 1000 / plan.requestsPerSecond;
  const lastMs = plan.durationMs ?? Number.POSITIVE_INFINITY;
  const nowMs = (): number => Date.now() - plan.startWallMs;
  let arrivals = 0;
  let inFlight = 0;

  const send = async (side: Side, upstream: number | null, base: string, plannedAtMs: number): Promise<void> => {
    inFlight += 1;
    const giveUpAfterMs = plannedAtMs + plan.deadlineMs - nowMs();
    const ending = await ask(`${base}/orders/42`, agents[side], giveUpAfterMs);
    inFlight -= 1;
    record(tally, outcomeOf({ side, upstream, plannedAtMs, endedAtMs: nowMs() }, ending, schedule));
  };

  const shoppers = Array.from({ length: SHOPPERS }, async (_, index) => {
    const random = seededRandom(plan.seed + index);
    const { gateway, shopUses: uses } = plan;
    await shop({ gateway, name: `shopper-${index}`, uses, random, tally: shopTally, isOver: () => nowMs() >= lastMs });
  });
  let haveLeft = false;
  void Promise.allSettled(shoppers).then(() => {
    haveLeft = true;
  });

  const arrive = setInterval(() => {
    for (let dueMs = arrivals * gapMs; dueMs <= nowMs() && dueMs < lastMs; dueMs = arrivals * gapMs) {
      const upstream = arrivals % plan.upstreams.length;
      arrivals += 1;
      void send('without', upstream, plan.upstreams[upstream] ?? '', dueMs);
      void send('with', null, plan.gateway, dueMs);
    }
  }, TICK_MS);

  const report = setInterval(() => {
    const done = nowMs() >= lastMs && inFlight === 0 && haveLeft;
    const message: TallyMessage = { kind: 'tally', tally, shop: shopTally, done };
    process.send?.(message);
    if (!done) return;
    clearInterval(arrive);
    clearInterval(report);
    agents.without.destroy();
    agents.with.destroy();
  }, REPORT_MS);
}
