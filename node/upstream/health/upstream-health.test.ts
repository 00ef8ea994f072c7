import type { HealthChange } from '@weir/proto/events/health.js';
import { healthChange } from '@weir/proto/events/health.js';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { alwaysWell, type Health } from './standing.js';
import type { TargetHealth } from './target-health.js';
import { breakerSpec, outcome, outlierSpec, probeSpec } from './testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec } from './upstream-health.js';
import type { Verdict } from './verdict.js';

const START_MS = 1_000;

function make(count: number, spec: Partial<HealthSpec> = {}) {
  const clock = fakeClock(START_MS, 50_000);
  const changes: HealthChange[] = [];
  const targets = Array.from({ length: count }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
  const opinions = createUpstreamOpinions(
    { id: 'up', targets, probe: null, outlier: null, breaker: null, ...spec },
    clock,
    (change) => changes.push(change),
  );
  const target = (index: number): TargetHealth => {
    const found = opinions.targets[index];
    if (found === undefined) throw new Error(`there is no target ${index}`);
    return found;
  };
  /** One attempt as balance tells it: to the target and to the upstream. */
  const run = (index: number, verdict: Verdict, times = 1): void => {
    for (let i = 0; i < times; i += 1) {
      const nowMs = clock.nowMs();
      const told: Health[] = [target(index), opinions.upstream];
      const epochs = told.map((health) => health.begin(nowMs));
      told.forEach((health, at) => {
        const epoch = epochs[at];
        if (epoch !== undefined) health.end(epoch, outcome(verdict, nowMs));
      });
    }
  };
  const probed = (index: number, isGood: boolean, times = 1): void => {
    const result = { isGood, why: isGood ? '' : 'answered 503', status: isGood ? 200 : 503, tookMs: 4 };
    for (let i = 0; i < times; i += 1) target(index).probed(result, clock.nowMs());
  };
  const standings = () => opinions.targets.map((health) => health.standing(clock.nowMs()));
  return { clock, changes, opinions, target, run, probed, standings };
}

describe('the health of a target', () => {
  it('is always well where nothing is asked about it', () => {
    const { opinions, run, probed, standings, target } = make(1);
    run(0, 'bad', 100);
    probed(0, false, 10);
    expect([standings(), opinions.upstream, target(0).wellSinceMs]).toEqual([['well'], alwaysWell, -Infinity]);
  });

  it('is the worst of its opinions, and says why in the words of all that are ill', () => {
    const { clock, run, probed, standings, target } = make(2, {
      probe: probeSpec,
      outlier: outlierSpec,
      breaker: breakerSpec,
    });
    run(0, 'bad', 5);
    clock.advance(1_000);
    // The breaker would try it again after a second, the ejection lasts for five.
    expect(standings()).toEqual(['out', 'well']);
    expect(target(0).reason).toMatch(/^ejected: 5 failures in a row; breaker open: 4 of the last 4 requests failed/);
    clock.advance(4_000);
    expect(standings()).toEqual(['trial', 'well']);
    probed(0, false);
    expect([standings()[0], target(0).reason.startsWith('the probe failed: answered 503; ejected')]).toEqual([
      'out',
      true,
    ]);
    probed(0, true, 2);
    expect(standings()).toEqual(['trial', 'well']);
  });

  it('is decided by one trial for all opinions that await one', () => {
    const { clock, run, standings, target, changes } = make(2, { outlier: outlierSpec, breaker: breakerSpec });
    run(0, 'bad', 5);
    clock.advance(5_000);
    run(0, 'good');
    expect([standings(), target(0).reason, target(0).wellSinceMs]).toEqual([['well', 'well'], '', START_MS + 5_000]);
    expect(changes.map(({ kind, to }) => `${kind} ${to}`)).toEqual([
      'breaker out',
      'outlier out',
      'breaker well',
      'outlier well',
    ]);
  });

  it('keeps the epochs of its opinions apart: a late answer counts for neither, whichever has changed', () => {
    const { clock, target, run, standings } = make(2, {
      outlier: { ...outlierSpec, ejectionMs: 2_000 },
      breaker: breakerSpec,
    });
    const early = [0, 1, 2, 3, 4].map(() => target(0).begin(clock.nowMs()));
    run(0, 'bad', 5);
    clock.advance(2_000);
    const trial = target(0).begin(clock.nowMs());
    for (const epoch of early) target(0).end(epoch, outcome('good', clock.nowMs()));
    expect(standings()[0]).toBe('out');
    target(0).end(trial, outcome('bad', clock.nowMs()));
    for (const epoch of early) target(0).end(epoch, outcome('good', clock.nowMs()));
    expect(standings()[0]).toBe('out');
    clock.advance(4_000);
    expect(standings()[0]).toBe('trial');
  });

  it('follows probes by their thresholds, and knows since when it is well', () => {
    const { clock, probed, standings, target } = make(1, { probe: probeSpec });
    probed(0, true);
    probed(0, false, 2);
    expect([standings(), target(0).wellSinceMs]).toEqual([['well'], -Infinity]);
    probed(0, false);
    expect([standings(), target(0).reason]).toEqual([['out'], '3 probes in a row failed: answered 503']);
    clock.advance(7);
    probed(0, true, 2);
    expect([standings(), target(0).wellSinceMs, target(0).reason]).toEqual([['well'], START_MS + 7, '']);
  });

  it('is out at once when the very first probe fails', () => {
    const { probed, standings, target } = make(1, { probe: probeSpec });
    probed(0, false);
    expect([standings(), target(0).reason]).toEqual([['out'], 'the probe failed: answered 503']);
  });
});

describe('the health of an upstream', () => {
  it('is broken when all its targets fail, and mended by one trial', () => {
    const { clock, opinions, run } = make(2, { breaker: breakerSpec });
    run(0, 'bad', 4);
    run(1, 'bad', 4);
    expect([opinions.upstream.standing(clock.nowMs()), opinions.upstream.reason]).toEqual([
      'out',
      'breaker open: 5 of the last 5 requests failed (100 %)',
    ]);
    clock.advance(1_000);
    expect(opinions.upstream.standing(clock.nowMs())).toBe('trial');
    run(1, 'good');
    expect([opinions.upstream.standing(clock.nowMs()), opinions.upstream.wellSinceMs]).toEqual([
      'well',
      START_MS + 1_000,
    ]);
  });

  it('is not broken as long as one target answers, however many requests the others fail', () => {
    const { clock, opinions, run } = make(3, { breaker: breakerSpec });
    for (let i = 0; i < 20; i += 1) for (const index of [0, 1]) run(index, 'bad');
    run(2, 'good');
    run(0, 'bad', 20);
    expect(opinions.upstream.standing(clock.nowMs())).toBe('well');
  });
});

describe('a change of opinion', () => {
  it('is told as a plain value with its evidence and the time at which it was made', () => {
    const { clock, changes, target, probed } = make(2, { probe: probeSpec, outlier: outlierSpec });
    const late = clock.nowMs();
    const epoch = () => target(0).begin(late);
    clock.advance(250);
    for (let i = 0; i < 5; i += 1) target(0).end(epoch(), outcome('bad', late));
    probed(1, false);
    expect(changes).toEqual([
      {
        kind: 'outlier',
        upstream: 'up',
        target: 't0:80',
        from: 'well',
        to: 'out',
        reason: 'ejected: 5 failures in a row',
        evidence: { failuresInARow: 5, forMs: 5_000, ejections: 1 },
        atWallMs: 50_000,
      },
      {
        kind: 'probe',
        upstream: 'up',
        target: 't1:80',
        from: 'well',
        to: 'out',
        reason: 'the probe failed: answered 503',
        evidence: { inARow: 1, status: 503, tookMs: 4 },
        atWallMs: 50_250,
      },
    ]);
    for (const change of changes) expect(healthChange.parse(structuredClone(change))).toEqual(change);
  });
});

describe('an upstream whose answers to one client are 500', () => {
  const told = (status: number, every5xx: boolean): string => {
    const { clock, opinions } = make(1, { outlier: null, breaker: { ...breakerSpec, every5xx } });
    // Five of seven are those of the one client.
    for (let i = 0; i < 70; i += 1) {
      clock.advance(14);
      for (const health of [opinions.targets[0] ?? alwaysWell, opinions.upstream]) {
        const answer = outcome('good', clock.nowMs(), { status: i % 7 < 5 ? status : 200 });
        health.end(health.begin(clock.nowMs()), answer);
      }
    }
    return `${opinions.targets[0]?.standing(clock.nowMs())} ${opinions.upstream.standing(clock.nowMs())}`;
  };

  it('keeps its breakers shut, and they open for 503 and where they are told to count every 5xx', () => {
    expect([told(500, false), told(503, false), told(500, true)]).toEqual(['well well', 'out out', 'out out']);
  });

  it('loses no target for it, and does for 503 and where ejection is told to count every 5xx', () => {
    const standings = (status: number, every5xx: boolean): string[] => {
      const { clock, opinions } = make(3, { outlier: { ...outlierSpec, every5xx }, breaker: null });
      // The client is bound to the first one.
      for (let i = 0; i < 600; i += 1) {
        clock.advance(10);
        const health = opinions.targets[i % 3] ?? alwaysWell;
        health.end(health.begin(clock.nowMs()), outcome('good', clock.nowMs(), { status: i % 3 === 0 ? status : 200 }));
      }
      return opinions.targets.map((target) => target.standing(clock.nowMs()));
    };
    const [kept, ejected] = [Array(3).fill('well'), [expect.not.stringMatching('well'), 'well', 'well']];
    expect([standings(500, false), standings(503, false), standings(500, true)]).toEqual([kept, ejected, ejected]);
  });
});
