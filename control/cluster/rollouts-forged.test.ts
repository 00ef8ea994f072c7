import { memoryBus } from '@weir/proto/bus/broker.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { SERIAL_MAX } from '@weir/proto/events/guards.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { describe, expect, it } from 'vitest';
import { AHEAD_MAX } from './nodes-seen.js';
import { running, versionsOf } from './testing/small-cluster.js';
import { configOf } from './testing/test-cluster.js';

describe('numbers that a node tells, which no one signs', () => {
  // In turn what can't be read, the highest that can, and the highest that is believed: after each, control goes on.
  it.each([Number.MAX_SAFE_INTEGER, SERIAL_MAX, AHEAD_MAX])('%d: later revisions reach all nodes', async (number) => {
    const { cluster, nodes, control } = await running();
    const stranger = memoryBus(cluster.broker, { clock: cluster.clock, inbox: 'inbox.stranger' });
    const subjects = new Subjects('c1');
    const report = { serial: number, version: number, hash: 'ab'.repeat(32), state: 'applied', reason: '' } as const;
    for (const id of ['n0', 'stranger'])
      stranger.publish(subjects.all('snapshot.report'), encodeMessage({ kind: 'snapshot.report', id, ...report }));
    const told = {
      seq: 1,
      intervalMs: 1_000,
      loadPermille: 0,
      purgeEpoch: 0,
      told: { health: 0, rate: 0, latency: 0 },
    };
    const life = { id: 'liar', incarnation: 9, session: 9, role: 'node', snapshotVersion: number } as const;
    stranger.publish(subjects.all('heartbeat'), encodeMessage({ kind: 'heartbeat', ...life, ...told }));
    await cluster.clock.pass(1_000);
    for (const answer of ['two', 'three']) {
      cluster.apply(configOf(answer), control);
      await cluster.clock.pass(8_000);
    }
    const target = control.rollouts.record()?.target;
    expect(target?.revision).toBe(3);
    expect(target?.version).toBeLessThan(SERIAL_MAX / 2);
    expect(versionsOf(nodes)).toEqual(nodes.map(() => target?.version));
  });
});
