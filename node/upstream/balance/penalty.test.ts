import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeBalance, makeUpstream } from '../../pipeline/testing/specs.js';
import type { AttemptOutcome } from '../health/standing.js';
import { outcome } from '../health/testing/outcomes.js';
import type { Load } from './load.js';
import { NOT_BEGUN } from './load.js';
import { createPenalty, DOUBT_FACTOR, PENALTY_FACTOR } from './penalty.js';
import { pickerOf } from './pick.js';
import { fakeTarget } from './testing/standings.js';

const DECAY_MS = 10_000;
const refusedAt = (nowMs: number): AttemptOutcome => outcome('bad', nowMs);
const errorAt = (nowMs: number): AttemptOutcome => outcome('good', nowMs, { status: 500 });

function penalised(...outcomes: readonly AttemptOutcome[]): Load {
  const load = createPenalty(DECAY_MS);
  for (const each of outcomes) load.end(NOT_BEGUN, each);
  return load;
}

describe('a penalty', () => {
  it('is nothing without a failure, whatever else ends', () => {
    const harmless = [
      outcome('good', 10),
      outcome('none', 20),
      outcome('good', 30, { status: 429 }),
      outcome('bad', 40, { failure: failure('client_body_timeout', '') }),
    ];
    expect(penalised(...harmless).cost(50, 3)).toBe(4);
  });

  it('goes on from that of the same target before a reload, with what it was asked to wait', () => {
    const former = penalised(refusedAt(0), outcome('good', 0, { status: 503, retryAfterMs: 5_000 }));
    const load = createPenalty(DECAY_MS);
    load.adopt(former, 2_000);
    for (const atMs of [2_000, 4_999, 5_000, 30_000, 300_000]) {
      expect(load.cost(atMs, 1)).toBeCloseTo(former.cost(atMs, 1), 6);
    }
    load.adopt(createPenalty(DECAY_MS), 2_000);
    expect(load.cost(2_000, 0)).toBe(1);
  });

  it('is whole at once for a failure, and grows with each doubtful one', () => {
    expect(penalised(refusedAt(0)).cost(0, 0)).toBe(PENALTY_FACTOR);
    expect(penalised(outcome('none', 0, { isOverdue: true })).cost(0, 0)).toBe(PENALTY_FACTOR);
    expect(penalised(errorAt(0)).cost(0, 0)).toBe(DOUBT_FACTOR);
    expect(penalised(errorAt(0), errorAt(0), errorAt(0)).cost(0, 0)).toBe(PENALTY_FACTOR);
  });

  it('fades to nothing, never grows by itself, and is never more than the whole', () => {
    const step = fc.record({ afterMs: fc.nat(20_000), what: fc.constantFrom('fail', 'doubt', 'answer', 'read') });
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 40 }), (steps) => {
        const load = createPenalty(DECAY_MS);
        let nowMs = 0;
        for (const { afterMs, what } of steps) {
          const before = load.cost(nowMs, 0);
          nowMs += afterMs;
          expect(load.cost(nowMs, 0)).toBeLessThanOrEqual(before);
          if (what === 'fail') load.end(0, refusedAt(nowMs));
          else if (what === 'doubt') load.end(0, errorAt(nowMs));
          else if (what === 'answer') load.end(0, outcome('good', nowMs));
          expect(load.cost(nowMs, 0)).toBeGreaterThanOrEqual(1);
          expect(load.cost(nowMs, 0)).toBeLessThanOrEqual(PENALTY_FACTOR);
          expect(load.cost(nowMs, 2)).toBeCloseTo(3 * load.cost(nowMs, 0));
        }
        expect(load.cost(nowMs + 10 * DECAY_MS, 0)).toBe(load.cost(nowMs + 11 * DECAY_MS, 0));
      }),
    );
  });

  it('is whole until the time that the upstream asks for, within a bound', () => {
    const load = penalised(outcome('good', 0, { status: 503, retryAfterMs: 30_000 }));
    expect([load.cost(29_999, 0), load.cost(30_000, 0) < 5]).toEqual([PENALTY_FACTOR, true]);
    const wrong = penalised(outcome('good', 0, { status: 429, retryAfterMs: 9e9 }));
    expect([wrong.cost(59_999, 0), wrong.cost(60_000, 0)]).toEqual([PENALTY_FACTOR, 1]);
  });
});

describe.each(['least-request', 'round-robin', 'weighted'] as const)('%s', (policy) => {
  const sharesAt = (nowMs: number): number => {
    const targets = ['a:80', 'b:80', 'c:80'].map((id) => ({ ...fakeTarget({ id }), load: createPenalty(DECAY_MS) }));
    targets[0]?.load.end(NOT_BEGUN, refusedAt(0));
    const pick = pickerOf(makeUpstream(targets, { balance: makeBalance(policy) }), {
      ...{ random: seededRandom(3), sticky: null, decided: () => {} },
    });
    let picked = 0;
    for (let i = 0; i < 3_000; i += 1) if (pick(makeRequest(), nowMs) === targets[0]) picked += 1;
    return picked / 3_000;
  };

  it('asks a target that has failed hardly at all, and as before when it is forgotten', () => {
    expect(sharesAt(0)).toBeLessThan(0.03);
    expect(sharesAt(20 * DECAY_MS)).toBeGreaterThan(0.3);
  });
});
