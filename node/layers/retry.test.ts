import { type FailureCode, failure, failureTable } from '@weir/proto/http/failures.js';
import type { RetrySpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../observe/decisions.js';
import type { GatewayRequest, RequestBody } from '../pipeline/dispatch.js';
import { type Attempt, createAttempt } from '../pipeline/exchange.js';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import {
  fakeBody,
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
  seededRandom,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { replayOf } from '../upstream/retry/replay.js';
import type { Upstream } from '../upstream/upstreams.js';
import { retry } from './retry.js';

const spec: RetrySpec = {
  retries: 2,
  on: ['connect-failure', 'reset', 'refused', 'timeout', 'incomplete', 'status'],
  statuses: [502, 503, 504],
  budgetShare: 0,
  budgetFloorPerS: 1,
  backoffMs: 10,
  backoffMaxMs: 500,
  bodyBytesMax: 8,
};
const refused = failure('connection_refused', 'no one listens');
const reset = failure('connection_closed', 'gone');

type Given = Partial<RetrySpec> & { readonly upstream?: Upstream };

function setUp({ upstream, ...given }: Given = {}, ...steps: readonly ((call: ScriptedCall) => void)[]) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const decided: Decision[] = [];
  const base = makeServices();
  const observer = { ...base.observer, decided: (decision: Decision) => decided.push(decision) };
  const upstreams = { get: () => upstream };
  const services = makeServices({ clock, timers, random: seededRandom(7), observer, upstreams });
  const layer = retry(makeRoute({ retry: { ...spec, ...given } }), services);
  if (layer === null) throw new Error('a route with retries has the layer');
  const bottom = scriptedDispatch(...steps);
  const dispatch = layer(bottom.dispatch);
  const send = (request: Partial<GatewayRequest> = {}, totalMs = 1_000) => {
    const handler = recordingHandler();
    const exchange = makeExchange({ receivedAtMs: clock.nowMs() });
    exchange.deadlineAtMs = clock.nowMs() + totalMs;
    return { handler, cancel: dispatch(makeRequest({ exchange, ...request }), handler) };
  };
  return { clock, timers, decided, bottom, send, bodies: services.bodies };
}

describe('a route without retries', () => {
  it('has no such layer', () => {
    expect(retry(makeRoute(), makeServices())).toBeNull();
    expect(retry(makeRoute({ retry: { ...spec, retries: 0 } }), makeServices())).toBeNull();
  });
});

describe('an answer', () => {
  it('that is not retried passes as it comes, and so does what breaks it later', () => {
    const world = setUp();
    const { handler } = world.send();
    world.bottom.last().head(500);
    world.bottom.last().data('half');
    world.bottom.last().fail(failure('response_incomplete', 'broke off'));
    expect([handler.events, world.bottom.calls.length]).toEqual([['onHeaders', 'onData', 'onError'], 1]);
  });

  it('that is retried goes no further, its body is cancelled, and the next attempt answers', () => {
    const world = setUp();
    const { handler } = world.send();
    world.bottom.last().head(503, [], 10);
    expect([handler.events, world.bottom.last().cancelled]).toEqual([[], true]);
    world.clock.advance(10);
    expect(world.bottom.last().request.cause).toBe('retry');
    world.bottom.last().answer(200, [], 'whole');
    expect([handler.status, handler.text(), world.bottom.calls.length]).toEqual([200, 'whole', 2]);
    expect(world.decided).toEqual(['retry']);
  });

  it('that is given before the dispatch has returned is cancelled all the same, and followed once', () => {
    const world = setUp(
      {},
      (call) => {
        call.head(503);
        call.data('more');
      },
      (call) => call.answer(503),
      (call) => call.answer(200, [], 'third'),
    );
    const { handler } = world.send();
    expect([world.bottom.calls.length, world.bottom.calls[0]?.cancelled]).toEqual([1, true]);
    world.clock.advance(100);
    expect([handler.status, world.bottom.calls.length]).toEqual([200, 3]);
  });

  it('passes as it is when it was the last attempt', () => {
    const world = setUp({ retries: 1, backoffMs: 0 });
    const { handler } = world.send();
    world.bottom.last().answer(503);
    world.bottom.last().answer(502, ['x-from', 'second'], 'sorry');
    expect([handler.status, handler.headers, handler.text()]).toEqual([502, ['x-from', 'second'], 'sorry']);
  });

  it('that says when to come back is waited for, or passes at once where that is too late', () => {
    const patient = setUp();
    patient.send({}, 3_000);
    patient.bottom.last().head(503, ['retry-after', '1']);
    patient.clock.advance(999);
    expect(patient.bottom.calls).toHaveLength(1);
    patient.clock.advance(1);
    expect(patient.bottom.calls).toHaveLength(2);

    const late = setUp();
    const { handler } = late.send({}, 1_000);
    late.bottom.last().answer(503, ['retry-after', '1'], 'later');
    expect([handler.status, handler.text(), late.decided]).toEqual([503, 'later', ['retry_refused_deadline']]);
  });

  it('that says when to come back says it of its own target', () => {
    const targets = ['a', 'b'].map((id) => makeTarget({ id }));
    const [a, b] = targets.map(({ spec: { id } }) => createAttempt(id, 0));
    const asked = (attempts: readonly (Attempt | undefined)[]) => {
      const world = setUp({ upstream: makeUpstream(targets) });
      const exchange = makeExchange({ receivedAtMs: world.clock.nowMs() });
      exchange.attempts.push(...attempts.filter((each) => each !== undefined));
      world.send({ exchange });
      world.bottom.last().head(503, ['retry-after', '1']);
      return world.bottom.calls.length;
    };
    expect([asked([a]), asked([b]), asked([a, b])]).toEqual([2, 2, 1]);
  });

  it('that asks for a long pause is told where the request would keep a place all the while', () => {
    const concurrency = { mode: 'fixed' as const, limitMin: 4, limitMax: 4, limitStart: 4, queue: 4 };
    const target = makeTarget();
    const world = setUp({ upstream: makeUpstream([target], { concurrency }) });
    const exchange = makeExchange();
    exchange.attempts.push(createAttempt(target.spec.id, 0));
    const { handler } = world.send({ exchange });
    world.bottom.last().answer(503, ['retry-after', '3'], 'later');
    expect([handler.status, handler.text(), world.decided]).toEqual([503, 'later', ['retry_refused_place']]);
  });

  it('switches protocols through it', () => {
    const world = setUp();
    const { handler } = world.send();
    const peer = fakePeer();
    world.bottom.last().fail(refused);
    world.bottom.last().handler.onUpgrade?.(['upgrade', 'websocket'], peer);
    expect(handler.upgraded?.peer).toBe(peer);
  });
});

describe('a failure', () => {
  it('of which nothing was sent is tried again at once, even with an unsafe method', () => {
    const world = setUp({}, (call) => call.fail(refused));
    const { handler, cancel } = world.send({ method: 'POST' });
    expect([handler.events, world.bottom.calls.length, world.decided]).toEqual([[], 2, ['retry']]);
    cancel();
    // The Cancel is that of the attempt which is on, though the first dispatch returned last.
    expect(world.bottom.last().cancelled).toBe(true);
  });

  it('that may have had its effect is told where the method is unsafe, and tried again where it is not', () => {
    const unsafe = setUp();
    const { handler } = unsafe.send({ method: 'POST' });
    unsafe.bottom.last().fail(reset);
    expect([handler.failure, unsafe.bottom.calls.length]).toEqual([reset, 1]);

    const keyed = setUp({ backoffMs: 0 });
    keyed.send({ method: 'POST', headers: ['idempotency-key', 'k'] });
    keyed.bottom.last().fail(reset);
    keyed.clock.advance(0);
    expect(keyed.bottom.calls).toHaveLength(2);
  });

  it('is told when the pause was longer than it should have been and no time is left', () => {
    const world = setUp();
    const { handler } = world.send({}, 20);
    world.bottom.last().fail(reset);
    // The clock jumps, as when the event loop stood still.
    const { nowMs } = world.clock;
    world.clock.nowMs = () => nowMs() + 1_000;
    world.clock.advance(20);
    expect([handler.failure, world.bottom.calls.length]).toEqual([reset, 1]);
    expect(world.decided).toEqual(['retry_refused_deadline']);
  });

  it('of one route costs the budget of that route, and is told when that is spent', () => {
    const world = setUp({ retries: 1 });
    const outcomes = Array.from({ length: 12 }, () => {
      world.send();
      world.bottom.last().fail(refused);
      return world.decided.at(-1);
    });
    expect(outcomes).toEqual([...Array<Decision>(10).fill('retry'), 'retry_refused_budget', 'retry_refused_budget']);
  });

  it('of a fallback does not count as one more request of the route', () => {
    const world = setUp({ retries: 1, budgetShare: 1, budgetFloorPerS: 0 });
    const { handler } = world.send({ cause: 'fallback' });
    world.bottom.last().fail(refused);
    expect([handler.failure, world.decided]).toEqual([refused, ['retry_refused_budget']]);
  });
});

describe('cancel', () => {
  it('ends the attempt that is on, or the pause before the next one', () => {
    const attempt = setUp();
    const first = attempt.send();
    first.cancel();
    expect(attempt.bottom.last().cancelled).toBe(true);

    const pause = setUp();
    const second = pause.send();
    pause.bottom.last().fail(reset);
    expect(pause.timers.armed).toBe(1);
    second.cancel();
    second.cancel();
    pause.clock.advance(1_000);
    expect([pause.timers.armed, pause.bottom.calls.length, second.handler.events]).toEqual([0, 1, []]);
  });
});

describe('a request body', () => {
  it('is sent again from its beginning, and goes on where the source is', () => {
    const world = setUp();
    const body = fakeBody();
    world.send({ method: 'PUT', body });
    const got: string[][] = [[], []];
    const readInto = (index: number) =>
      world.bottom.calls[index]?.request.body?.read({
        onChunk: (chunk) => got[index]?.push(new TextDecoder().decode(chunk)),
        onEnd: () => got[index]?.push('end'),
        onError: (failed) => got[index]?.push(failed.code),
      });
    readInto(0);
    body.push('ab');
    world.bottom.last().fail(reset);
    expect(body.paused).toBe(true);
    world.clock.advance(10);
    readInto(1);
    body.push('cd');
    body.end();
    expect([got, body.paused]).toEqual([[['ab'], ['ab', 'cd', 'end']], false]);
  });

  it('is kept only until an answer passes; where a layer above keeps it, until that has no use for it', () => {
    const ignore = { onChunk: () => {}, onEnd: () => {}, onError: () => {} };
    const keptOf = (body: RequestBody | null | undefined): number | null =>
      body == null ? null : replayOf(body, 0, createHeldBytes()).keptBytes;
    const own = setUp();
    const source = fakeBody();
    own.send({ method: 'PUT', body: source });
    const { body } = own.bottom.last().request;
    body?.read(ignore);
    source.push('abc');
    expect(keptOf(body)).toBe(3);
    own.bottom.last().head(200);
    expect(keptOf(body)).toBe(0);

    const shared = setUp();
    const other = fakeBody();
    const above = replayOf(other, 100, createHeldBytes());
    shared.send({ method: 'PUT', body: above.body() });
    shared.bottom.last().request.body?.read(ignore);
    other.push('abc');
    shared.bottom.last().head(500);
    expect([above.keptBytes, above.isWhole]).toEqual([3, true]);
  });

  it('takes no room any more when the exchange has ended, in whatever way', () => {
    const ignore = { onChunk: () => {}, onEnd: () => {}, onError: () => {} };
    const ends: ((call: ScriptedCall, cancel: () => void) => void)[] = [
      (call) => call.answer(200),
      (call) => call.fail(failure('bad_request', '')),
      (_call, cancel) => cancel(),
    ];
    for (const end of ends) {
      const world = setUp();
      const body = fakeBody();
      const { cancel } = world.send({ method: 'PUT', body });
      world.bottom.last().request.body?.read(ignore);
      body.push('abc');
      expect(world.bodies.bytes).toBe(3);
      end(world.bottom.last(), cancel);
      expect(world.bodies.bytes).toBe(0);
    }
  });

  it('that grew beyond the bound ends the retries', () => {
    const world = setUp();
    const body = fakeBody();
    const { handler } = world.send({ method: 'PUT', body });
    world.bottom.last().request.body?.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} });
    body.push('123456789');
    world.bottom.last().fail(reset);
    expect([handler.failure, world.bottom.calls.length]).toEqual([reset, 1]);
  });
});

describe('any history of attempts', () => {
  // Object.keys of a constant table gives its keys, which TypeScript types as strings.
  const codes = (Object.keys(failureTable) as FailureCode[]).filter((code) => failureTable[code].source !== 'client');
  const outcome = fc.oneof(
    fc.constantFrom(...codes).map((code) => (call: ScriptedCall) => call.fail(failure(code, ''))),
    fc.constantFrom(200, 404, 500, 502, 503).map((status) => (call: ScriptedCall) => call.answer(status)),
    fc.constant((call: ScriptedCall) => call.head(503, ['retry-after', '1'])),
  );
  const attempt = fc.record({ outcome, afterMs: fc.nat(300), isAtOnce: fc.boolean() });
  const isOver = (call: ScriptedCall): boolean => call.cancelled || ended.has(call);
  const wasNotSent = (call: ScriptedCall): boolean => outcomes.get(call) === 'not-sent';
  const ended = new WeakSet<ScriptedCall>();
  const outcomes = new WeakMap<ScriptedCall, 'not-sent' | 'sent'>();

  /** Plays one outcome, and notes what a repetition may rely on. */
  function play(call: ScriptedCall, drive: (call: ScriptedCall) => void): void {
    outcomes.set(call, 'sent');
    const { answer, fail } = call;
    drive({
      ...call,
      fail(failed) {
        if (failureTable[failed.code].retry === 'always') outcomes.set(call, 'not-sent');
        ended.add(call);
        fail(failed);
      },
      answer(status) {
        ended.add(call);
        answer(status);
      },
    });
  }

  it('holds deadline, count and budget, has one attempt at a time, ends once, and repeats nothing unsafe', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(attempt, { minLength: 4, maxLength: 4 }), { maxLength: 12, size: 'max' }),
        fc.constantFrom('GET', 'POST'),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 3 }),
        (exchanges, method, totalMs, retries) => {
          const retriedAtMs: number[] = [];
          let script: { drive: (call: ScriptedCall) => void; isAtOnce: boolean }[] = [];
          let ofExchange: ScriptedCall[] = [];
          let deadlineMs = 0;
          const world = setUp({ retries, budgetFloorPerS: 0.5 }, ...Array(100).fill(begun));
          function begun(call: ScriptedCall): void {
            const nowMs = world.clock.nowMs();
            if (ofExchange.length > 0) {
              retriedAtMs.push(nowMs);
              expect(nowMs).toBeLessThan(deadlineMs);
              // The one before is over: it failed, or it was cancelled.
              for (const earlier of ofExchange) expect(isOver(earlier)).toBe(true);
              if (method === 'POST') expect(ofExchange.every(wasNotSent)).toBe(true);
              expect(call.request.cause).toBe('retry');
              // Ten seconds of half a retry per second.
              expect(retriedAtMs.filter((ms) => ms > nowMs - 10_000).length).toBeLessThanOrEqual(5);
            }
            ofExchange.push(call);
            expect(ofExchange.length).toBeLessThanOrEqual(retries + 1);
            const next = script[0];
            if (next?.isAtOnce !== true) return;
            script.shift();
            play(call, next.drive);
          }
          for (const attempts of exchanges) {
            script = attempts.map(({ outcome, isAtOnce }) => ({ drive: outcome, isAtOnce }));
            ofExchange = [];
            deadlineMs = world.clock.nowMs() + totalMs;
            const { handler, cancel } = world.send({ method }, totalMs);
            for (const { afterMs } of attempts) {
              world.clock.advance(afterMs);
              const latest = world.bottom.last();
              const next = script.shift();
              if (next !== undefined && !handler.ended && !outcomes.has(latest)) play(latest, next.drive);
            }
            cancel();
            expect([world.timers.armed, isOver(world.bottom.last())]).toEqual([0, true]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
