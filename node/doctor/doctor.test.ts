import { timerFired } from '@weir/proto/http/failures.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { createAttempt } from '../pipeline/exchange.js';
import { fakeClock, makeExchange, makeRequest } from '../pipeline/testing/harness.js';
import { makeRoute, makeTarget, makeUpstream, routeTimeouts } from '../pipeline/testing/specs.js';
import { atOnce } from '../time/slices.js';
import { CASES_MAX, CaseStore, EXAMPLES_MAX } from './case-store.js';
import { classify } from './classify.js';
import { createDoctor, RECORDS_PER_S } from './doctor.js';
import { makeRecord } from './testing/records.js';

const orders = makeRoute({ id: 'orders', timeouts: { ...routeTimeouts, firstByteMs: 2_000 } });

interface Ending {
  readonly failed?: boolean;
  readonly routeId?: string;
  /** The upstream that was asked last. */
  readonly answeredBy?: string;
}

function setUp(routes: readonly RouteSpec[] = [orders]) {
  const clock = fakeClock();
  const gatesRead: string[] = [];
  const doctor = createDoctor({
    clock,
    gate: ({ id }) => {
      gatesRead.push(id);
      return { upstream: id, limit: 64.5, inFlight: 4, queued: 2 };
    },
    eventLoop: () => ({ delayP99Ms: 1, utilization: 0.1 }),
  });
  const upstream = makeUpstream([makeTarget({ id: 'a:1' }), makeTarget({ id: 'b:1' })]);
  const upstreams = { get: (id: string) => (id === upstream.spec.id ? upstream : undefined) };
  atOnce(doctor.following({ upstreams: [upstream.spec] }, upstreams))();
  atOnce(doctor.followingRoutes({ routes }));

  /** An exchange of one attempt that ends now, after so long. */
  const ended = (targetId: string, firstByteMs: number, more: Ending = {}) => {
    const { failed = false, routeId = 'orders', answeredBy = 'upstream-1' } = more;
    const nowMs = clock.nowMs();
    const startMs = nowMs - firstByteMs;
    const exchange = makeExchange({ receivedAtMs: startMs, id: 'request-9' });
    const attempt = createAttempt(targetId, startMs);
    Object.assign(attempt, { upstreamId: 'upstream-1' });
    attempt.phase = 'firstByte';
    attempt.phaseStartMs.firstByte = startMs;
    if (!failed) attempt.phaseStartMs.body = nowMs;
    attempt.failure = failed ? timerFired('firstByte', 2_000) : null;
    Object.assign(attempt, { endedAtMs: nowMs, status: failed ? 0 : 200 });
    exchange.attempts.push(attempt);
    Object.assign(exchange, {
      routeId,
      upstreamId: answeredBy,
      endedAtMs: nowMs,
      headersAtMs: nowMs,
      deadlineAtMs: startMs + 30_000,
      status: failed ? 504 : 200,
      failure: attempt.failure,
    });
    const headers = ['authorization', 'Bearer secret-token', 'cookie', 'sid=secret-cookie'];
    doctor.route(routeId).ended(makeRequest({ exchange, headers, query: 'key=secret-query' }), 4);
  };
  return { clock, doctor, upstream, upstreams, ended, gatesRead };
}

describe('the doctor', () => {
  it('files a timeout under the upstream that it happened at, although another one answered', () => {
    const { doctor, ended, gatesRead } = setUp();
    ended('a:1', 2_001, { failed: true, answeredBy: 'upstream-2' });
    const [filed] = doctor.report().cases;
    expect(filed?.examples[0]).toMatchObject({ upstream: 'upstream-1', targetState: { target: 'a:1', timedOut: 1 } });
    // Of all gates of the node, the one that is asked for.
    expect(gatesRead).toEqual(['upstream-1']);
  });

  it('files a timeout with what it knows of the target, its peers and the route', () => {
    const { doctor, ended } = setUp();
    for (let i = 0; i < 30; i += 1) ended('b:1', 10);
    for (let i = 0; i < 3; i += 1) ended('a:1', 2_001, { failed: true });
    const { cases } = doctor.report();
    const slow = cases.find(({ verdict }) => verdict.rule === 'one-target-slow');
    expect(slow).toMatchObject({ route: 'orders', target: 'a:1', timer: 'firstByte', kind: 'fired', count: 3 });
    expect(slow?.examples[0]).toMatchObject({
      requestId: 'request-9',
      elapsedMs: 2_001,
      limitMs: 2_000,
      asked: { targets: 2, limit: 64, queued: 2 },
      node: { inFlight: 4, loopDelayMs: 1, loopBusy: 0.1 },
      targetState: { target: 'a:1', timedOut: 1, silentMs: null, cutInARow: 1, answered: 0, standing: 'well' },
      peers: [{ target: 'b:1', timedOut: 0, answered: 30, meanMs: 10, silentMs: 0 }],
      latency: { firstByte: { now: { count: 30 } } },
    });
  });

  it('knows a near-timeout from a healthy answer', () => {
    const { doctor, ended } = setUp();
    ended('a:1', 1_599);
    expect(doctor.report().cases).toEqual([]);
    ended('a:1', 1_601);
    expect(doctor.report().cases).toMatchObject([{ kind: 'near', timer: 'firstByte', count: 1 }]);
  });

  it('keeps nothing of headers, query or body', () => {
    const { doctor, ended } = setUp();
    ended('a:1', 2_001, { failed: true });
    expect(JSON.stringify(doctor.report())).not.toContain('secret');
  });

  it('makes so many records a second and no more, but counts all', () => {
    const { clock, doctor, ended } = setUp();
    for (let i = 0; i < 30; i += 1) ended('b:1', 10);
    const all = RECORDS_PER_S * 2;
    for (let i = 0; i < all; i += 1) ended('a:1', 2_001, { failed: true });
    const count = (): number => doctor.report().cases.reduce((sum, each) => sum + each.count, 0);
    expect(count()).toBe(all);
    clock.advance(1_000);
    ended('a:1', 5_000, { failed: true });
    expect(count()).toBe(all + 1);
    expect(doctor.report().cases[0]?.examples[0]?.elapsedMs).toBe(5_000);
  });

  it('goes on over a new snapshot, and forgets the routes that it does not name', () => {
    const { doctor, ended, upstream, upstreams } = setUp([orders, makeRoute({ id: 'gone' })]);
    for (let i = 0; i < 30; i += 1) ended('b:1', 10);
    ended('a:1', 2_001, { failed: true });
    ended('a:1', 2_001, { failed: true, routeId: 'gone' });
    atOnce(doctor.following({ upstreams: [upstream.spec] }, upstreams))();
    atOnce(doctor.followingRoutes({ routes: [orders] }));
    expect(doctor.report().cases.map(({ route }) => route)).toEqual(['orders']);
    ended('a:1', 2_001, { failed: true });
    const [latest] = doctor.report().cases.flatMap(({ examples }) => examples.slice(-1));
    expect(latest?.latency.firstByte.now.count).toBe(30);
  });

  it('says nothing of a route that it was never told of, and survives its exchanges', () => {
    const { doctor, ended } = setUp();
    ended('a:1', 2_001, { failed: true, routeId: 'unknown' });
    expect(doctor.report().cases).toEqual([]);
  });
});

describe('the cases', () => {
  it('keep the worst examples and the latest verdict', () => {
    const store = new CaseStore();
    for (let i = 0; i < 20; i += 1) {
      const record = makeRecord({ elapsedMs: 2_000 + ((i * 7) % 20), atWallMs: i });
      store.add(record, classify(record));
    }
    const [only] = store.list();
    expect([only?.count, only?.firstWallMs, only?.lastWallMs]).toEqual([20, 0, 19]);
    expect(only?.examples.map(({ elapsedMs }) => elapsedMs)).toEqual([2_019, 2_018, 2_017, 2_016, 2_015]);
    expect(only?.examples).toHaveLength(EXAMPLES_MAX);
  });

  it('are as many as may be, and say how many were forgotten', () => {
    const store = new CaseStore();
    for (let i = 0; i < CASES_MAX + 7; i += 1) {
      const record = makeRecord({ route: `route-${i}` });
      store.add(record, classify(record));
    }
    expect([store.list().length, store.forgotten]).toEqual([CASES_MAX, 7]);
    expect(store.list().some(({ route }) => route === 'route-0')).toBe(false);
  });

  it('are told worst first: fired before near, then by number', () => {
    const store = new CaseStore();
    const add = (route: string, kind: 'fired' | 'near', times: number): void => {
      for (let i = 0; i < times; i += 1) {
        const record = makeRecord({ route, kind });
        store.add(record, classify(record));
      }
    };
    add('near', 'near', 9);
    add('rare', 'fired', 1);
    add('often', 'fired', 3);
    expect(store.list().map(({ route }) => route)).toEqual(['often', 'rare', 'near']);
  });
});
