import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { createAttempt, decisiveAttempt } from '../pipeline/exchange.js';
import { fakeBody, makeExchange } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { hedge } from './hedge.js';

import { AFTER_MS, fixed, hedged } from './testing/hedge-stage.js';

/** A race in which both attempts run. */
function racing() {
  const world = hedged();
  const sent = world.send();
  world.clock.advance(AFTER_MS);
  return { ...world, ...sent, first: world.call(0), second: world.call(1) };
}

const refused = failure('connection_refused', '');
const reset = failure('connection_closed', '');

describe('a hedge', () => {
  it('is sent when there is no answer by then, and not before', () => {
    const { clock, bottom, call, send, decided } = hedged();
    send();
    clock.advance(AFTER_MS - 1);
    expect(bottom.calls).toHaveLength(1);
    clock.advance(1);
    expect(bottom.calls).toHaveLength(2);
    expect([call(0).request.cause, call(1).request.cause, decided]).toEqual([undefined, 'hedge', ['hedge']]);
    clock.advance(100_000);
    expect(bottom.calls).toHaveLength(2);
  });

  it('is not sent for what has been answered, has failed, or is no longer wanted', () => {
    const { clock, timers, bottom, call, send } = hedged();
    send();
    call(0).head(200);
    const failed = send();
    call(1).fail(refused);
    send().cancel();
    expect([failed.handler.failure, call(2).cancelled, timers.armed]).toEqual([refused, true, 0]);
    clock.advance(10_000);
    expect(bottom.calls).toHaveLength(3);
  });

  it('is not sent for what was answered before it was fully dispatched', () => {
    const { clock, timers, bottom, send } = hedged(
      fixed,
      (call) => call.answer(200),
      (call) => call.head(200),
      (call) => call.fail(refused),
    );
    for (let i = 0; i < 3; i += 1) send();
    expect(timers.armed).toBe(0);
    clock.advance(10_000);
    expect(bottom.calls).toHaveLength(3);
  });

  it('of an earlier round decides nothing about this one', () => {
    const { send, call } = hedged();
    const exchange = makeExchange();
    exchange.attempts.push(createAttempt('earlier-1', 0), createAttempt('earlier-2', 0, 'hedge'));
    exchange.decidedBy = 0;
    send({ exchange });
    call(0).answer(200);
    expect(decisiveAttempt(exchange)?.targetId).toBe('target-0');
  });

  it('is never sent for what is not safe, has a body, or becomes a tunnel', () => {
    const { clock, timers, bottom, send } = hedged();
    send({ method: 'POST' });
    send({ method: 'DELETE' });
    send({ body: fakeBody() });
    expect(timers.armed).toBe(0);
    clock.advance(10_000);
    expect(bottom.calls).toHaveLength(3);
  });

  it('is not sent at or behind the deadline, and then nothing waits for it', () => {
    const { clock, timers, bottom, send, decided } = hedged();
    const exchange = makeExchange();
    exchange.deadlineAtMs = clock.nowMs() + AFTER_MS;
    send({ exchange });
    expect(timers.armed).toBe(0);
    const later = makeExchange();
    later.deadlineAtMs = clock.nowMs() + AFTER_MS + 1;
    send({ exchange: later });
    // As when the event loop stood still: the timer is late, and the deadline has passed meanwhile.
    later.deadlineAtMs = clock.nowMs() + AFTER_MS;
    clock.advance(1_000);
    expect([bottom.calls.length, decided]).toEqual([2, []]);
  });

  it('is paid for by requests, and not by what is tried again', () => {
    const { clock, bottom, send } = hedged({ ...fixed, budgetShare: 0.1, budgetFloorPerS: 0 });
    for (let i = 0; i < 100; i += 1) send({ cause: i % 2 === 0 ? 'retry' : 'fallback' });
    clock.advance(AFTER_MS);
    expect(bottom.calls).toHaveLength(100);
    for (let i = 0; i < 20; i += 1) send();
    clock.advance(AFTER_MS);
    expect(bottom.calls.filter(({ request }) => request.cause === 'hedge')).toHaveLength(2);
  });

  it('is sent within its budget only, and a refusal is counted', () => {
    const { clock, bottom, send, decided } = hedged({ ...fixed, budgetShare: 0.1, budgetFloorPerS: 0 });
    for (let i = 0; i < 100; i += 1) {
      send();
      clock.advance(AFTER_MS);
      bottom.calls.at(-1)?.answer(200);
    }
    const hedges = decided.filter((decision) => decision === 'hedge').length;
    expect(hedges).toBeGreaterThan(0);
    expect(hedges).toBeLessThanOrEqual(10);
    expect(decided.filter((decision) => decision === 'hedge_refused_budget')).toHaveLength(100 - hedges);
    expect(bottom.calls).toHaveLength(100 + hedges);
    const again = hedged({ ...fixed, budgetShare: 1, budgetFloorPerS: 0 }); // what is tried again earns nothing
    again.send({ cause: 'retry' });
    again.clock.advance(AFTER_MS);
    expect(again.decided).toEqual(['hedge_refused_budget']);
  });

  it('is postponed while hedges are as large a part of what is under way as they may be', () => {
    const { clock, timers, bottom, call, send, decided } = hedged({ ...fixed, budgetShare: 0.1 });
    const sent = Array.from({ length: 50 }, () => send());
    clock.advance(10 * AFTER_MS);
    expect(bottom.calls).toHaveLength(55);
    expect(decided.filter((decision) => decision === 'hedge_postponed')).toHaveLength(45); // once for each
    call(50).answer(200);
    clock.advance(AFTER_MS);
    expect(bottom.calls).toHaveLength(56); // a fifth one once more, of 49
    for (const { cancel } of sent.slice(0, 10)) cancel();
    clock.advance(AFTER_MS);
    expect(bottom.calls).toHaveLength(60); // four of 40, and none of what was cancelled
    for (const { cancel } of sent) cancel();
    expect(timers.armed).toBe(0);
    for (let i = 0; i < 3; i += 1) send();
    clock.advance(AFTER_MS);
    expect(bottom.calls).toHaveLength(66); // three are always allowed
  });

  it('costs a route that does not ask for it nothing', () => {
    expect(hedge(makeRoute(), makeServices())).toBeNull();
  });
});

describe('the race', () => {
  it('is won by the first head; the loser is cancelled at once and not heard any more', () => {
    const { first, second, handler, decided, exchange, timers } = racing();
    second.head(200, ['from', 'second'], 4);
    expect([first.cancelled, second.cancelled, handler.headers]).toEqual([true, false, ['from', 'second']]);
    second.data('good');
    second.complete();
    expect([handler.text(), handler.events]).toEqual(['good', ['onHeaders', 'onData', 'onComplete']]);
    expect([decided, decisiveAttempt(exchange)?.cause, timers.armed]).toEqual([['hedge', 'hedge_won'], 'hedge', 0]);
  });

  it('may be won by the first attempt after all, which then is the decisive one', () => {
    const { first, second, handler, decided, exchange } = racing();
    first.answer(200, [], 'late');
    expect([second.cancelled, handler.text(), decided]).toEqual([true, 'late', ['hedge']]);
    expect([exchange.attempts.length, decisiveAttempt(exchange)]).toEqual([2, exchange.attempts[0]]);
  });

  it('is won by an answer that no retry is for, however bad it is', () => {
    const { first, second, handler } = racing();
    second.answer(500);
    expect([first.cancelled, handler.status]).toEqual([true, 500]);
  });

  it.each([
    ['first', 'second'],
    ['second', 'first'],
  ] as const)('goes on when the %s attempt fails, with the %s', (loser, winner) => {
    const race = racing();
    race[loser].fail(reset);
    expect(race.handler.events).toEqual([]);
    race[winner].answer(200, [], 'good');
    expect([race.handler.text(), race[winner].cancelled]).toEqual(['good', false]);
  });

  it('that both have lost fails with the failure of the first, whichever came first', () => {
    for (const order of [
      ['first', 'second'],
      ['second', 'first'],
    ] as const) {
      const race = racing();
      for (const lane of order) race[lane].fail(lane === 'first' ? reset : refused);
      expect([race.handler.failure, race.handler.events]).toEqual([reset, ['onError']]);
      expect(decisiveAttempt(race.exchange)).toBe(race.exchange.attempts[0]);
    }
  });

  it('that both have lost fails with the one that may be cured', () => {
    const { first, second, handler, exchange } = racing();
    first.fail(failure('response_head_too_large', ''));
    second.fail(refused);
    expect([handler.failure, decisiveAttempt(exchange)?.cause]).toEqual([refused, 'hedge']);
  });

  it('is over when its winner breaks off: that is a failure like any other', () => {
    const { second, handler, bottom, clock } = racing();
    second.head(200);
    second.data('half');
    second.fail(reset);
    clock.advance(10_000);
    expect([handler.events, handler.failure, bottom.calls.length]).toEqual([
      ['onHeaders', 'onData', 'onError'],
      reset,
      2,
    ]);
  });

  it('hands the valve of the winner through', () => {
    const { second, first, handler } = racing();
    second.head(200);
    handler.open = false;
    expect(second.data('too much')).toBe(false);
    handler.head?.resume();
    expect([second.resumes, first.resumes]).toEqual([1, 0]);
  });

  it('ends both attempts when it is no longer wanted', () => {
    const { first, second, handler, cancel, timers } = racing();
    cancel();
    cancel();
    expect([first.cancelled, second.cancelled, handler.events, timers.armed]).toEqual([true, true, [], 0]);
  });

  it('ends a hedge whose answer is refused before it was fully dispatched', () => {
    let cancelAll = (): void => {};
    const world = hedged(
      fixed,
      () => {},
      (call) => {
        call.head(200);
        cancelAll();
      },
    );
    const sent = world.send();
    cancelAll = sent.cancel;
    world.clock.advance(AFTER_MS);
    expect([world.call(0).cancelled, world.call(1).cancelled]).toEqual([true, true]);
  });

  it.each(['head', 'fail', 'data'] as const)(
    'does not hear a hedge that the first overtook while it was dispatched: %s',
    (late) => {
      const { clock, call, send } = hedged(
        fixed,
        () => {},
        (second) => {
          call(0).head(200, ['from', 'first'], null);
          if (late === 'fail') second.fail(refused);
          else second.head(200, ['from', 'second'], null);
          if (late === 'data') second.data('second');
        },
      );
      const { handler } = send();
      clock.advance(AFTER_MS);
      expect(call(1).cancelled).toBe(late !== 'fail');
      call(0).data('first');
      call(0).complete();
      expect([handler.headers, handler.text(), handler.failure]).toEqual([['from', 'first'], 'first', null]);
    },
  );

  it('waits for the first attempt when there is nowhere to send the hedge', () => {
    const { clock, call, send } = hedged(
      fixed,
      () => {},
      (second) => second.fail(failure('no_target', '')),
    );
    const { handler } = send();
    clock.advance(AFTER_MS);
    expect(handler.events).toEqual([]);
    call(0).answer(200);
    expect(handler.status).toBe(200);
  });
});
