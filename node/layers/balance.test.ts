import { createHmac } from 'node:crypto';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../observe/decisions.js';
import { compose, type Dispatch, nothingToCancel } from '../pipeline/dispatch.js';
import { createAttempt, enterPhase } from '../pipeline/exchange.js';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import {
  fakeBody,
  fakeClock,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeBalance, makeRoute, makeServices, makeUpstream } from '../pipeline/testing/specs.js';
import type { Load } from '../upstream/balance/load.js';
import { createPeakEwma } from '../upstream/balance/peak-ewma.js';
import { type FakeTarget, fakeHealth, fakeTarget } from '../upstream/balance/testing/standings.js';
import { balance } from './balance.js';

interface SetUp {
  readonly targets?: readonly FakeTarget[];
  readonly spec?: Partial<UpstreamSpec>;
  readonly load?: Load;
}

function setUp({ targets, spec = { balance: makeBalance('least-request') }, load }: SetUp = {}) {
  const clock = fakeClock();
  const all = targets ?? [{ ...fakeTarget(), ...(load === undefined ? {} : { load }) }];
  const health = fakeHealth();
  const upstream = { ...makeUpstream(all, spec), health };
  const decisions: Decision[] = [];
  const services = makeServices({
    clock,
    upstreams: { get: (id) => (id === upstream.spec.id ? upstream : undefined) },
    observer: { ...makeServices().observer, decided: (decision) => decisions.push(decision) },
    sign: (key, text) => createHmac('sha256', key).update(text).digest('base64url'),
  });
  const layer = balance(makeRoute({ action: { kind: 'proxy', upstream: upstream.spec.id, rewrite: null } }), services);
  if (layer === null) throw new Error('a proxy route balances');
  const bottom = scriptedDispatch();
  // What stands below records the attempt, as the attempt layer does.
  const recorded: Dispatch = (request, handler) => {
    request.exchange.attempts.push(createAttempt(request.target?.spec.id ?? '', clock.nowMs()));
    return bottom.dispatch(request, handler);
  };
  const target = all[0] ?? fakeTarget();
  return { clock, targets: all, target, health, decisions, bottom, dispatch: compose([layer], recorded), layer };
}

describe('balance', () => {
  it('gives the request a target and counts it in flight until the answer is complete', () => {
    const { target, bottom, dispatch } = setUp();
    const request = makeRequest();
    dispatch(request, recordingHandler());
    expect([bottom.last().request.target, target.inFlight]).toEqual([target, 1]);
    expect([request.target, request.exchange.upstreamId]).toEqual([null, 'upstream-1']);
    bottom.last().head(200, [], null);
    expect(target.inFlight).toBe(1);
    bottom.last().complete();
    expect(target.inFlight).toBe(0);
  });

  it('avoids a target that does not answer', () => {
    const { targets, bottom, dispatch } = setUp({ targets: [fakeTarget({ id: 'a:80' }), fakeTarget({ id: 'b:80' })] });
    dispatch(makeRequest(), recordingHandler());
    const stuck = bottom.last().request.target;
    for (let i = 0; i < 20; i += 1) {
      dispatch(makeRequest(), recordingHandler());
      expect(bottom.last().request.target).not.toBe(stuck);
      bottom.last().answer(200);
    }
    expect(targets.map(({ inFlight }) => inFlight).sort()).toEqual([0, 1]);
  });

  it('sends what is dispatched again to another target', () => {
    const { bottom, dispatch } = setUp({ targets: [fakeTarget({ id: 'a:80' }), fakeTarget({ id: 'b:80' })] });
    const request = makeRequest();
    dispatch(request, recordingHandler());
    dispatch({ ...request, cause: 'retry' }, recordingHandler());
    expect(new Set(bottom.calls.map((call) => call.request.target?.spec.id))).toEqual(new Set(['a:80', 'b:80']));
  });

  it('says so when there is no target, or none that is well', () => {
    for (const targets of [[], [fakeTarget({}, 'out')]]) {
      const { dispatch } = setUp({ targets, spec: { balance: makeBalance('peak-ewma', { panicShare: 0 }) } });
      const handler = recordingHandler();
      dispatch(makeRequest(), handler);
      expect(handler.failure).toMatchObject({ code: 'no_target', retryAfterS: 1 });
    }
    const nowhere = balance(makeRoute(), makeServices());
    const handler = recordingHandler();
    if (nowhere !== null) compose([nowhere], scriptedDispatch().dispatch)(makeRequest(), handler);
    expect(handler.failure?.code).toBe('no_target');
  });

  it('asks nobody while the upstream as a whole is out, and says when to come again', () => {
    const { health, target, clock, bottom, decisions, dispatch } = setUp();
    health.now = 'out';
    const wait = (outUntilMs: number | undefined): number | undefined => {
      if (outUntilMs !== undefined) health.outUntilMs = outUntilMs;
      const handler = recordingHandler();
      dispatch(makeRequest(), handler);
      expect(handler.failure?.code).toBe('circuit_open');
      return handler.failure?.retryAfterS;
    };
    const nowMs = clock.nowMs();
    expect([undefined, nowMs + 2_100, nowMs, nowMs - 5_000, Number.POSITIVE_INFINITY].map(wait)).toEqual([
      1, 3, 1, 1, 1,
    ]);
    expect([bottom.calls.length, target.health.begun.length, health.begun.length, target.inFlight]).toEqual([
      0, 0, 0, 0,
    ]);
    expect(new Set(decisions)).toEqual(new Set(['breaker_refused']));
  });
});

describe('the account of an attempt', () => {
  type Step = 'head' | 'long head' | 'data' | 'complete' | 'fail' | 'cancel' | 'upgrade' | 'wait';
  const steps = fc.array(
    fc.constantFrom<Step>('head', 'long head', 'data', 'complete', 'fail', 'cancel', 'upgrade', 'wait'),
    { size: 'max', maxLength: 12 },
  );
  /** Which steps a transport may take, and that a handler's owner may always cancel. */
  const isAllowed = (step: Step, state: { head: boolean; ended: boolean }): boolean => {
    if (step === 'cancel' || step === 'wait') return true;
    if (state.ended) return false;
    if (step === 'fail') return true;
    return step === 'data' || step === 'complete' ? state.head : !state.head;
  };

  it('begins once and ends once, whatever happens, and leaves nothing in flight', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (list, isTrial) => {
        const told = { begun: 0, ended: 0 };
        const load: Load = {
          isTimed: true,
          begin: () => told.begun++,
          answered: () => {},
          end: () => {
            told.ended += 1;
          },
          cost: () => 1,
          isDueToBeExplored: () => false,
          adopt: () => {},
        };
        const { target, health, clock, bottom, dispatch } = setUp({ load });
        if (isTrial) target.health.now = 'trial';
        const cancel = dispatch(makeRequest(), recordingHandler());
        const call = bottom.last();
        const state = { head: false, ended: false };
        const peer = fakePeer();
        const run: Record<Step, () => void> = {
          head: () => call.head(200, [], 2),
          'long head': () => call.head(200, [], null),
          data: () => call.data('x'),
          complete: () => call.complete(),
          fail: () => call.fail(failure('connection_closed', '')),
          cancel: () => cancel(),
          upgrade: () => call.handler.onUpgrade?.([], peer),
          wait: () => clock.advance(5),
        };
        for (const step of [...list, 'cancel' as const]) {
          if (!isAllowed(step, state)) continue;
          run[step]();
          if (step === 'head' || step === 'long head') state.head = true;
          if (['complete', 'fail', 'cancel', 'upgrade'].includes(step)) state.ended = true;
          if (step === 'upgrade') expect(target.inFlight).toBe(1);
        }
        expect([told.begun, told.ended, target.inFlight]).toEqual([1, 1, 0]);
        for (const one of [target.health, health]) {
          expect(one.ended.map(({ epoch }) => epoch)).toEqual(one.begun);
        }
        expect(health.ended).toHaveLength(1);
      }),
    );
  });

  it.each([
    [
      'an answer',
      (at: ReturnType<typeof setUp>) => at.bottom.last().answer(204),
      { status: 204, headAtMs: 1_020, endedAtMs: 1_020 },
    ],
    [
      'a failure',
      (at: ReturnType<typeof setUp>) => at.bottom.last().fail(failure('first_byte_timeout', '')),
      { status: 0, headAtMs: Number.NaN, endedAtMs: 1_020 },
    ],
  ])('of %s has its times and what came of it', (_what, finish, expected) => {
    const at = setUp();
    at.dispatch(makeRequest(), recordingHandler());
    at.clock.advance(20);
    finish(at);
    const outcome = at.target.health.ended[0]?.outcome;
    expect(outcome).toMatchObject({ startedAtMs: 1_000, isCancelled: false, retryAfterMs: Number.NaN, ...expected });
    expect(at.health.ended[0]?.outcome).toBe(outcome);
  });

  it('says that it was given up, and no more than was seen', () => {
    const { target, bottom, dispatch } = setUp();
    const cancel = dispatch(makeRequest(), recordingHandler());
    bottom.last().head(200, [], 10);
    cancel();
    expect(target.health.ended[0]?.outcome).toMatchObject({ isCancelled: true, status: 200, failure: null });
    expect(bottom.last().cancelled).toBe(true);
  });

  it('says that a 503 was an answer, also when whoever tries again lets go of it at its head', () => {
    const { target, bottom, dispatch } = setUp();
    const cancel = dispatch(makeRequest(), recordingHandler());
    bottom.last().head(503, [], 10);
    cancel();
    expect(target.health.ended[0]?.outcome).toMatchObject({ isCancelled: false, status: 503 });
  });

  it('reads Retry-After of a 503 alone: with a 429 it is said to one client', () => {
    const { target, bottom, dispatch } = setUp();
    for (const status of [200, 429, 503]) {
      dispatch(makeRequest(), recordingHandler());
      bottom.last().answer(status, ['retry-after', '7']);
    }
    const read = target.health.ended.map(({ outcome }) => outcome.retryAfterMs);
    expect(read).toEqual([Number.NaN, Number.NaN, 7_000]);
  });

  it('proves nothing where the target was never asked', () => {
    const { target, layer } = setUp();
    compose([layer], (_request, handler) => {
      handler.onHeaders({ status: 204, headers: [], lengthBytes: 0, resume: () => {} });
      handler.onComplete();
      return nothingToCancel;
    })(makeRequest(), recordingHandler());
    expect([target.health.ended[0]?.outcome.isCancelled, target.inFlight]).toEqual([true, 0]);
  });

  it('of a trial ends with the head of a stream, and of nothing else', () => {
    const { target, bottom, dispatch } = setUp();
    const told = (standing: 'well' | 'trial', lengthBytes: number | null): number => {
      target.health.now = standing;
      const before = target.health.ended.length;
      const cancel = dispatch(makeRequest(), recordingHandler());
      bottom.last().head(200, [], lengthBytes);
      const after = target.health.ended.length;
      cancel();
      return after - before;
    };
    expect([told('trial', null), told('trial', 10_000_000), told('trial', 10), told('well', null)]).toEqual([
      1, 1, 0, 0,
    ]);
    expect(target.health.ended[0]?.outcome).toMatchObject({ isCancelled: false, status: 200, failure: null });
  });
});

describe('an attempt that only the deadline ended', () => {
  /** Twenty quick answers, and then one that does not come. */
  function setUpSilent(deadlineMs = 2_000) {
    const at = setUp();
    for (let i = 0; i < 20; i += 1) {
      at.dispatch(makeRequest(), recordingHandler());
      at.clock.advance(10);
      at.bottom.last().answer(200);
    }
    const exchange = makeExchange({ receivedAtMs: at.clock.nowMs() });
    exchange.deadlineAtMs = at.clock.nowMs() + deadlineMs;
    const cancel = at.dispatch(makeRequest({ exchange }), recordingHandler());
    const [attempt] = exchange.attempts;
    if (attempt === undefined) throw new Error('an attempt was made');
    enterPhase(attempt, 'firstByte', at.clock.nowMs());
    const overdue = () => at.target.health.ended.at(-1)?.outcome.isOverdue;
    return { ...at, exchange, cancel, overdue };
  }

  it('is to blame when its target was waited for much longer than answers take', () => {
    const { clock, cancel, overdue } = setUpSilent();
    clock.advance(2_000);
    cancel();
    expect(overdue()).toBe(true);
  });

  it('is not to blame for what this gateway slept through', () => {
    const { clock, cancel, overdue } = setUpSilent();
    clock.stall(1_900);
    clock.advance(100);
    cancel();
    expect(overdue()).toBe(false);
  });

  it('is to blame, too, when the client left after waiting as long, and not when it left early', () => {
    for (const [ms, isToBlame] of [
      [2_000 - 1, true],
      [240, false],
    ] as const) {
      const { clock, exchange, cancel, overdue } = setUpSilent();
      clock.advance(ms);
      exchange.failure = failure('client_gone', '');
      cancel();
      expect(overdue()).toBe(isToBlame);
    }
  });

  it('is not to blame when another attempt was faster, when it was not waited for, or when the deadline was short', () => {
    const loser = setUpSilent();
    loser.clock.advance(1_900);
    loser.cancel();
    const queued = setUpSilent();
    queued.exchange.attempts.splice(0, 1, createAttempt('10.0.0.1:80', queued.clock.nowMs()));
    queued.clock.advance(2_000);
    queued.cancel();
    const short = setUpSilent(200);
    short.clock.advance(200);
    short.cancel();
    const answered = setUpSilent();
    answered.bottom.last().head(200, [], 10);
    const begun = answered.exchange.attempts[0];
    if (begun !== undefined) enterPhase(begun, 'body', answered.clock.nowMs());
    answered.clock.advance(2_000);
    answered.cancel();
    expect([loser, queued, short, answered].map(({ overdue }) => overdue())).toEqual([false, false, false, false]);
  });
});

describe('the load of a target', () => {
  const costAfter = (run: (at: ReturnType<typeof setUp>) => void): number => {
    const at = setUp({ load: createPeakEwma(1, 0) });
    run(at);
    return at.target.load.cost(at.clock.nowMs(), 0);
  };

  it('takes a short answer as there when it is whole, any other one when it begins', () => {
    const took = (lengthBytes: number | null) =>
      costAfter(({ clock, bottom, dispatch }) => {
        dispatch(makeRequest(), recordingHandler());
        clock.advance(100);
        bottom.last().head(200, [], lengthBytes);
        clock.advance(400);
      });
    expect(took(1_000)).toBe(500);
    expect(took(null)).toBeLessThan(1);
    expect(took(1_000_000)).toBeLessThan(1);
  });

  it('does not hold against it that the client is slow to read', () => {
    const cost = costAfter(({ clock, bottom, dispatch }) => {
      const handler = recordingHandler();
      handler.open = false;
      dispatch(makeRequest(), handler);
      bottom.last().head(200, [], 2);
      bottom.last().data('x');
      clock.advance(5_000);
    });
    expect(cost).toBeLessThan(1);
  });

  it('begins with the end of the request body, however slow that is', () => {
    const body = fakeBody();
    const read: string[] = [];
    const cost = costAfter(({ clock, bottom, dispatch }) => {
      dispatch(makeRequest({ method: 'POST', body }), recordingHandler());
      bottom.last().request.body?.read({
        onChunk: (chunk) => read.push(new TextDecoder().decode(chunk)),
        onEnd: () => read.push('end'),
        onError: (failed: Failure) => read.push(failed.code),
      });
      body.push('a');
      clock.advance(9_000);
      body.end();
      clock.advance(30);
    });
    expect(cost).toBe(30);
    expect(read).toEqual(['a', 'end']);
  });

  it('does not begin with a body that ends after the answer', () => {
    const body = fakeBody();
    const cost = costAfter(({ clock, bottom, dispatch }) => {
      dispatch(makeRequest({ method: 'POST', body }), recordingHandler());
      bottom.last().request.body?.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} });
      bottom.last().answer(413);
      clock.advance(10);
      body.end();
      clock.advance(5_000);
    });
    expect(cost).toBeLessThan(1);
  });
});

describe('a sticky upstream', () => {
  const sticky = { cookie: 'c', secret: 's', maxAgeS: 0 };
  const targets = () => [fakeTarget({ id: 'a:80' }), fakeTarget({ id: 'b:80' })];
  const spec = { balance: makeBalance('sticky', { sticky }) };

  it('sets its cookie with the first answer, and goes by it from then on', () => {
    const { bottom, dispatch } = setUp({ targets: targets(), spec });
    const first = recordingHandler();
    dispatch(makeRequest(), first);
    const target = bottom.last().request.target;
    bottom.last().answer(200, ['set-cookie', 'own=1'], 'x');
    expect(first.headers.filter((_, i) => i % 2 === 0)).toEqual(['set-cookie', 'set-cookie']);
    const cookie = first.headers[3]?.split(';')[0] ?? '';
    for (let i = 0; i < 10; i += 1) {
      const again = recordingHandler();
      dispatch(makeRequest({ headers: ['cookie', cookie] }), again);
      bottom.last().answer(200);
      expect([bottom.last().request.target, headerValue(again.headers, 'set-cookie')]).toEqual([target, undefined]);
    }
  });

  it('binds nobody to a target that answers with an error, and does not forget a handshake', () => {
    const { bottom, dispatch } = setUp({ targets: targets(), spec });
    const failed = recordingHandler();
    dispatch(makeRequest(), failed);
    bottom.last().answer(500);
    expect(headerValue(failed.headers, 'set-cookie')).toBeUndefined();
    const upgraded = recordingHandler();
    dispatch(makeRequest(), upgraded);
    bottom.last().handler.onUpgrade?.([], fakePeer());
    expect(headerValue(upgraded.upgraded?.headers ?? [], 'set-cookie')).toMatch(/^c=/);
  });

  it('is not compiled with a secret that anyone can guess', () => {
    const empty = { balance: makeBalance('sticky', { sticky: { ...sticky, secret: '' } }) };
    expect(() => setUp({ targets: targets(), spec: empty })).toThrow('is empty');
  });
});
