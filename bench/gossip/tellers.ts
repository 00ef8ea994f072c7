/**
 * A process that tells what so many nodes of a cluster would, at the pace that they would: messages as nodes encode them, over one
 * connection to a nats-server. Started by command.ts with its settings as JSON.
 */

import { PEERS_MAX } from '@weir/node/cluster/latency-gossip.js';
import { Sketch } from '@weir/node/latency/sketch.js';
import { natsBus } from '@weir/proto/bus/nats-bus.js';
import { heartbeatIntervalMs, latencyIntervalMs, sketchesPerMessage } from '@weir/proto/cluster/pace.js';
import { tellAgainInMs } from '@weir/proto/cluster/shared-rates.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { sketchesMax } from '@weir/proto/events/latency-sketches.js';
import { type ClusterMessage, encodeMessage } from '@weir/proto/events/wire.js';
import { busClock, CLUSTER, HURRY, type Kind, RATE_KEYS, type TellerSettings } from './settings.js';

const settings: TellerSettings = JSON.parse(process.argv[2] ?? '{}'); // Written by command.ts.
const TICK_MS = 10;
const subjects = new Subjects(CLUSTER);
const bus = natsBus(
  { servers: [settings.server], name: 'tellers' },
  { clock: busClock, inbox: subjects.inbox('tellers'), random: Math.random },
);

/** A thousand answers around 20 ms with a long tail: some sixty buckets. */
function sketchBytes(): Uint8Array {
  const sketch = new Sketch();
  for (let i = 0; i < 1_000; i += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    sketch.observe(20 * Math.exp(0.6 * normal));
  }
  return sketch.toBytes();
}

/** Nobody has anything to say to a newcomer; but all do answer. */
for (const what of ['health', 'latency'])
  bus.subscribe(subjects.ask('*', what), ({ subject, reply }) => {
    const id = subject.split('.')[3] ?? '';
    const health = { kind: 'health.state', id, incarnation: 1, seq: 0, total: 0, outs: [] } as const;
    reply(encodeMessage(what === 'health' ? health : { kind: 'latency', id, seq: 0, sketches: [] }));
  });

const sketches = Array.from({ length: 50 }, sketchBytes);
const nothing = new Sketch().toBytes();

interface Teller {
  readonly id: string;
  readonly told: { health: number; rate: number; latency: number };
  seq: number;
  isOut: boolean;
}

const { nodes } = settings;
const perMessage = sketchesPerMessage(nodes, Math.min(settings.routes, sketchesMax));
/** Each tells that a target is out, and that it is well again, once a minute. */
const OPINION_EVERY_MS = 30_000;
const intervals: Readonly<Record<Kind, number>> = {
  heartbeats: heartbeatIntervalMs(nodes),
  health: OPINION_EVERY_MS,
  latency: latencyIntervalMs(nodes),
  rates: tellAgainInMs(nodes, RATE_KEYS),
};

/** Of each wait, when it was told last, as often as counts. */
const waits = Array.from({ length: Math.min(settings.routes, sketchesMax) }, (): number[] => []);

/** As node/cluster/latency-gossip.ts does: what so many have told within an interval is left out. */
function waitsToTell(nowMs: number): readonly number[] {
  const wanted: number[] = [];
  for (const [wait, toldMs] of waits.entries()) {
    if (wanted.length === perMessage) break;
    while (toldMs[0] !== undefined && toldMs[0] <= nowMs - intervals.latency) toldMs.shift();
    if (toldMs.length >= PEERS_MAX) continue;
    toldMs.push(nowMs);
    wanted.push(wait);
  }
  return wanted;
}

/** Null: nothing is to be told this time. */
function messageOf(kind: Kind, teller: Teller): ClusterMessage | null {
  const { id, told } = teller;
  const wallMs = Date.now();
  switch (kind) {
    case 'heartbeats': {
      teller.seq += 1;
      const life = { id, incarnation: 1, session: 1, role: 'node', intervalMs: intervals.heartbeats } as const;
      const own = { snapshotVersion: 41, loadPermille: 350, purgeEpoch: 9, told: { ...told } };
      return { kind: 'heartbeat', ...life, seq: teller.seq, ...own };
    }
    case 'health': {
      told.health += 1;
      teller.isOut = !teller.isOut;
      const to = teller.isOut ? 'out' : 'well';
      const reason = teller.isOut ? 'ejected: 5 failures in a row' : '';
      const about = { kind: 'outlier', upstream: 'up', target: 't0:80', from: 'well', to, reason } as const;
      const evidence = { failuresInARow: 5, forMs: 5_000, ejections: 1 };
      return {
        kind: 'opinion',
        id,
        incarnation: 1,
        seq: told.health,
        change: { ...about, evidence, atWallMs: wallMs },
      };
    }
    case 'latency': {
      const wanted = waitsToTell(busClock.nowMs()).map((i) => ({
        ...{ route: `route-${i}`, upstream: 'up', wait: 'firstByte' as const },
        ...{ answered: sketches[i % sketches.length] ?? nothing, givenUp: nothing },
      }));
      if (wanted.length === 0) return null;
      told.latency += 1;
      return { kind: 'latency', id, seq: told.latency, sketches: wanted };
    }
    case 'rates': {
      told.rate += 1;
      const window = Math.floor(wallMs / 1_000);
      const counts = Array.from({ length: RATE_KEYS }, (_, i) => [`api/0/consumer-${i}`, window, 10, 12] as const);
      return { kind: 'rate', id, incarnation: 1, seq: told.rate, counts };
    }
  }
}

const tellers = Array.from({ length: nodes - 1 }, (_, i): Teller => {
  return { id: `n${i}`, told: { health: 0, rate: 0, latency: 0 }, seq: 0, isOut: false };
});
const due: { atMs: number; readonly everyMs: number; readonly kind: Kind; readonly teller: Teller }[] = [];
for (const teller of tellers) {
  // One heartbeat at once, for the others to be believed; all the rest spread over their intervals.
  const nowMs = busClock.nowMs();
  due.push({ atMs: nowMs + Math.random() * 1_000, everyMs: Number.POSITIVE_INFINITY, kind: 'heartbeats', teller });
  for (const kind of settings.kinds) {
    const everyMs = intervals[kind];
    due.push({ atMs: nowMs + 1_500 + Math.random() * everyMs, everyMs, kind, teller });
  }
}

setInterval(() => {
  const nowMs = busClock.nowMs();
  // By this clock the process began at 0, as the one that hears did.
  const times = nowMs < HURRY.untilMs ? HURRY.times : 1;
  for (const one of due) {
    if (one.atMs > nowMs) continue;
    // Spread anew where the hurry ends, or all would be due at once.
    one.atMs = nowMs + (one.everyMs / times) * (0.9 + 0.2 * Math.random());
    if (times > 1 && one.atMs > HURRY.untilMs) one.atMs += one.everyMs * Math.random();
    const message = messageOf(one.kind, one.teller);
    if (message !== null) bus.publish(subjects.all(message.kind), encodeMessage(message));
  }
}, TICK_MS);
process.on('disconnect', () => process.exit());
