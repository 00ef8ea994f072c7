/**
 * Nodes and controls of one cluster, each with the drivers, the cache and the presence that a process of its own would have, over real
 * buses and logs. What a node has stored is found by the cache's own look-up, and its own gate.
 */

import { Purges } from '@weir/control/cluster/purges.js';
import { setUpLayer } from '@weir/node/cache/testing/layer-cache.js';
import { PurgeDriver } from '@weir/node/cluster/purge-driver.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import { JetStream } from '@weir/proto/bus/jetstream.js';
import { jetStreamLog } from '@weir/proto/bus/jetstream-log.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { leaseClock } from '@weir/proto/cluster/lease-clock.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_LOG, purgeLogBounds } from '@weir/proto/cluster/purge-entries.js';
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
export const { publicKey } = pair;
export const signer = signerOf(pair.privateKey);
const trustIn = (key: string) => ({ cluster: subjects.cluster, keys: keyRing([key]) });

function presenceOf(id: string, role: Role, bus: Bus): Presence {
  const report = () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 });
  const life = { id, incarnation: Date.now(), session: Math.floor(Math.random() * 1e9) };
  return new Presence({ bus, clock: realClock, subjects, life, role, random: Math.random, report, warn: () => {} });
}

/** `key`: of the control that it believes. */
export function startNode(id: string, { bus, log }: Way, key = publicKey) {
  const presence = presenceOf(id, 'node', bus);
  const layer = setUpLayer();
  const leaseMs = leaseClock(realClock.nowMs, Date.now);
  const driver = new PurgeDriver({ presence, log, cache: layer.node, trust: trustIn(key), clock: realClock, leaseMs });
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

export function startControl(id: string, { bus, log }: Way, hasNoPast = false) {
  const presence = presenceOf(id, 'control', bus);
  const own = { trust: trustIn(publicKey), signer, sharesInRedis: false, hasNoPast };
  const purges = new Purges({ presence, log, clock: realClock, ...own });
  return {
    ...{ id, presence, purges },
    purgeTag: (tag: string) => purges.purge({ targets: [{ kind: 'tag', tag }], isSoft: false }),
    end(): void {
      purges.close();
      presence.leave();
    },
  };
}

/** A way over a nats-server; `makes`: the log is made by whoever has this way. */
export function natsWay(url: string, id: string, makes: boolean) {
  const options = { servers: [url], name: id };
  const parts = { clock: realClock, random: Math.random };
  const bus = natsBus(options, { ...parts, inbox: subjects.inbox(id) });
  const jetStream = new JetStream(options, { ...parts, inbox: subjects.inbox(`${id}-js`) });
  const log = jetStreamLog(jetStream, { place, makes: makes ? purgeLogBounds(1) : null });
  const close = async (): Promise<void> => {
    await bus.close();
    await log.close();
    await jetStream.close();
  };
  return { bus, log, close };
}
