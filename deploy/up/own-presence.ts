/**
 * Control's own part in the bus of `weir up`: the broker between its node processes, and its presence among them. No server
 * and no file is needed for it; it ends with this process.
 */
import { randomInt } from 'node:crypto';
import { CLUSTER_DEFAULT } from '@weir/node/process/settings.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';

export const CONTROL_ID = 'control';

export interface OwnPresence {
  readonly broker: Broker;
  readonly presence: Presence;
  close(): Promise<void>;
}

export function ownPresence(snapshotVersion: () => number, warn: (text: string) => void): OwnPresence {
  const broker = new Broker();
  const subjects = new Subjects(CLUSTER_DEFAULT);
  const bus = memoryBus(broker, { clock: realClock, inbox: subjects.inbox(CONTROL_ID) });
  const life = { id: CONTROL_ID, incarnation: Date.now(), session: randomInt(2 ** 47) };
  const report = () => ({ snapshotVersion: snapshotVersion(), loadPermille: 0, purgeEpoch: 0 });
  const parts = { bus, clock: realClock, subjects, life, random: Math.random, report, warn };
  const presence = new Presence({ ...parts, role: 'control' });
  return {
    broker,
    presence,
    async close() {
      presence.leave();
      await bus.close();
    },
  };
}
