/** Limits as a node of a cluster of four counts them: members on a bus in memory, each with its driver, who tell each other. */
import { sha256 } from '@weir/node/cache/l2/digest.js';
import { ClusterRates } from '@weir/node/cluster/rates.js';
import { createLimiterStore, type LimiterStore } from '@weir/node/limit/limiter-store.js';
import type { Timers } from '@weir/node/time/clock.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';

const NODES = 4;

/** Resolves when the first of them knows the others. */
export async function sharedLimiters(timers: Timers): Promise<LimiterStore> {
  const [broker, subjects] = [new Broker(), new Subjects('bench')];
  const clock: BusClock = {
    nowMs: () => systemClock.nowMs(),
    after(delayMs, run) {
      const timer = timers.create(run);
      timer.arm(delayMs);
      return () => timer.cancel();
    },
  };
  const stores = Array.from({ length: NODES }, (_, at) => {
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(`n${at}`) });
    const presence = new Presence({
      ...{ bus, clock, subjects, role: 'node', random: Math.random, warn: () => {} },
      life: { id: `n${at}`, incarnation: 1, session: at },
      report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    });
    const rates = new ClusterRates({ presence, clock: systemClock, timers, digest: sha256 });
    return { presence, store: createLimiterStore({ shared: rates }) };
  });
  const [first] = stores;
  if (first === undefined) throw new Error('there are four');
  await new Promise<void>((resolve) => {
    const end = first.presence.onChange(() => {
      if (first.presence.nodes() < NODES) return;
      end();
      resolve();
    });
  });
  return first.store;
}
