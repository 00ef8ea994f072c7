/**
 * Control's own part in the bus of `weir up`: the broker between its node processes, its presence among them, and the purge log that they
 * follow. No server and no file is needed for it; it ends with this process, and its nodes with it.
 */
import { randomInt } from 'node:crypto';
import { Purges } from '@weir/control/cluster/purges.js';
import { CLUSTER_DEFAULT } from '@weir/node/process/settings.js';
import { serveLog } from '@weir/proto/bus/asked-log.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_LOG } from '@weir/proto/cluster/purge-entries.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';

export const CONTROL_ID = 'control';

export interface OwnPresence {
  readonly broker: Broker;
  readonly presence: Presence;
  readonly purges: Purges;
  close(): Promise<void>;
}

/** `sharesInRedis`: its nodes share what they store there. */
export function ownPresence(
  snapshotVersion: () => number,
  sharesInRedis: boolean,
  warn: (text: string) => void,
): OwnPresence {
  const broker = new Broker();
  const subjects = new Subjects(CLUSTER_DEFAULT);
  const bus = memoryBus(broker, { clock: realClock, inbox: subjects.inbox(CONTROL_ID) });
  const life = { id: CONTROL_ID, incarnation: Date.now(), session: randomInt(2 ** 47) };
  const report = () => ({ snapshotVersion: snapshotVersion(), loadPermille: 0, purgeEpoch: purges.reading().epoch });
  const parts = { bus, clock: realClock, subjects, life, random: Math.random, report, warn };
  const presence = new Presence({ ...parts, role: 'control' });
  const log = memoryLog();
  const endServing = serveLog(bus, subjects.place(PURGE_LOG), log);
  // Nobody but the processes of this machine reaches the log, so nothing in it is signed.
  const trust = { cluster: CLUSTER_DEFAULT, keys: null };
  const own = { presence, log, clock: realClock, trust, signer: null, sharesInRedis, hasNoPast: true };
  const purges: Purges = new Purges(own);
  return {
    broker,
    presence,
    purges,
    async close() {
      purges.close();
      endServing();
      presence.leave();
      await bus.close();
    },
  };
}
