import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURE_HOLD_MS, type ResolutionEvent, stepResolution, unresolved } from './resolution.js';

const SPEC = { ttlMinMs: 1000, ttlMaxMs: 60_000 };
const no = failure('dns_error', 'no');
const answered = (addresses: string[], ttlMs: number): ResolutionEvent => ({ kind: 'answered', addresses, ttlMs });

/** The state after these events, each at its moment. */
const after = (...events: [ResolutionEvent, number][]) =>
  events.reduce((step, [event, nowMs]) => stepResolution(step.state, event, nowMs, SPEC), {
    state: unresolved,
    ask: false,
  });

describe('the resolution of a name', () => {
  it('asks when it is wanted for the first time, and not again while the answer is under way', () => {
    expect(after([{ kind: 'wanted' }, 0]).ask).toBe(true);
    expect(after([{ kind: 'wanted' }, 0], [{ kind: 'wanted' }, 1]).ask).toBe(false);
  });

  it.each([
    [5000, 5000],
    [0, 1000],
    [1_000_000, 60_000],
  ])('keeps an answer with a TTL of %i ms for %i ms', (ttlMs, keptMs) => {
    const step = after([{ kind: 'wanted' }, 0], [answered(['a'], ttlMs), 100]);
    expect(step.state.dueAtMs).toBe(100 + keptMs);
    expect(stepResolution(step.state, { kind: 'due' }, 100 + keptMs - 1, SPEC).ask).toBe(false);
    expect(stepResolution(step.state, { kind: 'due' }, 100 + keptMs, SPEC).ask).toBe(true);
  });

  it('keeps the last good addresses when it fails, and tries again after the lower bound', () => {
    const step = after(
      [{ kind: 'wanted' }, 0],
      [answered(['a'], 5000), 0],
      [{ kind: 'due' }, 5000],
      [{ kind: 'failed', failure: no }, 5100],
    );
    expect([step.state.addresses, step.state.dueAtMs]).toEqual([['a'], 6100]);
  });

  it('holds a failure for a moment when it has no address', () => {
    const step = after([{ kind: 'wanted' }, 0], [{ kind: 'failed', failure: no }, 10]);
    expect(step.state.failure).toBe(no);
    expect(stepResolution(step.state, { kind: 'wanted' }, 10 + FAILURE_HOLD_MS - 1, SPEC).ask).toBe(false);
    expect(stepResolution(step.state, { kind: 'wanted' }, 10 + FAILURE_HOLD_MS, SPEC).ask).toBe(true);
  });

  it('never has two queries under way, never loses its addresses, and never asks before its time', () => {
    const event = fc.oneof(
      fc.constantFrom<ResolutionEvent>({ kind: 'wanted' }, { kind: 'due' }),
      fc.record({ kind: fc.constant('failed' as const), failure: fc.constant(no) }),
      fc.record({
        kind: fc.constant('answered' as const),
        addresses: fc.array(fc.constantFrom('a', 'b'), { minLength: 1 }),
        ttlMs: fc.nat(100_000),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(3000)), { size: 'max', maxLength: 200 }), (events) => {
        let state = unresolved;
        let nowMs = 0;
        let asking = false;
        for (const [next, waitMs] of events) {
          nowMs += waitMs;
          // Answers come only to questions.
          if ((next.kind === 'answered' || next.kind === 'failed') && !asking) continue;
          const step = stepResolution(state, next, nowMs, SPEC);
          if (step.ask) {
            expect([asking, nowMs >= state.dueAtMs]).toEqual([false, true]);
            asking = true;
          } else if (next.kind === 'answered' || next.kind === 'failed') asking = false;
          expect(step.state.asking).toBe(asking);
          if (state.addresses.length > 0) expect(step.state.addresses.length).toBeGreaterThan(0);
          state = step.state;
        }
      }),
    );
  });
});
