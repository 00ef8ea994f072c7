import { slotOf } from '@weir/proto/cluster/durations.js';
import type { CallRow } from '@weir/proto/events/calls.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptPoints, stepMs, steps } from './point.js';
import { ALL, type Closed, pointsMax, Series, tracksMax } from './series.js';
import { topOf } from './top.js';

const HOUR = 3_600_000;

function row(of: 'route' | 'consumer', name: string, requests: number, ms = 10, failed = 0): CallRow {
  const slots = new Array<number>(slotOf(ms) + 1).fill(0);
  slots[slotOf(ms)] = requests;
  return [of, name, requests, failed, 0, failed, 0, requests, 2 * requests, slots];
}

const sum = (series: Series, of: string, step: (typeof steps)[number]): number =>
  series.points(of, step, 0, Number.POSITIVE_INFINITY).reduce((all, { requests }) => all + requests, 0);

describe('charts of calls', () => {
  it('say the same by seconds, minutes and hours, whatever comes when', () => {
    const call = fc.record({
      afterMs: fc.nat(90_000),
      route: fc.constantFrom('a', 'shop@2/b', ''),
      requests: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const series = new Series();
        let nowMs = 5 * HOUR;
        let [all, ofService] = [0, 0];
        for (const { afterMs, route, requests } of calls) {
          nowMs += afterMs;
          series.add([row('route', route, requests)], nowMs);
          series.tick(nowMs);
          all += requests;
          if (route === 'shop@2/b') ofService += requests;
        }
        expect(sum(series, ALL, '1h')).toBe(all);
        expect(sum(series, ALL, '1m')).toBe(all);
        expect(sum(series, 'service:shop', '1m')).toBe(ofService);
        expect(sum(series, 'route:shop@2/b', '1h')).toBe(ofService);
        for (const step of steps) {
          const times = series.points(ALL, step, 0, Number.POSITIVE_INFINITY).map(({ t }) => t);
          expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
          expect(times.every((t) => t % stepMs[step] === 0)).toBe(true);
        }
      }),
    );
  });

  it('go on after a restart: minutes as they were, and the hour that was open with what its minutes say', () => {
    const closed: Closed[] = [];
    const before = new Series((one) => closed.push(one));
    for (let minute = 0; minute < 90; minute += 1)
      before.add([row('route', 'a', 100, minute % 2 === 0 ? 10 : 1_000)], 5 * HOUR + minute * 60_000);
    before.tick(5 * HOUR + 90 * 60_000);
    const after = new Series();
    for (const step of ['1h', '1m'] as const) for (const one of closed) if (one.step === step) after.restore(one);
    after.add([row('route', 'a', 100)], 5 * HOUR + 90 * 60_000);
    expect(after.points('route:a', '1h', 0, Number.POSITIVE_INFINITY).map(({ requests }) => requests)).toEqual([
      6_000, 3_100,
    ]);
    expect(after.points('route:a', '1m', 0, Number.POSITIVE_INFINITY).length).toBe(91);
    const [, hour] = after.points('route:a', '1h', 0, Number.POSITIVE_INFINITY);
    expect(hour?.p50).toBeLessThan(100);
    expect(hour?.p95).toBeGreaterThan(900);
  });

  it('keep so many points, and forget the track that was silent for longest, but never that of all', () => {
    const series = new Series();
    for (let second = 0; second < keptPoints['1s'] + 50; second += 1)
      series.add([row('route', 'a', 1)], second * 1_000);
    expect(series.points('route:a', '1s', 0, Number.POSITIVE_INFINITY).length).toBe(keptPoints['1s'] + 1);
    const many = new Series();
    for (let i = 0; i < tracksMax + 10; i += 1) many.add([row('route', `r${i}`, 1)], 1_000);
    expect(many.size.tracks).toBe(tracksMax);
    expect(many.size.points).toBeLessThanOrEqual(pointsMax);
    expect([sum(many, ALL, '1s'), sum(many, 'route:r0', '1s'), sum(many, `route:r${tracksMax}`, '1s')]).toEqual([
      tracksMax + 10,
      0,
      1,
    ]);
    expect(many.forgotten).toBe(11);
  });

  it('a clock that is set back adds nothing to what is closed', () => {
    const series = new Series();
    series.add([row('route', 'a', 5)], 10 * HOUR);
    series.add([row('route', 'a', 5)], 11 * HOUR);
    series.add([row('route', 'a', 5)], 10 * HOUR);
    expect(series.points(ALL, '1h', 0, Number.POSITIVE_INFINITY).map(({ requests }) => requests)).toEqual([5, 5]);
  });

  it('tell who has the most of what', () => {
    const series = new Series();
    series.add([row('route', 'a', 100, 10, 1), row('route', 'b', 10, 900, 5), row('consumer', 'ada', 7)], HOUR);
    const window = { fromMs: 0, toMs: 2 * HOUR };
    const names = (of: 'requests' | 'errors' | 'latency' | 'saved') =>
      topOf(series, 'route', of, window, 10).map(({ name }) => name);
    expect([names('requests'), names('errors'), names('latency'), names('saved')]).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['b', 'a'],
      [],
    ]);
    expect(topOf(series, 'consumer', 'requests', window, 1)).toMatchObject([{ name: 'ada', value: 7 }]);
  });
});
