import type { HeaderList } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { compose } from '../pipeline/dispatch.js';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, routeTimeouts } from '../pipeline/testing/specs.js';
import { deadline } from './deadline.js';

function setUp(totalMs: number, headers: HeaderList = [], alreadyPassedMs = 0) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const layer = deadline(makeRoute({ timeouts: { ...routeTimeouts, totalMs } }), makeServices({ clock, timers }));
  if (layer === null) throw new Error('every route has a deadline');
  const bottom = scriptedDispatch();
  const handler = recordingHandler();
  const exchange = makeExchange({ receivedAtMs: clock.nowMs() - alreadyPassedMs });
  const cancel = compose([layer], bottom.dispatch)(makeRequest({ headers, exchange }), handler);
  return { clock, timers, bottom, handler, cancel, exchange };
}

describe('the total timer', () => {
  it('ends an exchange that is not answered in time, and cancels what is below', () => {
    const world = setUp(500);
    world.clock.advance(499);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure).toMatchObject({ code: 'total_timeout', timer: 'total', limitMs: 500 });
    expect([world.bottom.last().cancelled, world.timers.armed]).toEqual([true, 0]);
  });

  it('counts from the moment the request was received, not from when it reached this layer', () => {
    const world = setUp(500, [], 300);
    world.clock.advance(200);
    expect(world.handler.failure?.timer).toBe('total');
  });

  it('runs until the answer is complete, not only until it has begun', () => {
    const world = setUp(500);
    world.bottom.last().head(200, [], null);
    world.bottom.last().data('begin');
    world.clock.advance(500);
    expect(world.handler.events).toEqual(['onHeaders', 'onData', 'onError']);
  });

  it.each([
    ['x-request-timeout-ms', '200', 200],
    ['x-request-timeout-ms', '90000', 500],
    ['grpc-timeout', '100m', 100],
    ['grpc-timeout', '1H', 500],
    ['grpc-timeout', '90000000n', 90],
    ['grpc-timeout', '300000u', 300],
  ])('a client that says %s: %s gets %i ms of a route limit of 500', (name, value, expectedMs) => {
    const world = setUp(500, [name, value]);
    expect(world.exchange.deadlineAtMs - world.exchange.receivedAtMs).toBe(expectedMs);
    world.clock.advance(expectedMs);
    expect(world.handler.failure).toMatchObject({ timer: 'total', limitMs: expectedMs });
  });

  it.each([
    ['x-request-timeout-ms', 'soon'],
    ['x-request-timeout-ms', '-5'],
    ['x-request-timeout-ms', '1.5'],
    ['x-request-timeout-ms', ''],
    ['grpc-timeout', '100'],
    ['grpc-timeout', '123456789S'],
  ])('a client that says %s: "%s" is told that it cannot be read', (name, value) => {
    const world = setUp(500, [name, value]);
    expect(world.handler.failure).toMatchObject({ code: 'bad_request' });
    expect(world.handler.failure?.detail).toContain(name);
    expect([world.bottom.calls.length, world.timers.armed]).toEqual([0, 0]);
  });

  it('begins nothing that it leaves no time for', () => {
    const world = setUp(500, ['x-request-timeout-ms', '0']);
    expect(world.handler.failure).toMatchObject({ code: 'total_timeout', limitMs: 0 });
    expect([world.bottom.calls.length, world.timers.armed]).toEqual([0, 0]);
  });

  it('is gone when the exchange ends in another way', () => {
    const answered = setUp(500);
    answered.bottom.last().answer(200);
    const left = setUp(500);
    left.cancel();
    for (const world of [answered, left]) {
      world.clock.advance(1_000);
      expect([world.timers.armed, world.handler.failure]).toEqual([0, null]);
    }
    expect(left.bottom.last().cancelled).toBe(true);
  });
});
