import type { CallRow } from '@weir/proto/events/calls.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Step, stepMs, steps } from './point.js';
import { Series } from './series.js';
import { pointsSince } from './since.js';

const row = (requests: number): CallRow => ['route', 'shop@1/a', requests, 0, 0, 0, 0, 0, 0, [requests]];
const START = 1_790_000_000_000 - (1_790_000_000_000 % stepMs['1h']);

it('no chart of what was made later shows a call from before it, and none from after the next whole second is missing', () => {
  const second = fc.integer({ min: 0, max: 7_199 });
  fc.assert(
    fc.property(
      fc.uniqueArray(second, { maxLength: 40, size: 'max' }),
      fc.integer({ min: 0, max: 7_199_999 }),
      fc.constantFrom(...steps),
      (calls, bornAfterMs, step: Step) => {
        const series = new Series();
        const times = [...calls].sort((a, b) => a - b);
        for (const at of times) series.add([row(1)], START + at * 1_000);
        const bornWallMs = START + bornAfterMs;
        const told = pointsSince(series, 'service:shop', step, { fromMs: 0, toMs: START + 86_400_000, bornWallMs });
        const seen = told.reduce((sum, { requests }) => sum + requests, 0);
        const later = times.filter((at) => START + at * 1_000 >= bornWallMs);
        expect(seen).toBeLessThanOrEqual(later.length);
        // Seconds are kept for ten minutes, and what is put together of them is only as much as that.
        const last = times.at(-1) ?? 0;
        const first = Math.floor(bornAfterMs / 60_000) * 60;
        const isKept = step !== '1h' && last - first < 600;
        if (isKept) expect(seen).toBe(later.length);
        expect(new Set(told.map(({ t }) => t)).size).toBe(told.length);
      },
    ),
    { numRuns: 300 },
  );
});

it('the hour in which it was made is put together of whole minutes from then on', () => {
  const series = new Series();
  const at = (minute: number): number => START + minute * 60_000;
  for (const [minute, requests] of [
    [1, 5],
    [10, 7],
    [30, 11],
    [70, 13],
  ] as const)
    series.add([row(requests)], at(minute));
  const chart = (bornWallMs: number) =>
    pointsSince(series, 'service:shop', '1h', { fromMs: 0, toMs: at(200), bornWallMs }).map(({ requests }) => requests);
  expect(chart(0)).toEqual([23, 13]);
  expect(chart(START)).toEqual([23, 13]);
  expect(chart(at(9) + 1)).toEqual([18, 13]);
  expect(chart(at(10) + 1)).toEqual([11, 13]);
  expect(chart(at(31))).toEqual([13]);
});
