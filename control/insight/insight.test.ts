import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { Calls } from '@weir/proto/events/calls.js';
import { afterEach, expect, it } from 'vitest';
import { Insight } from './insight.js';
import { insightStore } from './insight-store.js';

const folders: string[] = [];
const fileIn = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-insight-'));
  folders.push(folder);
  return join(folder, 'insight.mdb');
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const START = 1_790_000_000_000;

function begin(file: string, startMs = START) {
  const said: string[] = [];
  let tell: (calls: Calls) => void = () => {};
  let task = (): void => {};
  let wallMs = startMs;
  // Only one kind is heard here.
  const hear = ((_kind: 'calls', listener: (calls: Calls) => void) => {
    tell = listener;
    return () => {};
  }) as Presence['hear'];
  const insight = new Insight({
    presence: { hear },
    wallMs: () => wallMs,
    every: (_, run) => {
      task = run;
      return () => {};
    },
    store: insightStore(file, (text) => said.push(text)),
  });
  return {
    insight,
    said,
    tell: (requests: number) =>
      tell({
        ...{ kind: 'calls', id: 'n', session: 1, records: [], untold: 0 },
        rows: [['route', 'a', requests, 0, 0, 0, 0, 0, 0, [requests]]],
        spends: [
          [
            ['chat', 'ada', 'red', 'fast', 'openai'],
            [requests, 0, 0, 0, 0, 0, 0, 7],
          ],
        ],
        budgets: [['', 'team-cost', 'cost', 'day', 'shared', ['red'], 'red', 100, requests, wallMs + 60_000]],
      }),
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 1_000) {
        wallMs += Math.min(left, 1_000);
        task();
      }
    },
    spent: (step: '1m' | '1h') =>
      insight.spends
        .rows(step, 0, Number.POSITIVE_INFINITY)
        .map(([, [requests, , , , , , , micros]]) => [requests, micros]),
    points: (step: '1m' | '1h') =>
      insight.series.points('route:a', step, 0, Number.POSITIVE_INFINITY).map(({ requests }) => requests),
  };
}

it('what was charted is there in the next life', async () => {
  const file = fileIn();
  const one = begin(file);
  for (let minute = 0; minute < 5; minute += 1) {
    one.tell(10 + minute);
    one.pass(60_000);
  }
  const seen: (number | null)[] = [];
  const times: number[] = [];
  one.insight.onSecond((second) => {
    seen.push('requests' in second ? second.requests : null);
    times.push(second.t);
  });
  one.tell(7);
  one.pass(2_000);
  expect(seen).toEqual([7, null]);
  // A second without calls has its time all the same.
  expect(times.map((t) => t - (times[0] ?? 0))).toEqual([0, 1_000]);
  await one.insight.close();
  const two = begin(file, START + 400_000);
  expect(two.points('1m')).toEqual([10, 11, 12, 13, 14]);
  expect(two.points('1h')).toEqual([60]);
  await two.insight.close();
  expect([...one.said, ...two.said]).toEqual([]);
});

it('what was spent is there in the next life, as far as its hour had come; what budgets have left is told anew', async () => {
  const file = fileIn();
  const one = begin(file);
  one.tell(10);
  one.pass(60_000);
  one.tell(3);
  expect(one.insight.budgets.list(START)).toMatchObject([{ of: ['red'], left: 3 }]);
  await one.insight.close();
  const two = begin(file, START + 61_000);
  two.tell(4);
  expect([two.spent('1m'), two.spent('1h')]).toEqual([
    [
      [10, 7],
      [7, 14],
    ],
    [[17, 21]],
  ]);
  two.pass(60_000);
  await two.insight.close();
  const three = begin(file, START + 32 * 24 * 3_600_000);
  three.tell(5);
  three.pass(61_000);
  await three.insight.close();
  const four = begin(file, START + 32 * 24 * 3_600_000 + 300_000);
  expect([four.spent('1m'), four.spent('1h')]).toEqual([[[5, 7]], [[5, 7]]]);
  await four.insight.close();
});

it('what is older than a month is gone, from the disk as well', async () => {
  const file = fileIn();
  const one = begin(file);
  one.tell(10);
  one.pass(61_000);
  await one.insight.close();
  const two = begin(file, START + 40 * 24 * 3_600_000);
  two.tell(5);
  two.pass(121_000);
  await two.insight.close();
  const three = begin(file, START + 40 * 24 * 3_600_000 + 300_000);
  expect(three.points('1m')).toEqual([5]);
  await three.insight.close();
});

it('a file that is none costs the history, is said, and nothing else', async () => {
  const file = fileIn();
  writeFileSync(file, 'x'.repeat(10_000));
  const one = begin(file);
  one.tell(10);
  one.pass(61_000);
  expect(one.points('1m')).toEqual([10]);
  await one.insight.close();
  expect(one.said.length).toBe(1);
  expect(one.said[0]).toContain('charts of calls are kept in memory alone');
});
