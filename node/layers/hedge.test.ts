import { failure } from '@weir/proto/http/failures.js';
import type { HedgeSpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../observe/decisions.js';
import { compose, type GatewayRequest } from '../pipeline/dispatch.js';
import { createAttempt, decisiveAttempt } from '../pipeline/exchange.js';
import {
  fakeBody,
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, silentRoute } from '../pipeline/testing/specs.js';
import { hedge } from './hedge.js';

const AFTER_MS = 50;
const fixed: HedgeSpec = { after: { kind: 'fixed', ms: AFTER_MS }, budgetShare: 0, budgetFloorPerS: 1_000 };
const learnt: HedgeSpec = {
  ...fixed,
  after: { kind: 'adaptive', quantile: 0.95, factor: 1, minMs: 5, maxMs: 10_000, coldMs: 200 },
};

function setUp(spec: HedgeSpec = fixed, ...steps: readonly ((call: ScriptedCall) => void)[]) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const decided: Decision[] = [];
  const services = makeServices({
    clock,
    timers,
    observer: {
      route: () => silentRoute,
      timerFired: () => {},
      joined: () => {},
      decided: (decision) => decided.push(decision),
    },
  });
  const layer = hedge(makeRoute({ hedge: spec }), services);
  if (layer === null) throw new Error('a route that asks for hedges has the layer');
  const bottom = scriptedDispatch(...steps);
  // Keeps the record that the attempt layer keeps.
  const dispatch = compose([layer], (request, handler) => {
    request.exchange.attempts.push(createAttempt(`target-${bottom.calls.length}`, clock.nowMs(), request.cause));
    return bottom.dispatch(request, handler);
  });
  const call = (index: number): ScriptedCall => {
    const made = bottom.calls[index];
    if (made === undefined) throw new Error(`attempt ${index} was not made`);
    return made;
  };
  const send = (overrides: Partial<GatewayRequest> = {}) => {
    const handler = recordingHandler();
    const request = makeRequest({ exchange: makeExchange(), ...overrides });
    const cancel = dispatch(request, handler);
    return { handler, cancel, exchange: request.exchange };
  };
  return { clock, timers, decided, bottom, call, send };
}

/** A race in which both attempts run. */
function setUpRace() {
  const world = setUp();
  const sent = world.send();
  world.clock.advance(AFTER_MS);
  return { ...world, ...sent, first: world.call(0), second: world.call(1) };
}

const refused = failure('connection_refused', '');
const reset = failure('connection_closed', '');

describe('a hedge', () => {
  it('is sent when there is no answer by then, and not before', () => {
    const { clock, bottom, call, send, decided } = setUp();
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
    const { clock, timers, bottom, call, send } = setUp();
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
    const { clock, timers, bottom, send } = setUp(
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
    const { send, call } = setUp();
    const exchange = makeExchange();
    exchange.attempts.push(createAttempt('earlier-1', 0), createAttempt('earlier-2', 0, 'hedge'));
    exchange.decidedBy = 0;
    send({ exchange });
    call(0).answer(200);
    expect(decisiveAttempt(exchange)?.targetId).toBe('target-0');
  });

  it('is never sent for what is not safe, has a body, or becomes a tunnel', () => {
    const { clock, timers, bottom, send } = setUp();
    send({ method: 'POST' });
    send({ method: 'DELETE' });
    send({ body: fakeBody() });
    expect(timers.armed).toBe(0);
    clock.advance(10_000);
    expect(bottom.calls).toHaveLength(3);
  });

  it('is not sent at or behind the deadline, and then nothing waits for it', () => {
    const { clock, timers, bottom, send, decided } = setUp();
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
    const { clock, bottom, send } = setUp({ ...fixed, budgetShare: 0.1, budgetFloorPerS: 0 });
    for (let i = 0; i < 100; i += 1) send({ cause: i % 2 === 0 ? 'retry' : 'fallback' });
    clock.advance(AFTER_MS);
    expect(bottom.calls).toHaveLength(100);
    for (let i = 0; i < 20; i += 1) send();
    clock.advance(AFTER_MS);
    expect(bottom.calls.filter(({ request }) => request.cause === 'hedge')).toHaveLength(2);
  });

  it('is sent within its budget only, and a refusal is counted', () => {
    const { clock, bottom, send, decided } = setUp({ ...fixed, budgetShare: 0.1, budgetFloorPerS: 0 });
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
    const again = setUp({ ...fixed, budgetShare: 1, budgetFloorPerS: 0 }); // what is tried again earns nothing
    again.send({ cause: 'retry' });
    again.clock.advance(AFTER_MS);
    expect(again.decided).toEqual(['hedge_refused_budget']);
  });

  it('is postponed while hedges are as large a part of what is under way as they may be', () => {
    const { clock, timers, bottom, call, send, decided } = setUp({ ...fixed, budgetShare: 0.1 });
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
    const { first, second, handler, decided, exchange, timers } = setUpRace();
    second.head(200, ['from', 'second'], 4);
    expect([first.cancelled, second.cancelled, handler.headers]).toEqual([true, false, ['from', 'second']]);
    second.data('good');
    second.complete();
    expect([handler.text(), handler.events]).toEqual(['good', ['onHeaders', 'onData', 'onComplete']]);
    expect([decided, decisiveAttempt(exchange)?.cause, timers.armed]).toEqual([['hedge', 'hedge_won'], 'hedge', 0]);
  });

  it('may be won by the first attempt after all, which then is the decisive one', () => {
    const { first, second, handler, decided, exchange } = setUpRace();
    first.answer(200, [], 'late');
    expect([second.cancelled, handler.text(), decided]).toEqual([true, 'late', ['hedge']]);
    expect([exchange.attempts.length, decisiveAttempt(exchange)]).toEqual([2, exchange.attempts[0]]);
  });

  it('is won by an answer that no retry is for, however bad it is', () => {
    const { first, second, handler } = setUpRace();
    second.answer(500);
    expect([first.cancelled, handler.status]).toEqual([true, 500]);
  });

  it.each([
    ['first', 'second'],
    ['second', 'first'],
  ] as const)('goes on when the %s attempt fails, with the %s', (loser, winner) => {
    const race = setUpRace();
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
      const race = setUpRace();
      for (const lane of order) race[lane].fail(lane === 'first' ? reset : refused);
      expect([race.handler.failure, race.handler.events]).toEqual([reset, ['onError']]);
      expect(decisiveAttempt(race.exchange)).toBe(race.exchange.attempts[0]);
    }
  });

  it('that both have lost fails with the one that may be cured', () => {
    const { first, second, handler, exchange } = setUpRace();
    first.fail(failure('response_head_too_large', ''));
    second.fail(refused);
    expect([handler.failure, decisiveAttempt(exchange)?.cause]).toEqual([refused, 'hedge']);
  });

  it('is over when its winner breaks off: that is a failure like any other', () => {
    const { second, handler, bottom, clock } = setUpRace();
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
    const { second, first, handler } = setUpRace();
    second.head(200);
    handler.open = false;
    expect(second.data('too much')).toBe(false);
    handler.head?.resume();
    expect([second.resumes, first.resumes]).toEqual([1, 0]);
  });

  it('ends both attempts when it is no longer wanted', () => {
    const { first, second, handler, cancel, timers } = setUpRace();
    cancel();
    cancel();
    expect([first.cancelled, second.cancelled, handler.events, timers.armed]).toEqual([true, true, [], 0]);
  });

  it('ends a hedge whose answer is refused before it was fully dispatched', () => {
    let cancelAll = (): void => {};
    const world = setUp(
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
      const { clock, call, send } = setUp(
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
    const { clock, call, send } = setUp(
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

describe('the delay that is learnt', () => {
  it('is the cold one at first, and then the quantile of what it waits for: attempt given to answer begun', () => {
    const world = setUp(learnt);
    for (let i = 0; i < 200; i += 1) {
      world.send();
      world.clock.advance(30);
      world.bottom.last().answer(200);
    }
    const before = world.bottom.calls.length;
    world.send();
    world.clock.advance(28);
    expect(world.bottom.calls).toHaveLength(before + 1);
    world.clock.advance(4);
    expect(world.bottom.calls).toHaveLength(before + 2);
  });

  it('stays short when a tenth of all first attempts stall, for whoever is hedged is not waited for', () => {
    const world = setUp(learnt);
    let worstMs = 0;
    for (let i = 0; i < 3_000; i += 1) {
      const { handler } = world.send();
      const stalls = i > 500 && i % 10 === 0;
      if (!stalls) {
        world.clock.advance(10);
        world.bottom.last().answer(200);
        continue;
      }
      const fromMs = world.clock.nowMs();
      const made = world.bottom.calls.length;
      while (world.bottom.calls.length === made) world.clock.advance(1);
      world.clock.advance(10);
      world.bottom.last().answer(200);
      worstMs = Math.max(worstMs, world.clock.nowMs() - fromMs);
      expect(handler.ended).toBe(true);
    }
    expect(worstMs).toBeLessThan(100);
  });

  it.each(['fail', 'cancel'] as const)('grows by what was waited for in vain: %s', (end) => {
    const world = setUp(learnt);
    const answerAll = (): void => {
      for (let i = 0; i < 120; i += 1) {
        world.send();
        world.clock.advance(10);
        world.bottom.last().answer(200);
      }
    };
    /** Time until the next request is hedged. */
    const delay = (): number => {
      world.clock.advance(250);
      const { cancel } = world.send();
      const [fromMs, made] = [world.clock.nowMs(), world.bottom.calls.length];
      while (world.bottom.calls.length === made) world.clock.advance(1);
      cancel();
      return world.clock.nowMs() - fromMs;
    };
    answerAll();
    const before = delay();
    for (let i = 0; i < 40; i += 1) {
      const made = world.bottom.calls.length;
      const { cancel } = world.send();
      world.clock.advance(400);
      if (end === 'cancel') cancel();
      else for (const call of world.bottom.calls.slice(made)) call.fail(reset);
    }
    expect(delay()).toBeGreaterThan(before * 10);
  });

  it('is not shortened by errors that come fast', () => {
    const world = setUp(learnt);
    for (let i = 0; i < 120; i += 1) {
      world.send();
      world.clock.advance(80);
      world.bottom.last().answer(200);
    }
    for (let i = 0; i < 10_000; i += 1) {
      world.send();
      if (i % 2 === 0) world.bottom.last().answer(500);
      else world.bottom.last().fail(refused);
    }
    world.clock.advance(250);
    const before = world.bottom.calls.length;
    world.send();
    world.clock.advance(77);
    expect(world.bottom.calls).toHaveLength(before + 1);
  });
});

describe('the contract', () => {
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
        const world = setUp();
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
