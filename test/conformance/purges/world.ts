/**
 * Nodes and controls of one cluster, each with the drivers, the cache and the presence that a process of its own would have, over real
 * buses and logs. What a node has stored is found by the cache's own look-up, and its own gate.
 */

import { Purges } from '@weir/control/cluster/purges.js';
import { setUpLayer } from '@weir/node/cache/testing/layer-cache.js';
import { PurgeDriver } from '@weir/node/cluster/purge-driver.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { leaseClock } from '@weir/proto/cluster/lease-clock.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_LOG } from '@weir/proto/cluster/purge-entries.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { Role } from '@weir/proto/events/membership.js';
import { createKeyPair, keyRing, signerOf } from '@weir/proto/signing/ed25519.js';
import { until } from '../../support/stage.js';
import { realClock } from '../bus/bus-suite.js';

/** A member's way to the others: its bus and its log, which a test may cut. */
export interface Way {
  readonly bus: Bus;
  readonly log: SharedLog;
}

export const subjects = new Subjects('c1');
export const place = subjects.place(PURGE_LOG);
const pair = createKeyPair();
export const signer = signerOf(pair.privateKey);
const trust = { cluster: 'c1', keys: keyRing([pair.publicKey]) };

let lives = 0;

function presenceOf(id: string, role: Role, bus: Bus): Presence {
  lives += 1;
  const report = () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 });
  const life = { id, incarnation: lives, session: lives };
  return new Presence({ bus, clock: realClock, subjects, life, role, random: Math.random, report, warn: () => {} });
}

export function startNode(id: string, { bus, log }: Way) {
  const presence = presenceOf(id, 'node', bus);
  const layer = setUpLayer();
  const leaseMs = leaseClock(realClock.nowMs, Date.now);
  const driver = new PurgeDriver({ presence, log, cache: layer.node, trust, clock: realClock, leaseMs });
  const asked = (): number => layer.upstream.calls.length;
  return {
    ...{ id, presence, driver, layer },
    isServing: (): Promise<void> =>
      until(
        () => driver.isServing,
        () => `${id} does not serve: ${JSON.stringify(driver.following())}`,
        30_000,
      ),
    /** Stores an answer that bears this tag, for an hour. */
    store(path: string, tag: string): void {
      layer.send({ path });
      layer.call(asked() - 1).answer(200, ['cache-control', 'max-age=3600', 'cache-tag', tag, 'etag', '"1"'], 'kept');
    },
    /** Whether a request is answered from what is stored; the upstream is not told more than that it was asked. */
    servesStored(path: string): boolean {
      const before = asked();
      const { cancel } = layer.send({ path });
      cancel();
      return asked() === before;
    },
    async end(): Promise<void> {
      await driver.leave();
      presence.leave();
    },
  };
}

export type TestNode = ReturnType<typeof startNode>;

export function startControl(id: string, { bus, log }: Way, hasNoPast = false) {
  const presence = presenceOf(id, 'control', bus);
  const purges = new Purges({ presence, log, clock: realClock, trust, signer, sharesInRedis: false, hasNoPast });
  return {
    ...{ id, presence, purges },
    purgeTag: (tag: string) => purges.purge({ targets: [{ kind: 'tag', tag }], isSoft: false }),
    end(): void {
      purges.close();
      presence.leave();
    },
  };
}
