import { failure, type TimerName } from '@weir/proto/http/failures.js';
import type { RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { compose } from '../pipeline/dispatch.js';
import { phaseDurations } from '../pipeline/exchange.js';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import {
  fakeBody,
  fakeClock,
  fakeTimers,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, routeTimeouts, silentRoute } from '../pipeline/testing/specs.js';
import { attempt } from './attempt.js';

function setUp(timeouts: Partial<RouteTimeouts> = {}, body: ReturnType<typeof fakeBody> | null = null) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const fired: TimerName[] = [];
  const services = makeServices({
    clock,
    timers,
    observer: {
      route: () => silentRoute,
      timerFired: (timer) => fired.push(timer),
      joined: () => {},
      decided: () => {},
    },
  });
  const layer = attempt(makeRoute({ timeouts: { ...routeTimeouts, ...timeouts } }), services);
  if (layer === null) throw new Error('a proxy route has an attempt layer');
  const bottom = scriptedDispatch();
  const handler = recordingHandler();
  const request = makeRequest({ body });
  const cancel = compose([layer], bottom.dispatch)(request, handler);
  const call = bottom.last();
  return { clock, timers, fired, handler, cancel, call, exchange: request.exchange };
}

describe('the timers of an attempt', () => {
  const phases = [
    ['queue', 'queue', 'queue_timeout'],
    ['connect', 'connect', 'connect_timeout'],
    ['tls', 'tls', 'tls_timeout'],
    ['firstByte', 'firstByte', 'first_byte_timeout'],
  ] as const;
  it.each(phases)(
    'a transport that stays in %s is ended by the %s timer, and not before its limit',
    (phase, timer, code) => {
      const limitMs = 500;
      const world = setUp({ queueMs: limitMs, connectMs: limitMs, tlsMs: limitMs, firstByteMs: limitMs });
      world.call.handler.onPhase?.(phase);
      world.clock.advance(limitMs - 1);
      expect(world.handler.ended).toBe(false);
      world.clock.advance(1);
      expect(world.handler.failure).toMatchObject({ code, timer, limitMs });
      expect([world.call.cancelled, world.fired, world.timers.armed]).toEqual([true, [timer], 0]);
    },
  );

  it('each phase starts its own limit: what one phase used up is not taken from the next', () => {
    const world = setUp({ queueMs: 100, connectMs: 100, firstByteMs: 100 });
    for (const phase of ['queue', 'connect', 'firstByte'] as const) {
      world.call.handler.onPhase?.(phase);
      world.clock.advance(99);
    }
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure?.timer).toBe('firstByte');
  });

  it('a shorter limit behind a longer one is not noticed late', () => {
    const world = setUp({ queueMs: 10_000, connectMs: 50 });
    world.call.handler.onPhase?.('queue');
    world.call.handler.onPhase?.('connect');
    world.clock.advance(50);
    expect(world.handler.failure?.timer).toBe('connect');
  });

  it('the attempt timer bounds all phases together', () => {
    const world = setUp({ attemptMs: 150, connectMs: 100, firstByteMs: 100 });
    world.call.handler.onPhase?.('connect');
    world.clock.advance(90);
    world.call.handler.onPhase?.('firstByte');
    world.clock.advance(60);
    expect(world.handler.failure).toMatchObject({ code: 'attempt_timeout', limitMs: 150 });
  });

  it('idle counts from the last piece of the body', () => {
    const world = setUp({ idleMs: 100 });
    world.call.handler.onPhase?.('firstByte');
    world.call.head(200, [], null);
    for (let i = 0; i < 5; i += 1) {
      world.clock.advance(99);
      world.call.data('piece');
    }
    world.clock.advance(99);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure?.timer).toBe('idle');
  });

  it('idle stands still while the client does not read, and starts whole when it reads again', () => {
    const world = setUp({ idleMs: 100 });
    world.call.head(200, [], null);
    world.handler.open = false;
    world.call.data('too much');
    world.clock.advance(100_000);
    expect(world.handler.ended).toBe(false);
    world.handler.head?.resume();
    world.clock.advance(99);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure?.timer).toBe('idle');
  });
});

describe('the send timer', () => {
  const sink = { onChunk: () => {}, onEnd: () => {}, onError: () => {} };

  it('fires when the upstream stops taking the body', () => {
    const world = setUp({ sendMs: 100 }, fakeBody());
    const body = world.call.request.body;
    world.call.handler.onPhase?.('send');
    body?.read(sink);
    body?.pause();
    world.clock.advance(100);
    expect(world.handler.failure?.timer).toBe('send');
  });

  it('does not fire while the upstream waits for a slow client', () => {
    const world = setUp({ sendMs: 100 }, fakeBody());
    const body = world.call.request.body;
    world.call.handler.onPhase?.('send');
    body?.read(sink);
    body?.pause();
    world.clock.advance(99);
    body?.resume();
    world.clock.advance(100_000);
    expect(world.handler.ended).toBe(false);
  });

  it('is pushed back by each piece that the upstream takes, and ends with the phase', () => {
    const world = setUp({ sendMs: 100, firstByteMs: 1_000 }, fakeBody());
    world.call.handler.onPhase?.('send');
    world.call.request.body?.read(sink);
    world.call.request.body?.pause();
    world.clock.advance(90);
    world.call.handler.onSendProgress?.();
    world.clock.advance(90);
    expect(world.handler.ended).toBe(false);
    world.call.handler.onPhase?.('firstByte');
    world.clock.advance(999);
    expect(world.handler.ended).toBe(false);
  });

  it('counts from the end of the body when the upstream leaves the rest in the socket', () => {
    const body = fakeBody();
    const world = setUp({ sendMs: 100 }, body);
    world.call.handler.onPhase?.('send');
    world.call.request.body?.read(sink);
    world.clock.advance(5_000);
    body.push('all');
    body.end();
    world.clock.advance(100);
    expect(world.handler.failure?.timer).toBe('send');
  });
});

describe('a body that is gathered before the attempt begins', () => {
  const sink = { onChunk: () => {}, onEnd: () => {}, onError: () => {} };

  it('leaves the attempt timer alone until there is an attempt', () => {
    const world = setUp({ attemptMs: 100 }, fakeBody(10));
    world.call.request.body?.read(sink);
    world.clock.advance(5_000);
    expect(world.handler.ended).toBe(false);
    world.call.handler.onPhase?.('connect');
    world.clock.advance(100);
    expect(world.handler.failure?.timer).toBe('attempt');
  });

  it('has its send timer from the moment that sending begins', () => {
    const body = fakeBody(10);
    const world = setUp({ sendMs: 100 }, body);
    world.call.request.body?.read(sink);
    body.push('ten bytes!');
    body.end();
    world.call.handler.onPhase?.('send');
    world.clock.advance(100);
    expect(world.handler.failure?.timer).toBe('send');
  });
});

describe('a bug above an attempt', () => {
  it('fails the exchange, is told, and does not reach the transport', () => {
    const bug = new Error('bug');
    const bugs: unknown[] = [];
    const services = makeServices({ onBug: (error) => bugs.push(error) });
    const layer = attempt(makeRoute(), services);
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const bottom = scriptedDispatch();
    const failed: string[] = [];
    compose([layer], bottom.dispatch)(makeRequest(), {
      onHeaders: () => {
        throw bug;
      },
      onData: () => true,
      onComplete: () => {},
      onError: ({ code }) => failed.push(code),
    });
    bottom.last().head(200);
    expect([failed, bugs, bottom.last().cancelled]).toEqual([['internal_error'], [bug], true]);
  });

  it('that is met by a tunnel ends the tunnel, for both ends', () => {
    const world = withBugs('onUpgrade');
    const peer = fakePeer();
    world.call.handler.onUpgrade?.([], peer);
    expect([world.failed, world.bugs.length, peer.log]).toEqual([['internal_error'], 1, ['terminate']]);
  });

  it('that is met by a timer that fires does not reach the timers', () => {
    const world = withBugs('onError');
    world.call.handler.onPhase?.('connect');
    world.clock.advance(routeTimeouts.connectMs);
    expect([world.failed, world.bugs.length, world.call.cancelled]).toEqual([['connect_timeout'], 1, true]);
  });

  /** An attempt whose handler throws in one of its callbacks. */
  function withBugs(where: 'onUpgrade' | 'onError') {
    const bugs: unknown[] = [];
    const clock = fakeClock();
    const services = makeServices({ clock, timers: fakeTimers(clock), onBug: (error) => bugs.push(error) });
    const layer = attempt(makeRoute(), services);
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const bottom = scriptedDispatch();
    const failed: string[] = [];
    compose([layer], bottom.dispatch)(makeRequest(), {
      ...recordingHandler(),
      onUpgrade() {
        if (where === 'onUpgrade') throw new Error('bug');
      },
      onError({ code }) {
        failed.push(code);
        if (where === 'onError') throw new Error('bug');
      },
    });
    return { bugs, clock, failed, call: bottom.last() };
  }
});

describe('the record of an attempt', () => {
  it('says whose target was asked', () => {
    const layer = attempt(makeRoute(), makeServices());
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const request = makeRequest({ target: { ...makeTarget({ id: 'a:1' }), upstreamId: 'up' } });
    compose([layer], scriptedDispatch().dispatch)(request, recordingHandler());
    expect(request.exchange.attempts[0]).toMatchObject({ upstreamId: 'up', targetId: 'a:1' });
  });

  it('says why it was made', () => {
    const layer = attempt(makeRoute(), makeServices());
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const request = makeRequest();
    const dispatch = compose([layer], scriptedDispatch().dispatch);
    dispatch(request, recordingHandler());
    dispatch({ ...request, cause: 'hedge' }, recordingHandler());
    expect(request.exchange.attempts.map(({ cause }) => cause)).toEqual([null, 'hedge']);
  });

  it('forgets what a former connection had reached when it begins again on a fresh one', () => {
    const world = setUp();
    world.call.handler.onPhase?.('send');
    world.call.handler.onPhase?.('firstByte');
    world.clock.advance(50);
    world.call.handler.onPhase?.('connect');
    world.clock.advance(7);
    world.call.fail(failure('connection_refused', ''));
    const [record] = world.exchange.attempts;
    if (record === undefined) throw new Error('the attempt was not recorded');
    expect(phaseDurations(record, 0)).toEqual({ connect: 7 });
  });

  it('holds the duration of each phase that was passed, and the status', () => {
    const world = setUp();
    world.call.handler.onPhase?.('connect');
    world.clock.advance(20);
    world.call.handler.onPhase?.('send');
    world.clock.advance(1);
    world.call.handler.onPhase?.('firstByte');
    world.clock.advance(300);
    world.call.head(201, [], 0);
    world.clock.advance(4);
    world.call.complete();
    const [record] = world.exchange.attempts;
    if (record === undefined) throw new Error('the attempt was not recorded');
    expect(phaseDurations(record, 0)).toEqual({ connect: 20, send: 1, firstByte: 300, body: 4 });
    expect([record.status, record.failure, world.timers.armed]).toEqual([201, null, 0]);
  });

  it('keeps the failure of the transport and passes it on once', () => {
    const world = setUp({ attemptMs: 10 });
    const refused = failure('connection_refused', 'nobody listens');
    world.call.fail(refused);
    world.clock.advance(1_000);
    expect(world.handler.events).toEqual(['onError']);
    expect(world.exchange.attempts[0]?.failure).toBe(refused);
  });

  it('a cancel from above stops the transport and every timer', () => {
    const world = setUp({ attemptMs: 10 });
    world.call.handler.onPhase?.('connect');
    world.cancel();
    world.clock.advance(100_000);
    expect([world.call.cancelled, world.timers.armed, world.handler.events]).toEqual([true, 0, []]);
  });
});

describe('a learnt limit', () => {
  const learnt = { kind: 'adaptive', quantile: 0.9, factor: 2, minMs: 20, maxMs: 5_000, coldMs: 1_000 } as const;

  /** One route, attempt after attempt. */
  function setUpRoute(timeouts: Partial<RouteTimeouts>) {
    const clock = fakeClock();
    const services = makeServices({ clock, timers: fakeTimers(clock) });
    const layer = attempt(makeRoute({ timeouts: { ...routeTimeouts, ...timeouts } }), services);
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const bottom = scriptedDispatch();
    const dispatch = compose([layer], bottom.dispatch);
    const begin = () => {
      const handler = recordingHandler();
      const cancel = dispatch(makeRequest(), handler);
      const call = bottom.last();
      call.handler.onPhase?.('connect');
      clock.advance(1);
      call.handler.onPhase?.('send');
      call.handler.onPhase?.('firstByte');
      return { handler, cancel, call };
    };
    const answer = (count: number, headMs: number, bodyMs = 0, status = 200): void => {
      for (let i = 0; i < count; i += 1) {
        const { call } = begin();
        clock.advance(headMs);
        call.head(status, [], null);
        clock.advance(bodyMs);
        call.complete();
      }
    };
    /** How long an attempt may now take, and what it ends with. */
    const limit = () => {
      clock.advance(250);
      const { handler } = begin();
      const fromMs = clock.nowMs();
      while (!handler.ended) clock.advance(1);
      return { afterMs: clock.nowMs() - fromMs, failure: handler.failure };
    };
    return { clock, begin, answer, limit };
  }

  it('of firstByte is the cold one at first, and then learnt from request sent to head', () => {
    const route = setUpRoute({ firstByteMs: 9_000, firstByteLearnt: learnt });
    expect(route.limit()).toMatchObject({ afterMs: 1_000, failure: { timer: 'firstByte', limitMs: 1_000 } });
    route.answer(120, 50, 300);
    const { afterMs, failure } = route.limit();
    expect([failure?.code, failure?.limitMs]).toEqual(['first_byte_timeout', afterMs]);
    expect(afterMs).toBeGreaterThanOrEqual(98);
    expect(afterMs).toBeLessThanOrEqual(102);
    expect(failure?.detail).toContain(`after ${afterMs} ms`);
  });

  it('of attempt is learnt from the first phase to the end of the answer', () => {
    const route = setUpRoute({ attemptMs: 0, attemptLearnt: learnt });
    route.answer(120, 50, 300);
    const { failure } = route.limit();
    expect(failure?.code).toBe('attempt_timeout');
    expect(failure?.limitMs).toBeGreaterThanOrEqual(2 * 351 * 0.98);
    expect(failure?.limitMs).toBeLessThanOrEqual(2 * 351 * 1.02 + 1);
  });

  it('is kept by an attempt as it was when that began', () => {
    const route = setUpRoute({ firstByteLearnt: learnt });
    route.answer(99, 50);
    const early = route.begin();
    route.answer(10, 50);
    route.clock.advance(999 - 10 * 51);
    expect(early.handler.ended).toBe(false);
    route.clock.advance(2_000);
    expect(early.handler.failure?.limitMs).toBe(1_000);
  });

  it('learns nothing of how long answers take from errors, however fast they come', () => {
    for (const timeouts of [{ firstByteLearnt: learnt }, { attemptLearnt: learnt }]) {
      const route = setUpRoute(timeouts);
      route.answer(120, 50);
      const before = route.limit().failure?.limitMs;
      route.answer(2_000, 1, 0, 503);
      for (let i = 0; i < 1_000; i += 1) route.begin().call.fail(failure('connection_closed', ''));
      expect(route.limit().failure?.limitMs).toBe(before);
    }
  });

  it('of attempt learns nothing from answers that broke off, but that they took longer', () => {
    const route = setUpRoute({ attemptLearnt: { ...learnt, factor: 1 } });
    route.answer(120, 50);
    const before = route.limit().failure?.limitMs ?? 0;
    const breakOff = (count: number, afterMs: number): void => {
      for (let i = 0; i < count; i += 1) {
        const { call } = route.begin();
        call.head(200, [], null);
        route.clock.advance(afterMs);
        call.fail(failure('response_incomplete', ''));
      }
    };
    breakOff(2_000, 1);
    expect(route.limit().failure?.limitMs).toBe(before);
    for (let i = 0; i < 40; i += 1) route.limit();
    expect(route.limit().failure?.limitMs).toBe(learnt.maxMs);
  });

  it('does not become shorter by the attempts that it ends, or that are given up', () => {
    const route = setUpRoute({ firstByteLearnt: { ...learnt, quantile: 0.5, factor: 1 } });
    route.answer(120, 50);
    const before = route.limit().failure?.limitMs ?? 0;
    // Half of all answers have become too slow for the limit.
    for (let i = 0; i < 60; i += 1) {
      const { cancel } = route.begin();
      route.clock.advance(before - 1);
      cancel();
      route.limit();
    }
    expect(route.limit().failure?.limitMs).toBeGreaterThanOrEqual(before);
  });

  it('grows past what it has been ending, so that it learns how slow the upstream has become', () => {
    const route = setUpRoute({ firstByteLearnt: { ...learnt, factor: 1 } });
    route.answer(120, 50);
    for (let i = 0; i < 30; i += 1) route.limit();
    expect(route.limit().failure?.limitMs).toBe(learnt.maxMs);
  });
});
