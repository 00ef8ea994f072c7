/**
 * One real node of the cluster as far as it hears others: bus, membership, health, latency and shared limits, with nothing else to do.
 * A process of its own, so that its CPU is what is measured. Tells its parent what it took.
 */

import { shareSight } from '@weir/node/cluster/shared-sight.js';
import { timersOf } from '@weir/node/cluster/testing/members.js';
import { createLatencyStore } from '@weir/node/latency/latency-store.js';
import { makeTarget } from '@weir/node/pipeline/testing/specs.js';
import { outlierSpec } from '@weir/node/upstream/health/testing/outcomes.js';
import { createUpstreamOpinions } from '@weir/node/upstream/health/upstream-health.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { SharedRates, sharedLimitOf } from '@weir/proto/cluster/shared-rates.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { busClock, type HearerSettings } from './settings.js';

export interface Heard {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly messages: number;
  readonly bytes: number;
  /** Other nodes that it knew in the end. */
  readonly members: number;
}

const settings: HearerSettings = JSON.parse(process.argv[2] ?? '{}'); // Written by command.ts.
const subjects = new Subjects(settings.cluster);
let [messages, bytes] = [0, 0];

/** Counts what is heard, as bodies. */
function counted(bus: Bus): Bus {
  const { subscribe } = bus;
  bus.subscribe = (pattern, onMessage) =>
    subscribe.call(bus, pattern, (message) => {
      messages += 1;
      bytes += (message.lent ?? message.bytes).length;
      onMessage(message);
    });
  return bus;
}

const bus = counted(
  natsBus(
    { servers: [settings.server], name: 'hearer' },
    { clock: busClock, inbox: subjects.inbox('hearer'), random: Math.random, isPaced: true },
  ),
);
const presence = new Presence({
  ...{ bus, clock: busClock, subjects, role: 'node', random: Math.random },
  life: { id: 'hearer', incarnation: 1, session: 1 },
  report: () => ({ snapshotVersion: 41, loadPermille: 350, purgeEpoch: 9 }),
  warn: (text) => process.stderr.write(`${text}\n`),
});
const clock = { nowMs: () => busClock.nowMs(), wallMs: () => Date.now() };
const latencies = createLatencyStore();
for (let i = 0; i < settings.routes; i += 1) {
  const window = latencies.window(`route-${i}`, 'up', 'firstByte');
  for (let n = 0; n < 200; n += 1) window.answered(20, clock.nowMs());
}
const targets = Array.from({ length: 100 }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
const spec = { id: 'up', targets, probe: null, outlier: outlierSpec, breaker: null };
const opinions = createUpstreamOpinions(
  spec,
  clock,
  (change) => sight?.changed(change),
  (warning) => sight?.changed(warning),
);
const upstreams = [
  {
    spec,
    targets: opinions.targets.map((health) => ({ upstreamId: 'up', spec: health.spec, health, probes: null })),
  },
];
const sight = shareSight(presence, {
  ...{ clock, timers: timersOf(busClock), random: Math.random, latencies },
  upstreams: () => upstreams,
});
sight?.refresh();
const rates = new SharedRates(() => sharedLimitOf({ requests: 10_000, periodMs: 1_000, burst: 10_000 }));
presence.hear('rate', (counts) => rates.hear(counts, Date.now(), clock.nowMs()));

setTimeout(() => {
  const before = process.cpuUsage();
  const [startMs, received, bytesBefore] = [performance.now(), messages, bytes];
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    const heard: Heard = {
      cpuMs: (user + system) / 1_000,
      wallMs: performance.now() - startMs,
      messages: messages - received,
      bytes: bytes - bytesBefore,
      members: presence.members().length,
    };
    process.send?.(heard, () => process.exit());
  }, settings.measureMs);
}, settings.warmMs);
process.on('disconnect', () => process.exit());
