/**
 * One node of a cluster in a process of its own, with NATS as its bus: `node node-process.js ID NATS REDIS CONFIG`. Tells its parent
 * the port once it serves and knows how many nodes there are, and ends with it.
 */

import { createNode } from '@weir/node/node.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import type { BusClock } from '@weir/proto/bus/bus.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { snapshotOf } from '../../support/gateway.js';

const [id = '', nats = '', redis = '', config = ''] = process.argv.slice(2);
const loopback = { host: '127.0.0.1', port: 0 };

const clock: BusClock = {
  nowMs: () => systemClock.nowMs(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const subjects = new Subjects('campaign');
const bus = natsBus({ servers: [nats], name: id }, { clock, random: Math.random, inbox: subjects.inbox(id) });
const cluster = new Presence({
  ...{ bus, clock, subjects, role: 'node', random: Math.random },
  life: { id, incarnation: Date.now(), session: process.pid },
  report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
  warn: (text) => process.stderr.write(`${text}\n`),
});
const node = await createNode({ metrics: loopback, env: {}, cluster, redis: redis === '' ? null : redis });
await node.apply(snapshotOf(config, 1), 'campaign');

const tell = setInterval(() => {
  process.send?.({
    port: node.status().listening?.port ?? 0,
    nodes: cluster.nodes(),
    isConnected: bus.state().isConnected,
  });
}, 100);
process.on('disconnect', () => {
  clearInterval(tell);
  process.exit(0);
});
