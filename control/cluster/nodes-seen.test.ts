import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { FORGET_MS } from '@weir/proto/cluster/membership.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import type { Role } from '@weir/proto/events/membership.js';
import { expect, it } from 'vitest';
import { NodesSeen } from './nodes-seen.js';

const subjects = new Subjects('c1');

function setUp() {
  const [clock, broker] = [new TestClock(), new Broker()];
  const join = (id: string, role: Role): Presence =>
    new Presence({
      ...{ bus: memoryBus(broker, { clock, inbox: subjects.inbox(id) }), clock, subjects, role, random: () => 0.5 },
      life: { id, incarnation: 1, session: 1 },
      report: () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 }),
      warn: () => {},
    });
  const presence = join('k', 'control');
  const seen = new NodesSeen(
    presence,
    () => {},
    () => ({ serial: 1, version: 1 }),
  );
  const report = (from: Presence, id: string): void => {
    const what = { serial: 1, version: 1, hash: 'ab'.repeat(32), state: 'applied', reason: '' } as const;
    from.tell({ kind: 'snapshot.report', id, ...what });
  };
  return { clock, join, seen, report };
}

it('hosts are forgotten with their workers, and those that never had one when they are as long silent', async () => {
  const { clock, join, seen, report } = setUp();
  const stays = join('a-1', 'node');
  // As many as an autoscaler makes and ends, each with a name of its own.
  const goes = ['b-1', 'b-2', 'c'].map((id) => join(id, 'node'));
  await clock.pass(1_000);
  for (const id of ['a', 'b', 'c', 'none-yet']) report(stays, id);
  await clock.pass(1_000);
  const ids = (): readonly string[] =>
    seen
      .sights()
      .map(({ id }) => id)
      .sort();
  expect(ids()).toEqual(['a', 'b', 'c', 'none-yet']);
  for (const one of goes) one.leave();
  await clock.pass(FORGET_MS / 2);
  expect(ids()).toEqual(['a', 'b', 'c', 'none-yet']);
  await clock.pass(FORGET_MS);
  expect(ids()).toEqual(['a']);
});
