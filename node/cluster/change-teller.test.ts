import type { Appended } from '@weir/proto/bus/shared-log.js';
import { settled, TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import { expect, it } from 'vitest';
import { ChangeTeller, PACE_MS, PACE_MS_OF_EACH, RETRY_MS } from './change-teller.js';

const away: Appended = { ok: false, why: 'away', detail: 'no server' };

function setUp(nodes = 2) {
  const clock = new TestClock();
  const told: { readonly atMs: number; readonly paths: string }[] = [];
  let answer: () => Promise<Appended> = async () => ({ ok: true, number: 1 });
  const teller = new ChangeTeller({
    clock,
    nodes: () => nodes,
    append: (urls) => {
      told.push({ atMs: clock.nowMs(), paths: urls.map(({ path }) => path).join() });
      return answer();
    },
  });
  const change = (path: string): void => teller.changed({ authority: 'a.example', path, query: '' });
  return { clock, told, teller, change, answers: (next: () => Promise<Appended>) => (answer = next) };
}

it('tells the first change at once, and those behind it together, at the pace of the cluster', async () => {
  const { clock, told, teller, change } = setUp(40);
  change('/a');
  await clock.pass(50);
  expect(told).toEqual([{ atMs: 50, paths: '/a' }]);
  for (const path of ['/b', '/c', '/b']) change(path);
  await clock.pass(40 * PACE_MS_OF_EACH - 50);
  expect(told).toHaveLength(1);
  await clock.pass(50);
  expect(told[1]).toEqual({ atMs: 50 + 40 * PACE_MS_OF_EACH, paths: '/b,/c' });
  expect(teller.counts()).toEqual({ pending: 0, told: 3, dropped: 0, waitedMs: 0 });
  await clock.pass(10 * RETRY_MS);
  expect(told).toHaveLength(2);
});

it('keeps what the log does not take and tells it when it does; what it refuses is dropped', async () => {
  const { clock, told, teller, change, answers } = setUp();
  answers(async () => away);
  change('/a');
  await clock.pass(50);
  change('/b');
  expect(teller.counts()).toMatchObject({ pending: 2, told: 0, waitedMs: 50 });
  answers(async () => ({ ok: true, number: 1 }));
  await clock.pass(RETRY_MS);
  expect([told.at(-1)?.paths, teller.counts()]).toMatchObject(['/a,/b', { pending: 0, told: 2, waitedMs: 0 }]);
  answers(async () => ({ ok: false, why: 'refused', detail: 'not allowed' }));
  change('/c');
  await clock.pass(2 * PACE_MS);
  expect(teller.counts()).toMatchObject({ pending: 0, told: 2, dropped: 1 });
});

it('asks the log for one thing at a time', async () => {
  const { clock, told, change, answers } = setUp();
  let settle: (appended: Appended) => void = () => {};
  answers(() => new Promise((resolve) => (settle = resolve)));
  change('/a');
  await clock.pass(50);
  change('/b');
  await clock.pass(10 * PACE_MS);
  expect(told).toHaveLength(1);
  settle({ ok: true, number: 1 });
  await settled();
  await clock.pass(50);
  expect(told.map(({ paths }) => paths)).toEqual(['/a', '/b']);
});

it('tells what is left when it ends, and waits for a log that is silent no longer than it may', async () => {
  const { clock, told, teller, change, answers } = setUp();
  change('/a');
  await teller.close();
  expect(told.map(({ paths }) => paths)).toEqual(['/a']);
  change('/late');
  await clock.pass(RETRY_MS);
  expect(told).toHaveLength(1);
  const silent = setUp();
  silent.answers(() => new Promise(() => {}));
  silent.change('/a');
  let isClosed = false;
  void silent.teller.close().then(() => (isClosed = true));
  await silent.clock.pass(450);
  expect(isClosed).toBe(false);
  await silent.clock.pass(50);
  expect(isClosed).toBe(true);
  answers(async () => away);
});
