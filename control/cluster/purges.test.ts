import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import { LogSight } from '@weir/proto/cluster/log-sight.js';
import { Presence } from '@weir/proto/cluster/presence.js';
import { MEMBER, memberBytes } from '@weir/proto/cluster/purge-entries.js';
import { PurgeRound } from '@weir/proto/cluster/purge-round.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { decodeMessage } from '@weir/proto/events/wire.js';
import { afterEach, expect, it, vi } from 'vitest';
import { Purges } from './purges.js';

afterEach(() => vi.restoreAllMocks());

const subjects = new Subjects('c1');

/** With marks, as a log in JetStream has them; followers miss one number. */
function marked(log: SharedLog, missed: number): SharedLog {
  const withMark = (record: LogRecord): LogRecord => ({ ...record, mark: `m${record.number}` });
  return {
    async append(writer, bytes, after) {
      if (typeof after !== 'string') return log.append(writer, bytes, after);
      const number = Number(after.slice(1));
      return log.append(writer, bytes, number);
    },
    bounds: () => log.bounds(),
    read: async (from, max) => (await log.read(from, max))?.map(withMark) ?? null,
    follow: (onRecord) => log.follow((record) => record.number === missed || onRecord(withMark(record))),
    close: () => log.close(),
  };
}

/** A control, and members that have joined in its log and say what a test lets them say. */
async function setUp(members: number, log = memoryLog()) {
  const [broker, clock] = [new Broker(), new TestClock()];
  const presenceOf = (id: string, role: 'node' | 'control'): Presence => {
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(id) });
    const report = () => ({ snapshotVersion: 1, loadPermille: 0, purgeEpoch: 0 });
    const life = { id, incarnation: 1, session: 1 };
    return new Presence({ bus, clock, subjects, life, role, random: () => 0.5, report, warn: () => {} });
  };
  const ids = Array.from({ length: members }, (_, i) => `n${i}`);
  for (const id of ids) await log.append(MEMBER, memberBytes({ entry: 'join', id, incarnation: 1 }));
  const sight = new LogSight();
  for (const { number, bytes } of (await log.read(1, members)) ?? []) sight.isSameEntry(number, bytes);
  const presence = presenceOf('k', 'control');
  const trust = { cluster: 'c1', keys: null };
  const purges = new Purges({ presence, log, clock, trust, signer: null, sharesInRedis: false, hasNoPast: true });
  const teller = presenceOf('teller', 'node');
  await clock.pass(300);
  const acknowledge = (id: string, epoch: number): void =>
    void teller.tell({ kind: 'purge.ack', id, incarnation: 1, epoch, log: sight.identity });
  const purge = (tag: string) => purges.purge({ targets: [{ kind: 'tag', tag }], isSoft: false });
  return { clock, ids, log, purge, acknowledge, teller };
}

it('hears each of many nodes for each of many purges, and looks at all of them only when one is complete', async () => {
  const { ids, purge, acknowledge } = await setUp(60);
  const verdicts = vi.spyOn(PurgeRound.prototype, 'verdict');
  const outcomes = Promise.all(Array.from({ length: 40 }, (_, at) => purge(`t${at}`)));
  for (let i = 0; i < 10; i += 1) await settled();
  for (const id of ids) {
    for (let number = 1; number <= 40; number += 1) acknowledge(id, ids.length + number);
    await settled();
  }
  for (const { obeyed, missing } of await outcomes) expect([obeyed.length, missing]).toEqual([60, []]);
  // Of 2,400 acknowledgements.
  expect(verdicts.mock.calls.length).toBe(40);
});

it('asks who is missing once for all purges, and for the latest of them', async () => {
  const { clock, ids, purge, acknowledge, teller } = await setUp(2);
  const asked: number[] = [];
  teller.bus.subscribe(subjects.ask('n1', 'purge'), ({ bytes }) => {
    const decoded = decodeMessage(bytes);
    if (decoded.ok && decoded.message.kind === 'purge.ack') asked.push(decoded.message.epoch);
  });
  const outcomes = Promise.all(Array.from({ length: 10 }, (_, at) => purge(`t${at}`)));
  for (let i = 0; i < 10; i += 1) await settled();
  acknowledge('n0', 12);
  await clock.pass(1_000);
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(asked.length).toBeLessThanOrEqual(4);
  expect(new Set(asked)).toEqual(new Set([12]));
  acknowledge('n1', 12);
  for (const { obeyed } of await outcomes) expect(obeyed.map(({ node }) => node).sort()).toEqual(ids);
});

it('puts those who are gone out a few at a time, and all of them', async () => {
  const { clock, ids, log, purge } = await setUp(100);
  let [underWay, most] = [0, 0];
  const append = log.append.bind(log);
  vi.spyOn(log, 'append').mockImplementation(async (...entry) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await settled();
    underWay -= 1;
    return append(...entry);
  });
  const outcome = purge('t');
  await clock.pass(12_000);
  expect((await outcome).lapsed).toHaveLength(ids.length);
  await clock.pass(1_000);
  const last = (await log.bounds())?.last ?? 0;
  expect([most <= 32, last]).toEqual([true, ids.length + 1 + ids.length]);
});

it('asks the log whether it is the same for all purges that wait for that at once', async () => {
  const { ids, log, purge, acknowledge } = await setUp(2);
  const bounds = log.bounds.bind(log);
  const appended: number[] = [];
  const asked = vi.spyOn(log, 'bounds').mockImplementation(async () => {
    appended.push((await bounds())?.last ?? 0);
    for (let i = 0; i < 5; i += 1) await settled();
    return bounds();
  });
  const outcomes = Promise.all(Array.from({ length: 16 }, (_, at) => purge(`t${at}`)));
  for (let i = 0; i < 5; i += 1) await settled();
  for (const id of ids) acknowledge(id, ids.length + 16);
  for (const { obeyed, missing } of await outcomes) expect([obeyed.length, missing]).toEqual([2, []]);
  expect(asked.mock.calls.length).toBeLessThanOrEqual(3);
  // The last question began when the last purge was in the log.
  expect(appended.at(-1)).toBe(ids.length + 16);
});

it('takes a purge that came right behind the last known entry for confirmed, and asks the log where another came between', async () => {
  const { ids, log, purge, acknowledge } = await setUp(2, marked(memoryLog(), 6));
  const [asked, append] = [vi.spyOn(log, 'bounds'), vi.spyOn(log, 'append')];
  const done = async (tag: string, number: number): Promise<number | null | undefined> => {
    const outcome = purge(tag);
    for (let i = 0; i < 5; i += 1) await settled();
    for (const id of ids) acknowledge(id, number);
    const { obeyed, missing, steps } = await outcome;
    expect([obeyed.length, missing]).toEqual([2, []]);
    return steps?.confirmedMs;
  };
  for (const number of [3, 4, 5]) expect(await done(`t${number}`, number)).toBe(0);
  expect([asked.mock.calls.length, append.mock.calls.map(([, , after]) => after)]).toEqual([0, ['m2', 'm3', 'm4']]);
  await log.append(MEMBER, memberBytes({ entry: 'out', id: 'n9', incarnation: 1, isOwn: true }));
  expect(await done('late', 7)).not.toBeNull();
  expect([asked.mock.calls.length, append.mock.calls.slice(-2).map(([, , after]) => after)]).toEqual([
    1,
    ['m5', undefined],
  ]);
});
