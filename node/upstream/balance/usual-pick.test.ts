import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock, makeRequest } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { breakerSpec, outcome, outlierSpec, probeSpec } from '../health/testing/outcomes.js';
import { createUpstreamOpinions, type HealthSpec } from '../health/upstream-health.js';
import { Eligibility } from './eligibility.js';

const IDS = ['a:80', 'b:80', 'c:80', 'd:80'];
const RULES = { panicShare: 0.5, zone: null };
const request = makeRequest();
const draws = { draw: () => 0.5 };

function make(clock = fakeClock(1_000)) {
  const targets = IDS.map((id, i) => makeTarget({ id, priority: i === 3 ? 1 : 0 }).spec);
  const spec: HealthSpec = { id: 'up', targets, probe: probeSpec, outlier: outlierSpec, breaker: breakerSpec };
  const opinions = createUpstreamOpinions(spec, clock, () => {});
  let reads = 0;
  const views = opinions.targets.map((health) => ({
    spec: health.spec,
    health: {
      standing: (nowMs: number) => {
        reads += 1;
        return health.standing(nowMs);
      },
    },
  }));
  const reader = (eligible: Eligibility) => () => {
    reads = 0;
    eligible.select(request, clock.nowMs(), draws);
    return { picked: [...eligible.positions.slice(0, eligible.count)], panicked: eligible.panicked, reads };
  };
  return {
    ...{ clock, opinions },
    counted: reader(new Eligibility(views, RULES, opinions.changes)),
    looked: reader(new Eligibility(views, RULES)),
  };
}

const step = fc.record({
  at: fc.nat(3),
  what: fc.constantFrom('fail', 'fail', 'good', 'good', 'probe', 'wait', 'wait', 'reload'),
  times: fc.integer({ min: 1, max: 6 }),
});

describe('what is picked where changes of opinion are counted', () => {
  it('is what looking at every target comes to, whatever becomes of them', () => {
    let usual = 0;
    let unusual = 0;
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (steps) => {
        let made = make();
        for (const { at, what, times } of steps) {
          const { clock, opinions } = made;
          const health = opinions.targets[at];
          if (health === undefined) throw new Error('there are four');
          const nowMs = clock.nowMs();
          if (what === 'wait') clock.advance(times * 1_000);
          else if (what === 'probe') health.probed({ isGood: times > 3, why: 'x', status: 0, tookMs: 1 }, nowMs);
          else if (what === 'reload') {
            made = make(clock);
            // It is asked before it has taken the opinions over, and must not go by that.
            made.counted();
            made.opinions.adopt(opinions);
          } else {
            const verdict = what === 'fail' ? 'bad' : 'good';
            for (let i = 0; i < times; i += 1) health.end(health.begin(nowMs), outcome(verdict, nowMs));
          }
          const [quick, slow] = [made.counted(), made.looked()];
          expect([quick.picked, quick.panicked]).toEqual([slow.picked, slow.panicked]);
          if (slow.picked.length === 3) usual += 1;
          else unusual += 1;
        }
      }),
    );
    expect(Math.min(usual, unusual)).toBeGreaterThan(200);
  });

  it('is found without looking at any target as long as all are well', () => {
    const { counted, looked } = make();
    counted();
    expect([counted().reads, looked().reads]).toEqual([0, 3]);
  });
});
