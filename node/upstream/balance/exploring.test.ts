import { describe, expect, it } from 'vitest';
import { fakeClock, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeBalance, makeUpstream } from '../../pipeline/testing/specs.js';
import type { AttemptOutcome } from '../health/standing.js';
import { outcome } from '../health/testing/outcomes.js';
import { loadOf, pickerOf } from './pick.js';
import { fakeTarget } from './testing/standings.js';

/** What becomes of an attempt at a target: its time, null for none, and what else is known of its end. */
type Fate = readonly [tookMs: number | null, more?: Partial<AttemptOutcome>];

/** Two targets under 200 requests a second; how many were picked of each, second by second. */
function seconds(count: number, fateOf: (target: number, ms: number) => Fate): number[][] {
  const clock = fakeClock(0);
  const { spec } = makeUpstream([], { balance: makeBalance('peak-ewma') });
  const targets = ['a:80', 'b:80'].map((id) => ({ ...fakeTarget({ id }), load: loadOf(spec, clock) }));
  const upstream = { ...makeUpstream(targets), spec, targets };
  const pick = pickerOf(upstream, { random: seededRandom(11), sticky: null, decided: () => {} });
  const picks = Array.from({ length: count }, () => [0, 0]);
  let running: { readonly atMs: number; readonly end: () => void }[] = [];
  for (let ms = 0; ms < count * 1_000; ms += 5) {
    clock.advance(5);
    for (const each of running) if (each.atMs <= ms) each.end();
    running = running.filter((each) => each.atMs > ms);
    const target = pick(makeRequest(), ms);
    const index = target === targets[0] ? 0 : 1;
    const inSecond = picks[Math.floor(ms / 1_000)];
    if (target === null || inSecond === undefined) throw new Error('both are well');
    inSecond[index] = (inSecond[index] ?? 0) + 1;
    const [tookMs, more] = fateOf(index, ms);
    const token = target.load.begin(ms);
    target.inFlight += 1;
    const atMs = tookMs === null ? Number.POSITIVE_INFINITY : ms + tookMs;
    running.push({
      atMs,
      end: () => {
        target.inFlight -= 1;
        target.load.end(token, outcome('good', atMs, { startedAtMs: ms, ...more }));
      },
    });
  }
  return picks;
}

const share = (picks: readonly number[][], from: number, to: number): number => {
  const part = picks.slice(from, to);
  const [first, second] = [0, 1].map((i) => part.reduce((sum, each) => sum + (each[i] ?? 0), 0));
  return (first ?? 0) / ((first ?? 0) + (second ?? 0));
};

describe('peak EWMA beside an equal', () => {
  it.each([2_000, 20_000])('leaves a target in use while one request of it takes %i ms, and afterwards', (slowMs) => {
    let isTold = false;
    const picks = seconds(40, (target, ms) => {
      const isSlow = target === 0 && ms >= 5_000 && !isTold;
      isTold ||= isSlow;
      return [isSlow ? slowMs : 10];
    });
    expect(share(picks, 0, 5)).toBeGreaterThan(0.4);
    expect(share(picks, 5, 40)).toBeGreaterThan(0.2);
    for (let second = 6; second < 36; second += 1) expect(share(picks, second, second + 4)).toBeGreaterThan(0);
  });

  it('gives one that has stalled no more than those who met it at once, and one more', () => {
    const picks = seconds(30, (target, ms) => [target === 0 && ms >= 5_000 ? null : 10]);
    expect(picks.slice(5).reduce((sum, [first]) => sum + (first ?? 0), 0)).toBeLessThanOrEqual(4);
  });

  it('does not ask again and again one that stalls while hedges win, and give it up after 200 ms', () => {
    const picks = seconds(30, (target, ms) =>
      target === 0 && ms >= 5_000 ? [200, { isCancelled: true, status: 0 }] : [10],
    );
    expect(picks.slice(5).reduce((sum, [first]) => sum + (first ?? 0), 0)).toBeLessThanOrEqual(3);
  });

  it('finds one that has become slow at once, and looks after it at a tenth of the time of one client', () => {
    const picks = seconds(40, (target, ms) => [target === 0 && ms >= 5_000 ? 1_500 : 10]);
    const slow = picks.slice(5).map(([first]) => first ?? 0);
    expect(slow[0]).toBeLessThanOrEqual(6);
    expect(slow.slice(1).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(12);
  });

  it('does not explore one that fails at once', () => {
    const picks = seconds(20, (target, ms) => (target === 0 && ms >= 5_000 ? [1, { status: 503 }] : [10]));
    expect(picks.slice(5).reduce((sum, [first]) => sum + (first ?? 0), 0)).toBeLessThanOrEqual(1);
  });
});
