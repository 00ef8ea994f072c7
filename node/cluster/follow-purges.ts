/**
 * The purges of a node: by the log of its cluster where it has one, and as they are told to it alone where it is by itself. One
 * object for both, so that the node asks and shows without knowing which it is.
 */
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { leaseClock } from '@weir/proto/cluster/lease-clock.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { KeyRing } from '@weir/proto/signing/signed-frame.js';
import type { NodeCache } from '../cache/node-cache.js';
import type { Clock } from '../time/clock.js';
import type { ChangeCounts } from './change-batches.js';
import { ChangeTeller } from './change-teller.js';
import { purgeOnAll } from './client-purges.js';
import { PurgeDriver, type PurgeFollowing } from './purge-driver.js';

/** Where purges of a cluster are read, and who is believed; `keys` null: all who reach it. */
export interface PurgeLog {
  readonly log: SharedLog;
  readonly keys: KeyRing | null;
}

export interface NodePurgesReading extends PurgeFollowing {
  /** Of what clients have changed by this node. */
  readonly changes: ChangeCounts;
}

export interface NodePurges {
  /** What a heartbeat tells. */
  readonly epoch: number;
  /** Null for a node by itself. */
  following(): NodePurgesReading | null;
  /** What an operator should know, or nothing. */
  warnings(): readonly string[];
  /** Serves nothing stored any more. */
  leave(): void;
  /** The last requests are over: tells others what they have changed, within half a second. */
  close(): Promise<void>;
}

/** A node that starts takes a moment to join, which is nothing to be told of. */
const JOINING_MS = 5_000;

const byItself: NodePurges = {
  epoch: 0,
  following: () => null,
  warnings: () => [],
  leave: () => {},
  close: async () => {},
};

export function followPurges(
  presence: Presence | null,
  purgeLog: PurgeLog | null,
  cache: NodeCache,
  clock: Clock,
): NodePurges {
  if (presence === null || purgeLog === null) return byItself;
  const { log, keys } = purgeLog;
  const trust = { cluster: presence.subjects.cluster, keys };
  const leaseMs = leaseClock(
    () => clock.nowMs(),
    () => clock.wallMs(),
  );
  const worthTellingFromMs = clock.nowMs() + JOINING_MS;
  const driver = new PurgeDriver({ presence, log, cache, trust, clock: realClock, leaseMs });
  const teller = new ChangeTeller({
    clock: realClock,
    append: (urls) => driver.tellChanged(urls),
    nodes: () => presence.nodes(),
  });
  cache.others = {
    purge: (url, isSoft, withinMs) => purgeOnAll(presence, realClock, url, isSoft, withinMs),
    changed: (url) => teller.changed(url),
  };
  return {
    get epoch() {
      return driver.following().epoch;
    },
    following: () => ({ ...driver.following(), changes: teller.counts() }),
    warnings: () => (driver.isServing || clock.nowMs() < worthTellingFromMs ? [] : [warningOf(driver.following())]),
    leave: () => void driver.leave(),
    close: () => teller.close(),
  };
}

function warningOf({ leaseLeftMs }: PurgeFollowing): string {
  const since = leaseLeftMs < 0 && Number.isFinite(leaseLeftMs) ? ` for ${Math.ceil(-leaseLeftMs / 1_000)} s` : '';
  return `the purge log is not followed${since}, so what is stored is validated with its upstream before it is used`;
}
