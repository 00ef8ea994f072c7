import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { StoreAway } from '../jobs/job-store.js';
import { addressKey } from '../limit/bound-limits.js';
import type { GatewayRequest, RequestBody } from '../pipeline/dispatch.js';
import { createAttempt } from '../pipeline/exchange.js';
import { fakeBody, makeExchange } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, routeTimeouts } from '../pipeline/testing/specs.js';
import { handOver } from './hand-over.js';
import { asking, idOf, settle, setUp, spec } from './testing/handing-over.js';

const noEdits = { remove: [], set: [], add: [] };

describe('a request that is handed over', () => {
  it('is answered 202 when its wait is over; its answer is kept, and told when it is whole', async () => {
    const world = setUp();
    world.clock.advance(1_990);
    await settle();
    expect(world.handler.events).toEqual([]);
    world.clock.advance(10);
    await settle();
    expect([world.handler.status, world.handler.ended]).toEqual([202, true]);
    expect(headerValue(world.handler.headers, 'preference-applied')).toBe('respond-async, wait=2');
    expect(world.decided).toEqual(['handed_over']);
    const id = idOf(world.handler.headers);
    expect((await world.jobs.look(id))?.state).toBe('pending');
    world.run.last().answer(201, ['x-own', 'yes'], 'the answer');
    await settle();
    expect(await world.jobs.look(id)).toMatchObject({ state: 'done', bytes: 10, head: { status: 201 } });
    expect(new TextDecoder().decode((await world.jobs.read(id, 0)) ?? undefined)).toBe('the answer');
    expect(world.jobs.counts()).toMatchObject({ running: 0, ended: { done: 1 } });
  });

  it('leaves the exchange of its client as it was then; what becomes of it later is told with the job', async () => {
    const world = setUp();
    const below = world.run.last().request.exchange;
    below.attempts.push(createAttempt('10.0.0.1:80', world.clock.nowMs()));
    below.upstreamId = 'upstream-1';
    world.clock.advance(2_000);
    await settle();
    expect(world.exchange).toMatchObject({ attempts: [], upstreamId: 'upstream-1' });
    expect(world.exchange.jobId).toMatch(/^[0-9a-f]{16}$/);
    expect(world.ended).toEqual([]);
    world.clock.advance(5_000);
    world.run.last().fail(failure('first_byte_timeout', 'slow'));
    await settle();
    const [told] = world.ended;
    expect(world.ended).toHaveLength(1);
    expect(told?.exchange).toMatchObject({ jobId: world.exchange.jobId, status: 504, endedAtMs: 8_000 });
    expect(told?.exchange.failure?.code).toBe('first_byte_timeout');
    expect(told?.exchange.attempts).toHaveLength(1);
    expect(world.exchange.failure).toBeNull();
  });

  it('goes on below under limits of its own, and knows nothing of the wish nor of the budget of its client', () => {
    const headers = [...asking, 'x-request-timeout-ms', '1000', 'accept', '*/*'];
    const learnt = { kind: 'fixed', ms: 100 } as const;
    const timeouts = { ...routeTimeouts, totalMs: 3_000, firstByteMs: 300, attemptMs: 200, attemptLearnt: learnt };
    const other = { kind: 'upstream', upstream: 'other', repeats: false, requestHeaders: noEdits, timeouts } as const;
    const world = setUp({ route: { timeouts, fallback: [other] }, request: { headers } });
    expect(world.run.last().request.headers).toEqual(['accept', '*/*']);
    expect(world.runRoutes[0]).toMatchObject({ async: null, timeouts: { totalMs: 600_000, firstByteMs: 500_000 } });
    expect(world.runRoutes[0]?.timeouts.idleMs).toBe(routeTimeouts.idleMs);
    // An attempt limit that was learnt goes; a fallback has the limits of the job as well.
    expect(world.runRoutes[0]?.timeouts).toMatchObject({ attemptMs: 0, attemptLearnt: null });
    expect(world.runRoutes[0]?.fallback).toMatchObject([{ timeouts: { totalMs: 600_000, firstByteMs: 500_000 } }]);
  });

  it('takes the place of its client: of the household that an IPv6 address belongs to, where the client is nobody', async () => {
    const world = setUp({
      request: { exchange: makeExchange({ receivedAtMs: 1_000, clientAddress: '2001:db8::1:2:3:4' }) },
    });
    world.clock.advance(2_000);
    await settle();
    const record = await world.jobs.look(idOf(world.handler.headers));
    expect(record?.sharer).toBe(`address ${addressKey('2001:db8::ffff')}`);
  });

  it('keeps its wish where nobody grants it: the route hands over by itself, and does not listen', async () => {
    const world = setUp({ route: { async: { ...spec, prefer: false, afterMs: 3_000 } } });
    expect(headerValue(world.run.last().request.headers, 'prefer')).toBe('respond-async, wait=2');
    world.clock.advance(3_000);
    await settle();
    expect(world.handler.status).toBe(202);
    expect(headerValue(world.handler.headers, 'preference-applied')).toBeUndefined();
  });

  it('is handed over before the deadline of its client, whatever its wait is', async () => {
    const world = setUp({ request: { headers: [...asking, 'x-request-timeout-ms', '1000'] } });
    world.clock.advance(799);
    await settle();
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    await settle();
    expect(world.handler.status).toBe(202);
  });
});

describe('an answer in time', () => {
  it('passes as it came, with all that had become of it', async () => {
    const world = setUp();
    const call = world.run.last();
    Object.assign(call.request.exchange, { consumerId: 'a', upstreamId: 'u', queuedMs: 3 });
    call.request.exchange.attempts.push(createAttempt('10.0.0.1:80', world.clock.nowMs()));
    call.answer(200, ['a', 'b'], 'quick');
    expect([world.handler.events, world.handler.text()]).toEqual([['onHeaders', 'onData', 'onComplete'], 'quick']);
    expect(world.exchange).toMatchObject({ consumerId: 'a', upstreamId: 'u', queuedMs: 3, jobId: '' });
    // The client's own, whatever the job's would have been.
    expect(world.exchange.deadlineAtMs - world.exchange.receivedAtMs).toBe(30_000);
    expect(world.exchange.attempts).toHaveLength(1);
    world.clock.advance(60_000);
    await settle();
    expect([world.timers.armed, world.jobs.counts().running]).toEqual([0, 0]);
  });

  it('that has begun is not handed over any more: the `total` of its client holds', async () => {
    const world = setUp();
    world.run.last().head(200);
    world.clock.advance(29_999);
    await settle();
    expect(world.handler.events).toEqual(['onHeaders']);
    world.clock.advance(1);
    expect(world.handler.failure).toMatchObject({ code: 'total_timeout', limitMs: 30_000 });
    expect([world.run.last().cancelled, world.fired, world.timers.armed]).toEqual([true, ['total'], 0]);
  });

  it('that failed passes as a failure', () => {
    const world = setUp();
    world.run.last().fail(failure('connection_refused', 'no'));
    expect(world.handler.failure?.code).toBe('connection_refused');
    expect(world.timers.armed).toBe(0);
  });
});

describe('what is not ready when it is due', () => {
  it('waits for the end of the request body', async () => {
    const body = fakeBody();
    const world = setUp({ request: { body } });
    const below: RequestBody | null = world.run.last().request.body;
    below?.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} });
    body.push('part');
    world.clock.advance(5_000);
    await settle();
    expect(world.handler.ended).toBe(false);
    body.end();
    world.clock.advance(25);
    await settle();
    expect(world.handler.status).toBe(202);
    // It was not answered when it wished to be.
    expect(headerValue(world.handler.headers, 'preference-applied')).toBe('respond-async');
  });

  it('is a body that nobody reads yet: it is gathered, and read below from its beginning', async () => {
    const body = fakeBody();
    const world = setUp({ request: { body } });
    body.push('five ');
    world.clock.advance(2_000);
    expect([body.reading, world.bodies.bytes, world.handler.ended]).toEqual([true, 5, false]);
    body.push('bytes');
    body.end();
    world.clock.advance(25);
    await settle();
    expect(world.handler.status).toBe(202);
    const read: string[] = [];
    world.run.last().request.body?.read({
      onChunk: (chunk) => void read.push(new TextDecoder().decode(chunk)),
      onEnd: () => void read.push('end'),
      onError: () => {},
    });
    expect([read, world.bodies.bytes]).toEqual([['five ', 'bytes', 'end'], 0]);
  });

  it('gives back what it has gathered when the request ends unread', async () => {
    const body = fakeBody();
    const world = setUp({ request: { body } });
    body.push('five ');
    world.clock.advance(2_000);
    world.run.last().fail(failure('queue_full', 'no place'));
    body.push('bytes');
    expect([world.handler.failure?.code, world.bodies.bytes]).toEqual(['queue_full', 0]);
  });

  it('waits until it is known whose job it will be, and that is who owns it', async () => {
    const auth = [{ kind: 'apiKey', in: ['bearer'], consumers: [], hide: true }] as const;
    const world = setUp({ route: { auth } });
    world.clock.advance(5_000);
    await settle();
    expect(world.handler.ended).toBe(false);
    Object.assign(world.run.last().request.exchange, { consumerId: 'a', vouchedBy: 'issuer b' });
    world.clock.advance(25);
    await settle();
    expect((await world.jobs.look(idOf(world.handler.headers)))?.owner).toEqual({ id: 'a', vouchedBy: 'issuer b' });
    expect(world.exchange.consumerId).toBe('a');
  });

  it('waits no longer than `total`', () => {
    const world = setUp({ request: { body: fakeBody() } });
    world.clock.advance(30_000);
    expect(world.handler.failure?.code).toBe('total_timeout');
    expect([world.run.last().cancelled, world.timers.armed]).toEqual([true, 0]);
  });
});

describe('a client that leaves', () => {
  it('takes its request with it before the 202', () => {
    const world = setUp();
    world.exchange.failure = failure('client_idle_timeout', 'slow');
    world.cancel();
    expect([world.run.last().cancelled, world.timers.armed]).toEqual([true, 0]);
    expect(world.run.last().request.exchange.failure?.code).toBe('client_idle_timeout');
  });

  it('takes it along while the job is being made, too: none is left', async () => {
    let made: (outcome: 'created') => void = () => {};
    const world = setUp({
      create: () =>
        new Promise((resolve) => {
          made = resolve;
        }),
    });
    world.clock.advance(2_000);
    world.cancel();
    expect(world.run.last().cancelled).toBe(true);
    made('created');
    await settle();
    expect(world.handler.events).toEqual([]);
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 0, ended: { done: 0, cancelled: 0 } });
    expect(world.ended).toEqual([]);
  });

  const finishing = { async: { ...spec, onLeave: 'finish' } } as const;

  it('has the job that finishes its request on its own line, also when none could be made', async () => {
    const finished = setUp({ route: finishing });
    finished.cancel();
    expect(finished.exchange.jobId).toMatch(/^[0-9a-f]{16}$/);
    finished.run.last().answer(204);
    await settle();
    expect(finished.ended[0]?.exchange.jobId).toBe(finished.exchange.jobId);

    const refused = setUp({ route: finishing, create: () => Promise.reject(new StoreAway('away')) });
    const below = refused.run.last().request.exchange;
    below.attempts.push(createAttempt('10.0.0.1:80', refused.clock.nowMs()));
    refused.cancel();
    await settle();
    // Its attempts would be told by nobody else: the client's line was written when it left.
    expect(refused.ended).toHaveLength(1);
    expect(refused.ended[0]?.exchange).toMatchObject({ status: 499, failure: { code: 'client_gone' } });
    expect(refused.ended[0]?.exchange).toMatchObject({ jobId: refused.exchange.jobId, attempts: [{}] });
  });

  it('leaves it to be finished where the route says so, and hears nothing more of it', async () => {
    const world = setUp({ route: finishing });
    world.cancel();
    await settle();
    expect([world.run.last().cancelled, world.jobs.counts().running, world.timers.armed]).toEqual([false, 1, 2]);
    world.run.last().answer(204);
    await settle();
    expect(world.handler.events).toEqual([]);
    expect(world.ended[0]?.exchange).toMatchObject({ status: 204, failure: null });
    expect(world.jobs.counts()).toMatchObject({ running: 0, ended: { done: 1 } });
  });

  it('takes it along all the same while its body comes, once the answer has begun, or where no job can be made', async () => {
    const sending = setUp({ route: finishing, request: { body: fakeBody() } });
    const reading = setUp({ route: finishing });
    reading.run.last().head(200);
    const refused = setUp({ route: finishing, create: () => Promise.reject(new StoreAway('away')) });
    for (const world of [sending, reading, refused]) {
      world.cancel();
      await settle();
      // One that may be in the store all the same is forgotten there.
      world.clock.advance(1_000);
      await settle();
      expect([world.run.last().cancelled, world.timers.armed, world.jobs.counts().running]).toEqual([true, 0, 0]);
      expect(world.handler.ended).toBe(false);
    }
  });

  it('is nothing to the job after it', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    world.cancel();
    expect(world.run.last().cancelled).toBe(false);
  });
});

describe('what is never handed over', () => {
  const upgrade = [
    ...['connection', 'upgrade', 'upgrade', 'websocket', 'sec-websocket-version', '13'],
    ...['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ];
  it.each<[string, Partial<GatewayRequest>]>([
    ['HEAD', { method: 'HEAD' }],
    ['a WebSocket', { headers: [...asking, ...upgrade] }],
    ['gRPC with a timeout', { headers: [...asking, 'grpc-timeout', '10S'] }],
    ['a budget that can not be read', { headers: [...asking, 'x-request-timeout-ms', 'soon'] }],
    ['a budget that is spent', { headers: [...asking, 'x-request-timeout-ms', '0'] }],
    ['what nobody asked for', { headers: [] }],
  ])('%s', (_what, request) => {
    const world = setUp({ request });
    expect([world.next.calls.length, world.run.calls.length, world.timers.armed]).toEqual([1, 0, 0]);
  });

  it('what a route answers by itself, or does not allow', () => {
    const layerOf = (route: Partial<RouteSpec>) => handOver(() => () => () => {})(makeRoute(route), makeServices());
    expect(layerOf({ async: null })).toBeNull();
    expect(layerOf({ async: spec, action: { kind: 'respond', status: 200, headers: [], body: '' } })).toBeNull();
  });
});
