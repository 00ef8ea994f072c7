import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptPhases } from '../pipeline/dispatch.js';
import { createAttempt, phaseDurations } from '../pipeline/exchange.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { Cells, outcomeLabels, RouteCells, statusLabels, UpstreamCells } from './cells.js';
import { bucketsMs, DurationCells } from './duration-cells.js';

const upstreamSpec = (id: string, ...targetIds: string[]) =>
  makeUpstream(
    targetIds.map((targetId) => makeTarget({ id: targetId })),
    { id },
  ).spec;

describe('a histogram of durations', () => {
  it('counts each value in the first bucket that holds it, as a plain search would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 100_000, noNaN: true }), fc.constantFrom(...bucketsMs)), {
          size: 'max',
          maxLength: 200,
        }),
        (values) => {
          const cells = new DurationCells();
          for (const value of values) cells.observe(value);
          const bounds = [...bucketsMs, Number.POSITIVE_INFINITY];
          bounds.forEach((bound, i) => {
            const lower = i === 0 ? -1 : (bounds[i - 1] ?? 0);
            expect(cells.counts[i]).toBe(values.filter((value) => value > lower && value <= bound).length);
          });
          expect(cells.count).toBe(values.length);
          expect(cells.sumMs).toBeCloseTo(
            values.reduce((sum, value) => sum + value, 0),
            3,
          );
        },
      ),
    );
  });
});

describe('the cells of a route', () => {
  it('count an exchange under its status, its failure, its bytes and its time', () => {
    const cells = new RouteCells();
    cells.inFlight = 1;
    const exchange = makeExchange();
    Object.assign(exchange, { status: 504, endedAtMs: 1_030, requestBytes: 5, responseBytes: 7 });
    exchange.failure = failure('first_byte_timeout', '');
    cells.ended(exchange);
    expect(cells.statuses[statusLabels.indexOf('504')]).toBe(1);
    expect([cells.inFlight, cells.requestBytes, cells.responseBytes, cells.durations.sumMs]).toEqual([0, 5, 7, 30]);
    expect(cells.failures.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('have a bounded number of statuses: those that are not registered count under their class', () => {
    const cells = new RouteCells();
    for (let status = 100; status < 600; status += 1) {
      cells.ended(Object.assign(makeExchange(), { status, endedAtMs: 1_000 }));
    }
    expect(cells.statuses.reduce((sum, count) => sum + count, 0)).toBe(500);
    expect(cells.statuses[statusLabels.indexOf('200')]).toBe(1);
    expect(cells.statuses[statusLabels.indexOf('2xx')]).toBe(
      100 - statusLabels.filter((l) => /^2\d\d$/.test(l)).length,
    );
  });
});

describe('the cells of an upstream', () => {
  it('count the phases of an attempt as its evidence does', () => {
    const times = fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 50 }), fc.boolean(), (gaps, lastGap, ended) => {
        const attempt = createAttempt('a', 1_000);
        let nowMs = 1_000;
        attemptPhases.forEach((phase, i) => {
          const gap = gaps[i] ?? null;
          if (gap === null) return;
          nowMs += gap;
          attempt.phaseStartMs[phase] = nowMs;
        });
        nowMs += lastGap;
        if (ended) attempt.endedAtMs = nowMs;
        const cells = new UpstreamCells();
        cells.ended(attempt, nowMs);
        const expected = phaseDurations(attempt, nowMs);
        for (const phase of attemptPhases) {
          expect([phase, cells.phases[phase].count]).toEqual([phase, expected[phase] === undefined ? 0 : 1]);
          expect(cells.phases[phase].sumMs).toBe(expected[phase] ?? 0);
        }
      }),
    );
  });

  it.each([
    ['cancelled', 0, null],
    ['2xx', 204, null],
    ['5xx', 503, null],
    ['1xx', 101, null],
    ['connect_timeout', 0, 'connect_timeout'],
    ['idle_timeout', 200, 'idle_timeout'],
  ] as const)('count an attempt as %s', (outcome, status, code) => {
    const cells = new Cells();
    cells.retainUpstreams([upstreamSpec('up', 'a:1')]);
    const attempt = createAttempt('a:1', 1_000);
    Object.assign(attempt, { status, failure: code === null ? null : failure(code, '') });
    cells.upstreams.get('up')?.ended(attempt, 1_001);
    const counts = cells.upstreams.get('up')?.targets.get('a:1')?.outcomes ?? new Float64Array();
    expect(outcomeLabels.filter((_, slot) => counts[slot] === 1)).toEqual([outcome]);
  });

  it('do not count a target that the snapshot does not name', () => {
    const cells = new Cells();
    cells.retainUpstreams([upstreamSpec('up', 'a:1')]);
    cells.upstreams.get('up')?.ended(createAttempt('gone:1', 1_000), 1_001);
    expect([...(cells.upstreams.get('up')?.targets.keys() ?? [])]).toEqual(['a:1']);
  });
});

describe('a new snapshot', () => {
  it('forgets the routes, upstreams and targets that it does not name, and keeps the counts of the others', () => {
    const cells = new Cells();
    cells.retainUpstreams([upstreamSpec('up', 'a:1', 'b:1'), upstreamSpec('old', 'c:1')]);
    cells.route('kept').requestBytes = 9;
    cells.route('dropped');
    cells.upstreams.get('up')?.ended(createAttempt('a:1', 1_000), 1_001);
    cells.retainRoutes(new Set(['kept']));
    cells.retainUpstreams([upstreamSpec('up', 'a:1', 'd:1'), upstreamSpec('new', 'c:1')]);
    expect([...cells.routes.keys()]).toEqual(['kept']);
    expect(cells.route('kept').requestBytes).toBe(9);
    expect([...cells.upstreams].map(([id, { targets }]) => [id, [...targets.keys()]])).toEqual([
      ['up', ['a:1', 'd:1']],
      ['new', ['c:1']],
    ]);
    expect(cells.upstreams.get('up')?.targets.get('a:1')?.outcomes[0]).toBe(1);
  });
});
