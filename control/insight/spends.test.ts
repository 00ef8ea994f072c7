import { noSpend, plusSpend, type SpendRow } from '@weir/proto/events/spends.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepMs } from './point.js';
import { readLength, spendReport, spendWindow } from './spend-report.js';
import { keptBuckets, type SpendBucket, Spends, spendRowsKept, spendSteps } from './spends.js';

const HOUR = 3_600_000;
const EVER = Number.POSITIVE_INFINITY;

function row(team: string, micros: number, consumer = 'ada', model = 'fast'): SpendRow {
  return [
    ['chat', consumer, team, model, 'openai'],
    [1, 10, 20, 5, 0, 0, 0, micros],
  ];
}
const micros = (rows: readonly SpendRow[]): number => rows.reduce((sum, [, sums]) => plusSpend(sum, sums), noSpend)[7];

describe('what was spent', () => {
  it('comes to the same by minutes and by hours, in this life and in the next', () => {
    const spend = fc.record({ afterMs: fc.nat(400_000), team: fc.constantFrom('red', 'blue', ''), cost: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(spend, { maxLength: 25 }), fc.nat(25), (spends, endAt) => {
        const kept = new Map<string, SpendBucket>();
        let series = new Spends();
        let nowMs = 5 * HOUR;
        const keep = () => {
          for (const bucket of series.takeChanged()) kept.set(`${bucket.step} ${bucket.t}`, bucket);
        };
        spends.forEach(({ afterMs, team, cost }, i) => {
          nowMs += afterMs;
          series.add([row(team, cost)], nowMs);
          if (i % 3 === 0) keep();
          if (i !== endAt) return;
          keep();
          series = new Spends();
          for (const bucket of kept.values()) series.restore(bucket);
        });
        const all = spends.reduce((sum, { cost }) => sum + cost, 0);
        expect(micros(series.rows('1m', 0, EVER))).toBe(all);
        expect(micros(series.rows('1h', 0, EVER))).toBe(all);
        const byTeam = spendReport(series.rows('1h', 0, EVER), 'team', {}, 100);
        for (const { name, costMicros } of byTeam.items)
          expect(costMicros).toBe(spends.reduce((sum, { team, cost }) => sum + (team === name ? cost : 0), 0));
        keep();
        expect(series.takeChanged()).toEqual([]);
      }),
    );
  });

  it('is kept for so long and no longer', () => {
    const series = new Spends();
    for (let hour = 0; hour < keptBuckets['1h'] + 5; hour += 1) series.add([row('red', 1)], hour * HOUR);
    expect(series.rows('1h', 0, EVER).length).toBe(keptBuckets['1h']);
    expect(series.rows('1m', 0, EVER).length).toBe(3);
    expect(series.size).toBe(keptBuckets['1h'] + 3);
    for (const step of spendSteps) expect(series.since(step)).toBe(0);
  });

  it('gives up the oldest minutes, and then the oldest hours, where there are too many to be told apart, and says so', () => {
    const series = new Spends();
    const many = Array.from({ length: 2_000 }, (_, i) => row('red', 1, `c${i}`));
    for (let hour = 0; hour < 110; hour += 1) series.add(many, hour * HOUR);
    expect(series.size).toBeLessThanOrEqual(spendRowsKept);
    const kept = series.rows('1h', 0, EVER).length / 2_000;
    expect(kept).toBe(99);
    expect(series.since('1h')).toBe((110 - kept) * HOUR);
    expect(series.rows('1m', 0, EVER).length).toBe(2_000);
    expect(series.since('1m')).toBe(108 * HOUR + stepMs['1m']);
  });

  it('is seen of a team since it was made, by minutes of the hour in which that was', () => {
    const series = new Spends();
    for (let minute = 0; minute < 150; minute += 1)
      series.add([row('red', 1), row('blue', 1_000)], HOUR + minute * 60_000);
    const seen = (step: '1m' | '1h', since: number | null, fromMs = 0) =>
      micros(series.rowsSince(step, fromMs, (team) => (team === 'red' ? since : null)));
    for (const step of spendSteps) {
      expect([seen(step, 0), seen(step, null)]).toEqual([150, 0]);
      // Half an hour into the second hour; the minute itself may hold what was before.
      expect(seen(step, 2 * HOUR + 30 * 60_000)).toBe(60);
      expect(seen(step, 2 * HOUR + 30 * 60_000 + 1)).toBe(59);
      expect(seen(step, 2 * HOUR)).toBe(90);
    }
    expect(seen('1h', HOUR + 60_000, 2 * HOUR)).toBe(90);
  });

  it('is counted once where a clock is set back', () => {
    const series = new Spends();
    series.add([row('red', 5)], 10 * HOUR);
    series.add([row('red', 5)], 9 * HOUR);
    expect([micros(series.rows('1h', 0, EVER)), micros(series.rows('1m', 10 * HOUR, EVER))]).toEqual([10, 10]);
  });
});

describe('a report', () => {
  const rows = [row('red', 5), row('red', 30, 'bob', 'large'), row('blue', 20, 'cy'), row('', 1, '')];

  it('tells apart by each of the names, what cost most first', () => {
    const named = (by: Parameters<typeof spendReport>[1]) =>
      spendReport(rows, by, {}, 10).items.map(({ name, costMicros }) => [name, costMicros]);
    expect(named('team')).toEqual([
      ['red', 35],
      ['blue', 20],
      ['', 1],
    ]);
    expect(named('model')).toEqual([
      ['large', 30],
      ['fast', 26],
    ]);
    expect([named('provider'), named('route')]).toEqual([[['openai', 56]], [['chat', 56]]]);
    expect(named('consumer')[0]).toEqual(['bob', 30]);
  });

  it('holds what is asked for, and its total also what there is no room for', () => {
    expect(spendReport(rows, 'consumer', { team: 'red' }, 1)).toMatchObject({
      items: [{ name: 'bob', requests: 1, inputTokens: 10, outputTokens: 20, cachedTokens: 5 }],
      total: { costMicros: 35, requests: 2 },
    });
    expect(spendReport(rows, 'team', { consumer: 'ada', model: 'large' }, 10).items).toEqual([]);
  });
});

describe('a window', () => {
  it('is of whole minutes where those are kept, and else of whole hours', () => {
    expect(spendWindow(60 * 60_000, 10 * HOUR + 90_500)).toEqual({ step: '1m', fromMs: 9 * HOUR + 60_000 });
    expect(spendWindow(24 * HOUR, 50 * HOUR + 90_500)).toEqual({ step: '1h', fromMs: 26 * HOUR });
    expect(spendWindow(3 * HOUR, 50 * HOUR).step).toBe('1h');
  });

  it.each([
    ['90m', 90 * 60_000],
    ['24h', 24 * HOUR],
    ['31d', 31 * 24 * HOUR],
    ['32d', null],
    ['0h', null],
    ['1w', null],
    ['h', null],
    ['1 h', null],
  ])('%s is read', (text, lengthMs) => {
    expect(readLength(text)).toBe(lengthMs);
  });
});
