/** Members on a bus in memory, in time that a test lets pass. Only tests and benchmarks import this file. */
import { type Broker, memoryBus } from '@weir/proto/bus/broker.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { Timers } from '../../time/clock.js';

export function timersOf(clock: BusClock): Timers {
  return {
    create(fire) {
      let cancel = (): void => {};
      return {
        arm(delayMs) {
          cancel();
          cancel = clock.after(Math.max(delayMs, 0), fire);
        },
        cancel: () => cancel(),
      };
    },
  };
}

export function joinCluster(broker: Broker, clock: BusClock, id: string, random = (): number => 0.5): Presence {
  const subjects = new Subjects('c1');
  return new Presence({
    ...{ clock, subjects, random, role: 'node' },
    bus: memoryBus(broker, { clock, inbox: subjects.inbox(id) }),
    life: { id, incarnation: 1, session: 1 },
    report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
    warn: () => {},
  });
}
