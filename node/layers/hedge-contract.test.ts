import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExchange, type ScriptedCall } from '../pipeline/testing/harness.js';
import { hedged } from './testing/hedge-stage.js';

const reset = failure('connection_closed', '');

describe('the contract of a hedge', () => {
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60 }) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constantFrom(...(['head', 'bad', 'data', 'complete', 'fail'] as const)),
        attempt: fc.integer({ min: 0, max: 1 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'cancel' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'valve' as const }) },
  );
  type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

  /** Says only what a transport may say: head before data, one end, nothing after a cancel. */
  function drive(call: ScriptedCall, state: { hasHead: boolean; ended: boolean }, kind: Event['kind']): void {
    if (call.cancelled || state.ended) return;
    if ((kind === 'head' || kind === 'bad') && !state.hasHead) {
      state.hasHead = true;
      call.head(kind === 'bad' ? 503 : 200, [], null);
    } else if (kind === 'data' && state.hasHead) {
      call.data('x');
    } else if (kind === 'complete' && state.hasHead) {
      state.ended = true;
      call.complete();
    } else if (kind === 'fail') {
      state.ended = true;
      call.fail(reset);
    }
  }

  it('holds through every interleaving of two attempts: one outcome, the loser cancelled, nothing left behind', () => {
    fc.assert(
      fc.property(fc.array(event, { size: 'max', maxLength: 40 }), fc.boolean(), (events, hasDeadline) => {
        const world = hedged();
        const exchange = makeExchange();
        if (hasDeadline) exchange.deadlineAtMs = world.clock.nowMs() + 100;
        const { handler, cancel } = world.send({ exchange });
        const states = [
          { hasHead: false, ended: false },
          { hasHead: false, ended: false },
        ];
        let isCancelled = false;
        const broken: string[] = [];
        const check = (holds: boolean, claim: string) => holds || broken.push(claim);
        for (const step of events) {
          if (step.kind === 'wait') world.clock.advance(step.ms);
          else if (step.kind === 'valve') handler.open = !handler.open;
          else if (step.kind === 'cancel') {
            cancel();
            isCancelled = true;
          } else {
            const call = world.bottom.calls[step.attempt];
            const state = states[step.attempt];
            if (call !== undefined && state !== undefined) drive(call, state, step.kind);
          }
          const running = world.bottom.calls.filter((call, i) => !call.cancelled && states[i]?.ended !== true);
          check(world.bottom.calls.length <= 2, 'two attempts at most');
          check(handler.head === null || running.length <= 1, 'the loser is cancelled');
          const isOver = handler.ended || isCancelled;
          check(isOver !== running.length > 0, 'over when nobody runs any more, and not before');
          check(!isOver || world.timers.armed === 0, 'no timer is left');
        }
        expect(broken).toEqual([]);
        if (isCancelled) return;
        for (const [i, state] of states.entries()) {
          const call = world.bottom.calls[i];
          if (call !== undefined) drive(call, state, 'fail');
        }
        expect([handler.ended, world.timers.armed]).toEqual([true, 0]);
        const ends = handler.events.filter((name) => name === 'onComplete' || name === 'onError');
        expect(ends).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});
