import { type Failure, type FailureCode, failure, failureTable, type TimerName } from '@weir/proto/http/failures.js';
import type { FallbackSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../observe/decisions.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Attempt } from '../pipeline/exchange.js';
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
import { makeRoute, makeServices, routeTimeouts } from '../pipeline/testing/specs.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { replayOf } from '../upstream/retry/replay.js';
import { fallback } from './fallback.js';

const requestHeaders = { remove: [], set: [], add: [] };
const timeouts = { ...routeTimeouts, firstByteMs: 77 };
const other = { kind: 'upstream', upstream: 'other', repeats: false, requestHeaders, timeouts } as const;
const third = { ...other, upstream: 'third' } as const;
const sorry: FallbackSpec = { kind: 'respond', status: 503, headers: ['x-from', 'weir'], body: 'sorry' };
const away: FallbackSpec = { kind: 'redirect', status: 302, location: 'https://{tenant}.example.com/' };
const again: FallbackSpec = { kind: 'redirect', status: 307, location: '/later{path}' };

function setUp(ways: readonly FallbackSpec[], route: Partial<RouteSpec> = {}) {
  const clock = fakeClock();
  const decided: Decision[] = [];
  const fired: TimerName[] = [];
  const timers = fakeTimers(clock);
  const observer = {
    ...makeServices().observer,
    decided: (one: Decision) => decided.push(one),
    timerFired: (timer: TimerName) => fired.push(timer),
  };
  const services = makeServices({ clock, timers, observer });
  const below = scriptedDispatch();
  const branches = new Map<string, ReturnType<typeof scriptedDispatch>>();
  const routes: RouteSpec[] = [];
  const place = fallback((branch) => {
    routes.push(branch);
    const bottom = scriptedDispatch();
    if (branch.action.kind === 'proxy') branches.set(branch.action.upstream, bottom);
    return bottom.dispatch;
  });
  const match = { ...makeRoute().match, path: { kind: 'template', template: '/{tenant}/*' } } as const;
  const layer = place(makeRoute({ fallback: ways, match, ...route }), services);
  if (layer === null) throw new Error('a route with fallbacks has the layer');
  const dispatch = layer(below.dispatch);
  const send = (request: Partial<GatewayRequest> = {}, leftMs = 1_000, tenant = 'acme') => {
    const handler = recordingHandler();
    const exchange = makeExchange();
    exchange.deadlineAtMs = clock.nowMs() + leftMs;
    exchange.params = { tenant };
    return { handler, exchange, cancel: dispatch(makeRequest({ exchange, path: '/acme/a', ...request }), handler) };
  };
  const branch = (id: string): ScriptedCall => {
    const bottom = branches.get(id);
    if (bottom === undefined) throw new Error(`no branch was compiled for ${id}`);
    return bottom.last();
  };
  const asked = (id: string): number => branches.get(id)?.calls.length ?? 0;
  return { clock, timers, below, decided, fired, routes, send, branch, asked };
}

const refused = failure('connection_refused', 'no one listens');
const reset = failure('connection_closed', 'gone');

const attemptOf = (failed: Failure): Attempt => ({
  ...{
    upstreamId: 'app',
    targetId: 't',
    cause: null,
    startedAtMs: 0,
    phase: 'connect',
    endedAtMs: 1,
    status: 0,
    failure: failed,
    inFlight: 1,
  },
  phaseStartMs: { queue: 0, connect: 0, tls: 0, send: 0, firstByte: 0, body: 0 },
});

describe('a route without fallbacks', () => {
  it('has no such layer', () => {
    const never = () => {
      throw new Error('nothing is to be compiled');
    };
    expect(fallback(never)(makeRoute(), makeServices())).toBeNull();
  });
});

describe('another upstream', () => {
  it('is asked the same when the first one has failed, and its answer passes', () => {
    const world = setUp([other]);
    const { handler } = world.send({ headers: ['accept', '*/*'] });
    world.below.last().fail(refused);
    const call = world.branch('other');
    expect([call.request.cause, call.request.path, call.request.headers]).toEqual([
      'fallback',
      '/acme/a',
      ['accept', '*/*'],
    ]);
    call.answer(200, [], 'instead');
    expect([handler.status, handler.text(), world.decided]).toEqual([200, 'instead', ['fallback']]);
  });

  it('is compiled for the same route, without fallbacks of its own', () => {
    const { routes } = setUp([other, sorry]);
    expect(routes).toHaveLength(1);
    expect(routes[0]).toMatchObject({
      id: 'route-1',
      action: { kind: 'proxy', upstream: 'other' },
      timeouts,
      fallback: [],
    });
  });

  it('takes the place of an answer that says that the first one is in trouble', () => {
    const world = setUp([other]);
    const { handler } = world.send();
    world.below.last().head(503);
    expect(world.below.last().cancelled).toBe(true);
    world.branch('other').answer(200);
    expect(handler.status).toBe(200);
  });

  it('takes the place of the statuses that the route retries, and of no other', () => {
    const retry = { ...retrySpec, statuses: [500] };
    const world = setUp([other], { retry });
    const first = world.send();
    world.below.last().answer(503);
    const second = world.send();
    world.below.last().head(500);
    expect([first.handler.status, second.handler.status, world.asked('other')]).toEqual([503, 0, 1]);
  });

  it('gets the request body from its beginning, or is passed over when that is gone', () => {
    const world = setUp([{ ...other, repeats: true }, sorry]);
    const read = (call: ScriptedCall): string[] => {
      const got: string[] = [];
      const note = (text: string) => got.push(text);
      call.request.body?.read({
        onChunk: (chunk) => note(new TextDecoder().decode(chunk)),
        onEnd: () => note('end'),
        onError: ({ code }) => note(code),
      });
      return got;
    };
    const kept = fakeBody();
    world.send({ method: 'PUT', body: kept });
    read(world.below.last());
    kept.push('ab');
    world.below.last().head(200);
    // An answer has passed, so nothing has to be sent again.
    expect(replayOf(world.below.last().request.body ?? kept, 0, createHeldBytes()).keptBytes).toBe(0);

    const body = fakeBody();
    world.send({ method: 'PUT', body });
    read(world.below.last());
    body.push('ab');
    world.below.last().fail(reset);
    const got = read(world.branch('other'));
    body.end();
    expect(got).toEqual(['ab', 'end']);

    const long = fakeBody();
    const { handler } = world.send({ method: 'PUT', body: long });
    read(world.below.last());
    long.push(new Uint8Array(65_537));
    world.below.last().fail(reset);
    // Nobody will read the rest.
    expect([handler.text(), world.asked('other'), long.paused]).toEqual(['sorry', 1, true]);
  });

  it('is not asked what the first one may have done already, unless that does not matter', () => {
    const world = setUp([other, sorry]);
    const sent = world.send({ method: 'POST' });
    world.below.last().fail(reset);
    const answered = world.send({ method: 'POST' });
    world.below.last().head(503);
    expect([sent.handler.text(), answered.handler.text(), world.asked('other')]).toEqual(['sorry', 'sorry', 0]);
    for (const [index, failed] of [refused, failure('circuit_open', ''), failure('shed', '')].entries()) {
      world.send({ method: 'POST' });
      world.below.last().fail(failed);
      expect([failed.code, world.asked('other')]).toEqual([failed.code, index + 1]);
    }
  });

  it('gets what is only idempotent where the entry says so, for it does not know the first one', () => {
    const idempotent: Partial<GatewayRequest>[] = [
      { method: 'PUT' },
      { method: 'DELETE' },
      { method: 'POST', headers: ['idempotency-key', 'k'] },
    ];
    for (const request of idempotent) {
      for (const repeats of [false, true]) {
        const world = setUp([{ ...other, repeats }, sorry]);
        world.send(request);
        world.below.last().fail(reset);
        expect([request.method, world.asked('other')]).toEqual([request.method, repeats ? 1 : 0]);
      }
    }
    const post = setUp([{ ...other, repeats: true }]);
    post.send({ method: 'POST' });
    post.below.last().fail(reset);
    expect(post.asked('other')).toBe(0);
  });

  it('is not asked when any attempt may have reached an upstream, although the last one did not', () => {
    const world = setUp([other]);
    const { handler, exchange } = world.send({ method: 'DELETE' });
    exchange.attempts.push(attemptOf(reset), attemptOf(refused));
    world.below.last().fail(refused);
    expect([handler.failure, world.asked('other')]).toEqual([refused, 0]);

    const unsent = setUp([other]);
    unsent.send({ method: 'DELETE' }).exchange.attempts.push(attemptOf(refused), attemptOf(refused));
    unsent.below.last().fail(refused);
    expect(unsent.asked('other')).toBe(1);
  });

  it('gets the request with the edits of its entry, the others without', () => {
    const edits = { remove: ['cookie'], set: [['authorization', 'mine']], add: [] } as const;
    const world = setUp([{ ...other, requestHeaders: edits }, third]);
    const headers = ['cookie', 'c', 'authorization', 'theirs', 'accept', '*/*'];
    world.send({ headers });
    world.below.last().fail(reset);
    expect(world.branch('other').request.headers).toEqual(['accept', '*/*', 'authorization', 'mine']);
    world.branch('other').fail(reset);
    expect(world.branch('third').request.headers).toEqual(headers);
  });

  it('is followed by the next one when it fails as well', () => {
    const world = setUp([other, third, sorry]);
    const { handler } = world.send();
    world.below.last().fail(reset);
    world.branch('other').fail(reset);
    world.branch('third').head(502);
    expect([handler.status, handler.text(), world.decided.length]).toEqual([503, 'sorry', 3]);
  });

  it('is the last word when nothing follows it', () => {
    const world = setUp([other]);
    const { handler } = world.send();
    world.below.last().fail(reset);
    world.branch('other').fail(refused);
    expect([handler.events, handler.failure]).toEqual([['onError'], refused]);
  });

  it('is cancelled with the exchange', () => {
    const world = setUp([other]);
    const { cancel } = world.send();
    world.below.last().fail(reset);
    cancel();
    expect(world.branch('other').cancelled).toBe(true);
  });
});

const retrySpec = {
  ...{ retries: 1, on: [], statuses: [502], budgetShare: 0, budgetFloorPerS: 0, backoffMs: 0, backoffMaxMs: 0 },
  bodyBytesMax: 8,
};

describe('an answer of the route itself', () => {
  it('stands for the failure, whatever its status, and ends the exchange', () => {
    const world = setUp([sorry, other]);
    const { handler } = world.send();
    world.below.last().fail(reset);
    expect([handler.status, handler.text(), handler.ended, world.asked('other')]).toEqual([503, 'sorry', true, 0]);
    expect(handler.headers).toContain('x-from');
  });

  it('may be a redirect, which is passed over where it would repeat what must not be repeated', () => {
    const world = setUp([again, away]);
    const get = world.send();
    world.below.last().fail(reset);
    expect([get.handler.status, get.handler.headers]).toEqual([307, ['location', '/later/acme/a']]);
    const post = world.send({ method: 'POST' });
    world.below.last().fail(reset);
    expect([post.handler.status, post.handler.headers]).toEqual([302, ['location', 'https://acme.example.com/']]);
  });

  it('gives way to the next, or to the failure, where it cannot be made of this path', () => {
    const followed = setUp([away, other]);
    followed.send({ method: 'POST' }, 1_000, 'a.evil');
    followed.below.last().fail(refused);
    expect(followed.asked('other')).toBe(1);

    const alone = setUp([away]);
    const { handler } = alone.send({}, 1_000, 'a.evil');
    alone.below.last().fail(reset);
    expect([handler.events, handler.failure]).toEqual([['onError'], reset]);
  });
});

describe('an upstream that is silent until the deadline', () => {
  it('gives way to an answer of the route itself, right before it', () => {
    const world = setUp([other, sorry]);
    const { handler, exchange } = world.send({}, 1_000);
    world.clock.advance(979);
    expect(handler.events).toEqual([]);
    world.clock.advance(20);
    expect(world.clock.nowMs()).toBeLessThan(exchange.deadlineAtMs);
    expect([handler.text(), world.asked('other'), world.below.last().cancelled]).toEqual(['sorry', 0, true]);
    expect([world.decided, world.fired, world.timers.armed]).toEqual([['fallback'], ['total'], 0]);
  });

  it('gives way also when it is the second one', () => {
    const world = setUp([other, sorry]);
    const { handler } = world.send({}, 30);
    world.below.last().fail(reset);
    world.clock.advance(29);
    expect([handler.text(), world.branch('other').cancelled]).toEqual(['sorry', true]);
  });

  it('is the timeout of the deadline where nothing else can be said', () => {
    for (const ways of [[other], [again], [other, again]]) {
      const world = setUp(ways);
      const { handler } = world.send({ method: 'POST' }, 100);
      // An attempt is under way: the client must not repeat it.
      const { exchange } = world.below.last().request;
      exchange.attempts.push({ ...attemptOf(reset), failure: null });
      world.clock.advance(99);
      expect([handler.events, world.below.last().cancelled, world.timers.armed]).toEqual([[], false, 0]);
    }
  });

  it('is told as such where the answer cannot be made', () => {
    const world = setUp([away]);
    const { handler } = world.send({}, 100, 'a.evil');
    world.clock.advance(99);
    expect(handler.failure).toMatchObject({ code: 'total_timeout', timer: 'total', limitMs: 100 });
  });

  it('leaves no timer behind, however it ends', () => {
    const ends: ((call: ScriptedCall, cancel: () => void) => void)[] = [
      (call) => call.head(200),
      (call) => call.answer(200),
      (call) => call.answer(503),
      (call) => call.fail(reset),
      (call) => call.fail(failure('bad_request', '')),
      (_call, cancel) => cancel(),
    ];
    for (const end of ends) {
      const world = setUp([sorry]);
      const { cancel } = world.send();
      expect(world.timers.armed).toBe(1);
      end(world.below.last(), cancel);
      expect(world.timers.armed).toBe(0);
    }
    const without = setUp([other]);
    without.send();
    expect(without.timers.armed).toBe(0);
  });
});

describe('nothing takes the place', () => {
  // Object.keys of a constant table gives its keys, which TypeScript types as strings.
  const codes = Object.keys(failureTable) as FailureCode[];

  it('of a failure that is not an upstream in trouble', () => {
    for (const code of codes) {
      const world = setUp([sorry]);
      const { handler } = world.send();
      world.below.last().fail(failure(code, ''));
      const isTrouble = [502, 503, 504].includes(failureTable[code].status) && code !== 'total_timeout';
      expect([code, handler.failure === null]).toEqual([code, isTrouble]);
    }
  });

  it('of an answer whose head has passed', () => {
    const world = setUp([other, sorry]);
    const { handler } = world.send();
    world.below.last().head(200);
    world.below.last().fail(failure('response_incomplete', ''));
    expect([handler.events, world.decided]).toEqual([['onHeaders', 'onError'], []]);
  });

  it('of an answer for which there is nothing better', () => {
    const world = setUp([other]);
    const { handler } = world.send({ method: 'POST' });
    world.below.last().answer(503, [], 'as it was');
    expect([handler.status, handler.text()]).toEqual([503, 'as it was']);
  });

  it('of a failure behind the deadline; and so late that an upstream could not answer, only what needs no time', () => {
    const late = setUp([other, sorry]);
    const { handler, exchange } = late.send({}, 100);
    exchange.deadlineAtMs = late.clock.nowMs() + 4;
    late.below.last().fail(reset);
    expect([handler.text(), late.asked('other')]).toEqual(['sorry', 0]);

    const over = setUp([other, sorry]);
    const ended = over.send({}, 100);
    ended.exchange.deadlineAtMs = over.clock.nowMs();
    over.below.last().fail(reset);
    expect(ended.handler.failure).toBe(reset);
  });
});
