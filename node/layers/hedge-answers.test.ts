import { failure } from '@weir/proto/http/failures.js';
import type { RetrySpec } from '@weir/proto/snapshot/resilience.js';
import { describe, expect, it } from 'vitest';
import { compose } from '../pipeline/dispatch.js';
import { createAttempt, decisiveAttempt } from '../pipeline/exchange.js';
import {
  fakeClock,
  fakeTimers,
  makeRequest,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import type { Target } from '../upstream/target.js';
import type { Upstream } from '../upstream/upstreams.js';
import { hedge } from './hedge.js';

const AFTER_MS = 50;
const retries: RetrySpec = {
  ...{ retries: 2, on: ['status'], statuses: [429], budgetShare: 0, budgetFloorPerS: 1 },
  ...{ backoffMs: 10, backoffMaxMs: 500, bodyBytesMax: 8 },
};
const reset = failure('connection_closed', '');

/** A race in which both attempts run. */
function setUpRace(retry: RetrySpec | null = null) {
  const world = begin({ retry });
  const [first, second] = world.bottom.calls as [ScriptedCall, ScriptedCall]; // The hedge's time has come.
  return { ...world, first, second };
}

function begin({ retry = null, upstream }: { readonly retry?: RetrySpec | null; readonly upstream?: Upstream }) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const spec = { after: { kind: 'fixed' as const, ms: AFTER_MS }, budgetShare: 0, budgetFloorPerS: 1_000 };
  const layer = hedge(
    makeRoute({ hedge: spec, retry }),
    makeServices({ clock, timers, upstreams: { get: () => upstream } }),
  );
  if (layer === null) throw new Error('a route that asks for hedges has the layer');
  const bottom = scriptedDispatch();
  const dispatch = compose([layer], (request, handler) => {
    request.exchange.attempts.push(createAttempt('a', clock.nowMs(), request.cause));
    return bottom.dispatch(request, handler);
  });
  const handler = recordingHandler();
  const request = makeRequest();
  const cancel = dispatch(request, handler);
  clock.advance(AFTER_MS);
  return { bottom, handler, cancel, timers, exchange: request.exchange };
}

describe('an answer that a retry is for', () => {
  it.each([502, 503, 504])('(%i) does not beat one that is slow', (status) => {
    const { first, second, handler } = setUpRace();
    second.answer(status);
    expect([handler.events, first.cancelled]).toEqual([[], false]);
    first.answer(200, [], 'good');
    expect([handler.status, handler.text()]).toEqual([200, 'good']);
  });

  it('is one that the route says', () => {
    const bad = setUpRace(retries);
    bad.first.answer(429);
    expect(bad.handler.events).toEqual([]);
    const good = setUpRace(retries);
    good.first.answer(503);
    expect(good.handler.status).toBe(503);
  });

  it.each(['fails', 'is as bad'])('goes up when the other %s', (how) => {
    const { first, second, handler, exchange, timers, cancel } = setUpRace();
    second.answer(503, ['from', 'second'], 'sorry');
    if (how === 'fails') first.fail(reset);
    else first.head(503);
    expect([handler.status, handler.headers, handler.text()]).toEqual([503, ['from', 'second'], 'sorry']);
    expect(handler.events).toEqual(['onHeaders', 'onData', 'onComplete']);
    expect([decisiveAttempt(exchange)?.cause, timers.armed]).toEqual(['hedge', 0]);
    cancel(); // It is over.
    expect([first.cancelled, second.cancelled]).toEqual([how !== 'fails', false]);
  });

  it('keeps its valve closed while it waits, and opens it when it goes up', () => {
    const { first, second, handler } = setUpRace();
    second.head(503, [], null);
    expect(second.data('half')).toBe(false);
    first.fail(reset);
    expect([handler.text(), second.resumes]).toEqual(['half', 1]);
    second.data('rest');
    second.complete();
    expect(handler.text()).toBe('halfrest');
  });

  it('counts as a failure when it breaks off while it waits', () => {
    const { first, second, handler } = setUpRace();
    second.head(503, [], null);
    second.fail(reset);
    expect(handler.events).toEqual([]);
    first.answer(200);
    expect(handler.status).toBe(200);
  });

  it('ends with the race when nobody wants that any more', () => {
    const { first, second, cancel, handler } = setUpRace();
    second.head(503);
    cancel();
    expect([first.cancelled, second.cancelled, handler.events]).toEqual([true, true, []]);
  });
});

describe('a hedge', () => {
  const well = (id: string) => makeTarget({ id });
  const out = (id: string): Target => {
    const target = makeTarget({ id });
    return { ...target, health: { ...target.health, standing: () => 'out' } };
  };

  it.each([
    ['a target beside the first one is well', [well('a'), well('b')], 2],
    ['there is no other target', [well('a')], 1],
    ['the other targets are out', [well('a'), out('b')], 1],
    ['the first target is out meanwhile', [out('a'), well('b')], 2],
  ])('asks only another target: %s', (_where, targets, attempts) => {
    const { bottom, timers } = begin({ upstream: makeUpstream(targets) });
    expect([bottom.calls.length, timers.armed]).toEqual([attempts, 0]);
  });
});
