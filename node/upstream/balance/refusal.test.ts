import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { breakerSpec, outcome, outlierSpec } from '../health/testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec } from '../health/upstream-health.js';
import { circuitOpen, noTarget } from './refusal.js';

/** The real machines, with a breaker that stays open for eight seconds. */
function make(targets: number, spec: Partial<HealthSpec>) {
  const clock = fakeClock(1_000);
  const all = Array.from({ length: targets }, (_, i) => makeTarget({ id: `t${i}:80` }).spec);
  const none = { id: 'up', targets: all, probe: null, outlier: null, breaker: null };
  const opinions = createUpstreamOpinions({ ...none, ...spec }, clock, () => {});
  const fail = (index: number, times: number): void => {
    for (let i = 0; i < times; i += 1) {
      const target = opinions.targets[index];
      const [epoch, whole] = [target?.begin(clock.nowMs()), opinions.upstream.begin(clock.nowMs())];
      if (epoch !== undefined) target?.end(epoch, outcome('bad', clock.nowMs()));
      opinions.upstream.end(whole, outcome('bad', clock.nowMs()));
    }
  };
  return { clock, opinions, fail };
}

describe('a refusal', () => {
  it('by an open breaker says how long that stays open, and less and less as time passes', () => {
    const { clock, opinions, fail } = make(1, { breaker: { ...breakerSpec, openMs: 8_000 } });
    fail(0, 4);
    const seen = [0, 3_500, 4_000].map((ms) => {
      clock.advance(ms);
      return circuitOpen('up', opinions.upstream, clock.nowMs());
    });
    expect(seen.map(({ code, retryAfterS }) => [code, retryAfterS])).toEqual([
      ['circuit_open', 8],
      ['circuit_open', 5],
      ['circuit_open', 1],
    ]);
    expect(seen[0]?.detail).toBe('upstream "up" is left alone: breaker open: 4 of the last 4 requests failed (100 %)');
  });

  it('for want of a target says when the first of them may be tried', () => {
    const { clock, opinions, fail } = make(2, { outlier: { ...outlierSpec, ejectedShareMax: 1 } });
    fail(0, 5);
    const targets = opinions.targets.map((health) => ({ health }));
    expect(noTarget('up', targets.slice(0, 1), clock.nowMs()).retryAfterS).toBe(5);
    clock.advance(3_200);
    expect(noTarget('up', targets.slice(0, 1), clock.nowMs()).retryAfterS).toBe(2);
  });

  it('says a second where nothing is known', () => {
    expect(noTarget('up', [], 0).retryAfterS).toBe(1);
    const { opinions } = make(1, {});
    expect(noTarget('up', [{ health: opinions.upstream }], 5_000).retryAfterS).toBe(1);
    expect(circuitOpen('up', opinions.upstream, 5_000).retryAfterS).toBe(1);
  });
});
