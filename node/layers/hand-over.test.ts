import { failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { noProgress } from '../jobs/job.js';
import { jobIds } from '../jobs/job-id.js';
import { type JobStore, StoreAway } from '../jobs/job-store.js';
import { createJobs, type JobRun, type RunningJob } from '../jobs/jobs.js';
import { createMemoryStore } from '../jobs/memory-store.js';
import type { GatewayRequest, RequestBody } from '../pipeline/dispatch.js';
import { createAttempt } from '../pipeline/exchange.js';
import {
  fakeBody,
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { countingHex, makeGateway, makeRoute, makeServices, routeTimeouts } from '../pipeline/testing/specs.js';
import { handOver } from './hand-over.js';

const spec: AsyncSpec = {
  prefer: true,
  afterMs: null,
  waitMs: 1_000,
  totalMs: 600_000,
  firstByteMs: 500_000,
  onLeave: 'cancel',
};
const noEdits = { remove: [], set: [], add: [] };
const asking: HeaderList = ['prefer', 'respond-async, wait=2'];

/** Lets promises settle that need no more than a few turns. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
}

interface Given {
  readonly route?: Partial<RouteSpec>;
  readonly request?: Partial<GatewayRequest>;
  /** Holds the making of jobs back until the test lets it go on. */
  readonly create?: () => Promise<'created' | 'full'>;
}

function setUp({ route = {}, request = {}, create }: Given = {}) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const memory = createMemoryStore(clock, () => ({ jobsMax: 10, bytesMax: 1_000_000 }));
  const store: JobStore = {
    kind: 'memory',
    create: (job) => (create === undefined ? memory.create(job) : create().then(() => memory.create(job))),
    apply: (id, event) => memory.apply(id, event),
    write: (id, index, piece) => memory.write(id, index, piece),
    read: (id, index) => memory.read(id, index),
    forget: (id) => memory.forget(id),
    onCancelled: () => {},
    sweep: () => memory.sweep(),
    counts: () => memory.counts(),
    close: () => memory.close(),
  };
  const ids = jobIds(countingHex());
  const jobs = createJobs({ clock, timers, store, ids });
  const ended: GatewayRequest[] = [];
  const fired: string[] = [];
  const decided: string[] = [];
  const observer = {
    route: () => ({ ...makeServices().observer.route(''), jobEnded: (one: GatewayRequest) => void ended.push(one) }),
    timerFired: (timer: string) => void fired.push(timer),
    decided: (decision: string) => void decided.push(decision),
  };
  const run = scriptedDispatch();
  const next = scriptedDispatch();
  const runRoutes: RouteSpec[] = [];
  const services = makeServices({ clock, timers, jobs, observer, gateway: makeGateway() });
  const { bodies } = services;
  const layer = handOver((compiled) => {
    runRoutes.push(compiled);
    return run.dispatch;
  })(makeRoute({ async: spec, ...route }), services);
  if (layer === null) throw new Error('this route hands over');
  const handler = recordingHandler();
  const exchange = makeExchange({ receivedAtMs: clock.nowMs() });
  const asked = makeRequest({ headers: asking, exchange, ...request });
  const cancel = layer(next.dispatch)(asked, handler);
  return {
    clock,
    timers,
    jobs,
    memory,
    run,
    next,
    runRoutes,
    handler,
    exchange,
    cancel,
    ended,
    fired,
    decided,
    bodies,
  };
}

const quietRun: JobRun = {
  ...{ routeId: 'r', owner: null, method: 'GET' },
  progress: () => noProgress,
  cancel: () => {},
  ended: () => {},
};

const idOf = (headers: HeaderList): string => headerValue(headers, 'location')?.split('/').at(-1) ?? '';

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
    world.run.last().request.exchange.consumerId = 'a';
    world.clock.advance(25);
    await settle();
    expect((await world.jobs.look(idOf(world.handler.headers)))?.owner).toBe('a');
    expect(world.exchange.consumerId).toBe('a');
  });

  it('waits no longer than `total`', () => {
    const world = setUp({ request: { body: fakeBody() } });
    world.clock.advance(30_000);
    expect(world.handler.failure?.code).toBe('total_timeout');
    expect([world.run.last().cancelled, world.timers.armed]).toEqual([true, 0]);
  });
});

describe('where no job can be made', () => {
  const away = () => Promise.reject(new StoreAway('away'));

  it('the request goes on, and what came meanwhile is passed', async () => {
    let refuse: () => void = () => {};
    const world = setUp({
      create: () =>
        new Promise((_resolve, reject) => {
          refuse = () => reject(new StoreAway('away'));
        }),
    });
    world.clock.advance(2_000);
    world.run.last().head(200);
    expect(world.run.last().data('first ')).toBe(false);
    refuse();
    await settle();
    expect(world.run.last().resumes).toBe(1);
    world.run.last().data('second');
    world.run.last().complete();
    expect([world.handler.status, world.handler.text(), world.handler.ended]).toEqual([200, 'first second', true]);
    expect(world.jobs.counts()).toMatchObject({ running: 0, refused: { store: 1 } });
    expect(world.decided).toEqual([]);
  });

  it('its client is made to wait as long as ever, and no longer', async () => {
    const world = setUp({ create: away });
    world.clock.advance(2_000);
    await settle();
    world.clock.advance(27_999);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure?.code).toBe('total_timeout');
    expect(world.run.last().cancelled).toBe(true);
  });
});

describe('a job that is still being made', () => {
  function beingMade() {
    let made: () => void = () => {};
    const create = () =>
      new Promise<'created'>((resolve) => {
        made = () => resolve('created');
      });
    let isOther = false;
    const world = setUp({ create: () => (isOther ? Promise.resolve('created') : create()) });
    const another = async (): Promise<RunningJob | null> => {
      isOther = true;
      const job = await world.jobs.begin(quietRun, { ...makeGateway().jobs, leaseMs: 400 });
      isOther = false;
      return job;
    };
    return { ...world, another, made: () => made() };
  }

  it('is not renewed yet: a store that does not know of it has lost nothing', async () => {
    const world = beingMade();
    // Another one that runs keeps the renewals going.
    const other = await world.another();
    expect(other).not.toBeNull();
    world.clock.advance(2_000);
    for (let ticks = 0; ticks < 5; ticks += 1) {
      world.clock.advance(100);
      await settle();
    }
    expect([world.run.last().cancelled, world.ended]).toEqual([false, []]);
    world.made();
    await settle();
    expect([world.handler.status, world.handler.ended]).toEqual([202, true]);
    world.run.last().answer(200, [], 'there');
    await settle();
    expect((await world.jobs.look(idOf(world.handler.headers)))?.state).toBe('done');
  });

  it('is not made any more by a drain that does not wait for it: its client waits on, and is answered', async () => {
    const world = beingMade();
    world.clock.advance(2_000);
    await world.jobs.drain(0);
    expect(world.run.last().cancelled).toBe(false);
    world.made();
    await settle();
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 0, refused: { draining: 1 } });
    world.run.last().answer(200, [], 'in person');
    expect([world.handler.status, world.handler.text(), world.handler.ended]).toEqual([200, 'in person', true]);
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

  it('leaves it to be finished where the route says so, and hears nothing more of it', async () => {
    const world = setUp({ route: finishing });
    world.cancel();
    await settle();
    expect([world.run.last().cancelled, world.jobs.counts().running, world.timers.armed]).toEqual([false, 1, 1]);
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

describe('a job that is ended from elsewhere', () => {
  it('is cancelled below at once, and told as cancelled', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    await world.jobs.cancel(idOf(world.handler.headers));
    expect(world.run.last().cancelled).toBe(true);
    expect(world.ended[0]?.exchange).toMatchObject({ status: 410, failure: { code: 'job_cancelled' } });
    expect(world.jobs.counts()).toMatchObject({ running: 0, ended: { cancelled: 1 } });
  });

  it('is renewed while it runs, and ends below when its record is gone', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    const id = idOf(world.handler.headers);
    for (let minutes = 0; minutes < 20; minutes += 1) {
      world.clock.advance(3_000);
      await settle();
    }
    expect((await world.jobs.look(id))?.state).toBe('pending');
    await world.memory.forget(id);
    world.clock.advance(3_000);
    await settle();
    expect(world.run.last().cancelled).toBe(true);
    expect(world.ended[0]?.exchange.failure?.code).toBe('job_lost');
  });

  it('is failed by a drain that does not wait for it any longer, and none begins meanwhile', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    const drained = world.jobs.drain(1_000);
    world.clock.advance(1_000);
    await settle();
    expect(await drained).toEqual({ cut: 1 });
    expect(world.run.last().cancelled).toBe(true);
    expect(await world.jobs.look(idOf(world.handler.headers))).toMatchObject({
      state: 'failed',
      failure: { code: 'draining' },
    });
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
