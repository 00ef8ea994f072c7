import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import type { Role } from '@weir/proto/events/membership.js';
import { decodeMessage } from '@weir/proto/events/wire.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nodeStatus } from '../observe/testing/node-status.js';
import { loadPermille } from './load.js';
import { nodeMember } from './node-member.js';

const load = { loopUtilization: 0.2, connections: 3, connectionsMax: 10, bodyBytes: 0, bodyBytesMax: 0 };
const sources = {
  ...{ host: 'm1', load: () => load, loopDelayMs: () => 2, snapshotVersion: () => 4, purgeEpoch: () => 9 },
  labels: ['zone=a'],
  traffic: () => ({ exchanges: 3, failed: 1, timeouts: 0, turnedAway: 0, slots: [3] }),
  metricsAddress: () => ({ host: '::1', port: 9090 }),
  status: () => nodeStatus({ listening: { host: '10.0.0.1', port: 80, tls: false }, warnings: ['x'.repeat(9_999)] }),
};

function join(broker: Broker, id: string, role: Role): Presence {
  const subjects = new Subjects('c1');
  const bus = memoryBus(broker, { clock: realClock, inbox: subjects.inbox(id) });
  const life = { id, incarnation: 1, session: 1 };
  const report = () => ({ snapshotVersion: 0, loadPermille: 0, purgeEpoch: 0 });
  return new Presence({ bus, clock: realClock, subjects, life, role, random: Math.random, report, warn: () => {} });
}

it('a member reports the fullest of what it has, and answers who asks with what a heartbeat is too short for', async () => {
  const broker = new Broker();
  const [presence, control] = [join(broker, 'n1', 'node'), join(broker, 'k1', 'control')];
  const member = nodeMember(presence, sources);
  expect(member.report()).toEqual({ snapshotVersion: 4, loadPermille: 300, purgeEpoch: 9 });
  await expect.poll(() => member.status()?.members.map(({ id }) => id)).toEqual(['k1']);
  expect(member.status()).toMatchObject({ cluster: 'c1', id: 'n1', loadPermille: 300, bus: { isConnected: true } });
  const answer = await control.ask('n1', 'status', new Uint8Array(), 2_000);
  expect(decodeMessage(answer ?? new Uint8Array())).toMatchObject({
    ok: true,
    message: { id: 'n1', host: 'm1', traffic: '10.0.0.1:80', metrics: '[::1]:9090', warnings: ['x'.repeat(500)] },
  });
  const traffic = await control.ask('n1', 'traffic', new Uint8Array(), 2_000);
  expect(decodeMessage(traffic ?? new Uint8Array())).toEqual({
    ok: true,
    message: { kind: 'traffic', id: 'n1', session: 1, version: 4, labels: ['zone=a'], counts: sources.traffic() },
  });
  member.leave();
  await expect.poll(() => control.members()[0]?.standing).toBe('left');
});

it('a node by itself has a load and no cluster', () => {
  const member = nodeMember(null, sources);
  expect([member.status(), member.loadPermille()]).toEqual([null, 300]);
  member.leave();
});

it('load is a share of what there is, from nothing to all of it, and grows with each of its parts', () => {
  const amount = fc.oneof(fc.nat(2_000), fc.constantFrom(Number.POSITIVE_INFINITY));
  const reading = fc.record({
    loopUtilization: fc.double({ min: 0, max: 1, noNaN: true }),
    connections: fc.nat(2_000),
    connectionsMax: amount,
    bodyBytes: fc.nat(2_000),
    bodyBytesMax: amount,
  });
  fc.assert(
    fc.property(reading, (one) => {
      const permille = loadPermille(one);
      expect(permille).toBeGreaterThanOrEqual(0);
      expect(permille).toBeLessThanOrEqual(1_000);
      expect(Number.isInteger(permille)).toBe(true);
      for (const more of ['connections', 'bodyBytes'] as const)
        expect(loadPermille({ ...one, [more]: one[more] + 100 })).toBeGreaterThanOrEqual(permille);
      if (one.connectionsMax > 0 && one.connections >= one.connectionsMax) expect(permille).toBe(1_000);
    }),
  );
});
