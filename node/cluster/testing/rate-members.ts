/** Nodes of one cluster in one process, for tests: each a member on its bus, with its driver of rates, on one clock that a test turns. */
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import type { Bus, BusClock } from '@weir/proto/bus/bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { sha256 } from '../../cache/l2/digest.js';
import { createLimiterStore, type LimiterStore } from '../../limit/limiter-store.js';
import { type FakeClock, fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';
import type { Timers } from '../../time/clock.js';
import { ClusterRates } from '../rates.js';

export interface Member {
  readonly bus: Bus;
  readonly presence: Presence;
  readonly rates: ClusterRates;
  readonly store: LimiterStore;
}

export const subjects = new Subjects('c1');

export function busClockOf(clock: Pick<FakeClock, 'nowMs'>, timers: Timers): BusClock {
  return {
    nowMs: () => clock.nowMs(),
    after(delayMs, run) {
      const timer = timers.create(run);
      timer.arm(delayMs);
      return () => timer.cancel();
    },
  };
}

export function memberOn(bus: Bus, id: string, clock: FakeClock, timers: Timers, incarnation = 1): Member {
  const presence = new Presence({
    ...{
      bus,
      clock: busClockOf(clock, timers),
      subjects,
      role: 'node',
      life: { id, incarnation, session: incarnation },
    },
    random: () => 0.5,
    report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    warn: () => {},
  });
  const rates = new ClusterRates({ presence, clock, timers, digest: sha256 });
  return { bus, presence, rates, store: createLimiterStore({ shared: rates }) };
}

/** What is under way on a bus in memory arrives. */
export const arrived = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function membersInMemory(ids: readonly string[]) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const brokers = new Map<Bus, Broker>();
  const [broker, island] = [new Broker(), new Broker()];
  const join = (id: string, incarnation = 1, on = broker): Member => {
    const bus = memoryBus(on, { clock: busClockOf(clock, timers), inbox: subjects.inbox(`${id}-${incarnation}`) });
    brokers.set(bus, on);
    return memberOn(bus, id, clock, timers, incarnation);
  };
  return {
    clock,
    members: ids.map((id) => join(id)),
    join,
    island,
    async pass(ms: number, each: () => void = () => {}): Promise<void> {
      for (let left = ms; left > 0; left -= 1) {
        clock.advance(1);
        each();
        await arrived();
      }
    },
  };
}
