import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { breakerSpec, outcome, outlierSpec, probeSpec } from './testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec, type UpstreamOpinions } from './upstream-health.js';

const target = (id: string): TargetSpec => makeTarget({ id }).spec;
const all: Omit<HealthSpec, 'targets'> = { id: 'up', probe: probeSpec, outlier: outlierSpec, breaker: breakerSpec };

function make(ids: readonly string[], clock = fakeClock(1_000), spec: Partial<HealthSpec> = {}) {
  const opinions = createUpstreamOpinions({ ...all, targets: ids.map(target), ...spec }, clock, () => {});
  return { clock, opinions };
}

const standings = ({ targets }: UpstreamOpinions, nowMs: number) =>
  Object.fromEntries(targets.map((health) => [health.spec.id, health.standing(nowMs)]));

function fail(opinions: UpstreamOpinions, id: string, nowMs: number, times: number): void {
  const health = opinions.targets.find(({ spec }) => spec.id === id);
  for (let i = 0; i < times; i += 1) health?.end(health.begin(nowMs), outcome('bad', nowMs));
}

const ids = ['a:80', 'b:80', 'c:80', 'd:80', 'e:80', 'f:80'];

describe('a reload that describes an upstream otherwise', () => {
  const step = fc.record({
    at: fc.nat(5),
    what: fc.constantFrom('fail', 'fail', 'fail', 'good', 'probe', 'wait'),
    times: fc.integer({ min: 1, max: 6 }),
  });

  it('keeps what was thought of the targets that remain, and ejects never all of them', () => {
    const kept = fc.subarray(ids, { minLength: 1 });
    const share = fc.constantFrom(0.3, 0.5, 1);
    let keptOut = 0;
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 40 }), kept, share, (steps, remaining, shareMax) => {
        const outlier = { ...outlierSpec, ejectedShareMax: shareMax };
        const { clock, opinions } = make(ids, fakeClock(1_000), { outlier, breaker: null });
        for (const { at, what, times } of steps) {
          const health = opinions.targets[at];
          if (health === undefined) continue;
          const nowMs = clock.nowMs();
          if (what === 'fail') fail(opinions, health.spec.id, nowMs, times);
          else if (what === 'good') health.end(health.begin(nowMs), outcome('good', nowMs));
          else if (what === 'probe') health.probed({ isGood: times > 3, why: 'x', status: 0, tookMs: 1 }, nowMs);
          else clock.advance(times * 500);
        }
        const next = make([...remaining, 'new:80'], clock, { outlier, breaker: null }).opinions;
        next.adopt(opinions);
        const nowMs = clock.nowMs();
        const [before, after] = [standings(opinions, nowMs), standings(next, nowMs)];
        expect(after['new:80']).toBe('well');
        const ejected = next.targets.filter(({ member }) => member?.opinion.isWell === false);
        expect(ejected.length).toBeLessThanOrEqual(shareMax * next.targets.length);
        for (const { spec, member } of next.targets) {
          const known = opinions.targets.find((one) => one.spec.id === spec.id);
          if (known === undefined) continue;
          // Only the cap lets one go that was ejected; nobody is thought worse of than before.
          if (before[spec.id] === 'well') expect(after[spec.id]).toBe('well');
          if (member?.opinion.isWell === false) {
            keptOut += 1;
            expect(member.opinion.outUntilMs).toBe(known.member?.opinion.outUntilMs);
          } else if (known.member?.opinion.isWell === false) {
            expect(ejected.length + 1).toBeGreaterThan(Math.floor(shareMax * next.targets.length) - 1e-9);
          }
        }
      }),
    );
    expect(keptOut).toBeGreaterThan(20);
  });

  it('goes on with an ejection to its end, its trial, and its growth', () => {
    const { clock, opinions } = make(ids);
    fail(opinions, 'a:80', clock.nowMs(), 5);
    clock.advance(1_000);
    const next = make(['a:80', 'b:80'], clock).opinions;
    next.adopt(opinions);
    expect(standings(next, clock.nowMs())).toEqual({ 'a:80': 'out', 'b:80': 'well' });
    expect(next.targets[0]?.reason).toContain('ejected: 5 failures in a row');
    clock.advance(4_000);
    expect(standings(next, clock.nowMs())['a:80']).toBe('trial');
    fail(next, 'a:80', clock.nowMs(), 1);
    expect((next.targets[0]?.outUntilMs ?? 0) - clock.nowMs()).toBe(10_000);
  });

  it('is not decided by attempts that began before it, nor kept from a trial by one', () => {
    const { clock, opinions } = make(ids, fakeClock(1_000), { breaker: null });
    fail(opinions, 'a:80', clock.nowMs(), 5);
    clock.advance(5_000);
    const trial = opinions.targets[0]?.begin(clock.nowMs());
    const next = make(ids, clock, { breaker: null }).opinions;
    next.adopt(opinions);
    expect(standings(next, clock.nowMs())['a:80']).toBe('trial');
    if (trial !== undefined) opinions.targets[0]?.end(trial, outcome('good', clock.nowMs()));
    expect(standings(next, clock.nowMs())['a:80']).toBe('trial');
  });

  it('asks anew what other probes find out, and whether other targets together still fail', () => {
    const { clock, opinions } = make(['a:80', 'b:80']);
    for (let i = 0; i < 4; i += 1) {
      fail(opinions, 'a:80', clock.nowMs(), 1);
      fail(opinions, 'b:80', clock.nowMs(), 1);
      opinions.upstream.end(opinions.upstream.begin(clock.nowMs()), outcome('bad', clock.nowMs()));
    }
    opinions.targets[1]?.probed({ isGood: false, why: 'x', status: 0, tookMs: 1 }, clock.nowMs());
    const whole = (next: UpstreamOpinions): string => {
      next.adopt(opinions);
      return next.upstream.standing(clock.nowMs());
    };
    expect(whole(make(['a:80', 'b:80'], clock).opinions)).toBe('out');
    expect(whole(make(['a:80', 'b:80', 'c:80'], clock).opinions)).toBe('well');
    const otherProbe = make(['b:80'], clock, { probe: { ...probeSpec, path: '/alive' }, breaker: null }).opinions;
    otherProbe.adopt(opinions);
    expect(otherProbe.targets[0]?.reason).toBe('');
    const sameProbe = make(['b:80'], clock, { breaker: null }).opinions;
    sameProbe.adopt(opinions);
    expect(sameProbe.targets[0]?.reason).toBe('the probe failed: x');
  });

  it('lets the targets that are new to it start slowly, and no other, also when it is reloaded again', () => {
    const { clock, opinions } = make(['a:80', 'b:80']);
    clock.advance(1_000);
    const joinedAtMs = clock.nowMs();
    const next = make(['a:80', 'new:80'], clock).opinions;
    next.adopt(opinions);
    clock.advance(1_000);
    const last = make(['new:80', 'newer:80', 'a:80'], clock).opinions;
    last.adopt(next);
    const since = (of: UpstreamOpinions) => of.targets.map(({ wellSinceMs }) => wellSinceMs);
    expect([since(opinions), since(next), since(last)]).toEqual([
      [-Infinity, -Infinity],
      [-Infinity, joinedAtMs],
      [joinedAtMs, clock.nowMs(), -Infinity],
    ]);
  });
});
