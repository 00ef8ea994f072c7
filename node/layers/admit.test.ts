import { failure } from '@weir/proto/http/failures.js';
import type { ConcurrencySpec, PrioritySpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compose } from '../pipeline/dispatch.js';
import { createAttempt, enterPhase } from '../pipeline/exchange.js';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import {
  type FakeBody,
  fakeBody,
  fakeClock,
  fakeTimers,
  makeRequest,
  type RecordingHandler,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeUpstream, routeTimeouts, silentRoute } from '../pipeline/testing/specs.js';
import { admit } from './admit.js';

const two: ConcurrencySpec = { mode: 'fixed', limitMin: 2, limitMax: 2, limitStart: 2, queue: 3 };

interface Setting {
  readonly spec?: ConcurrencySpec;
  readonly priority?: PrioritySpec;
  readonly queueMs?: number;
  readonly totalMs?: number;
}

function setUp({
  spec = two,
  priority = { level: 'default', header: null },
  queueMs = 1_000,
  totalMs = 30_000,
}: Setting = {}) {
  const clock = fakeClock(0);
  const timers = fakeTimers(clock);
  const told: string[] = [];
  const services = makeServices({
    clock,
    timers,
    upstreams: { get: () => makeUpstream([], { concurrency: spec }) },
    observer: {
      route: () => silentRoute,
      timerFired: (timer) => told.push(`timer ${timer}`),
      joined: () => {},
      decided: (decision) => told.push(decision),
    },
  });
  const route = makeRoute({ priority, timeouts: { ...routeTimeouts, queueMs, totalMs } });
  const bottom = scriptedDispatch();
  const layer = admit(route, services);
  if (layer === null) throw new Error('an upstream with a limit has a gate');
  const dispatch = compose([layer], bottom.dispatch);
  const send = (
    headers: readonly string[] = [],
    deadlineAtMs = Number.POSITIVE_INFINITY,
    body: FakeBody | null = null,
  ) => {
    const exchange = { ...makeRequest().exchange, receivedAtMs: clock.nowMs(), deadlineAtMs, attempts: [] };
    const request = makeRequest({ headers, exchange, body });
    const handler = recordingHandler();
    const cancel = dispatch(request, handler);
    return { handler, cancel, request };
  };
  return { clock, timers, told, bottom, send, gate: services.gates.gate('upstream-1', spec) };
}

const none = (): void => {};
const deaf = { onMessage: none, onPing: none, onPong: none, onDrain: none, onClose: none };

const codeOf = ({ handler }: { readonly handler: RecordingHandler }) => handler.failure?.code;

describe('admit', () => {
  it('is not there for an upstream without a limit, nor for a route that answers by itself', () => {
    const services = makeServices({ upstreams: { get: () => makeUpstream([], { concurrency: null }) } });
    expect(admit(makeRoute(), services)).toBeNull();
    const action = { kind: 'respond', status: 200, headers: [], body: '' } as const;
    expect(admit(makeRoute({ action }), makeServices())).toBeNull();
  });

  it('lets as many through as there are places, and the others in order as places become free', () => {
    const { bottom, send, clock, told, timers, gate } = setUp();
    const requests = [1, 2, 3, 4].map(() => send());
    expect([bottom.calls.length, gate.inFlight, gate.queued]).toEqual([2, 2, 2]);
    clock.advance(30);
    bottom.calls[0]?.answer(200);
    expect(bottom.calls.map((call) => call.request)).toEqual(requests.slice(0, 3).map(({ request }) => request));
    expect(requests.map(({ request }) => request.exchange.queuedMs)).toEqual([0, 0, 30, 0]);
    for (const call of bottom.calls.slice(1)) call.answer(200);
    bottom.last().answer(200);
    expect(requests.map(({ handler }) => handler.status)).toEqual([200, 200, 200, 200]);
    expect([gate.inFlight, gate.queued, timers.armed, told]).toEqual([0, 0, 0, ['queued', 'queued']]);
  });

  it('gives a place back once, however the request ends, and one that waits leaves none behind', () => {
    const sends = ['send', 'send', 'send', 'send', 'send'];
    const step = fc.record({
      // Mostly requests, so that some wait most of the time.
      kind: fc.constantFrom(...sends, 'answer', 'fail', 'cancel', 'upgrade', 'close', 'pass'),
      which: fc.nat(1_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const { send, bottom, clock, timers, gate } = setUp();
        const sent: ReturnType<typeof send>[] = [];
        const peers = new Set<ReturnType<typeof fakePeer>>();
        const open = () =>
          bottom.calls.filter(
            ({ cancelled, request }) =>
              !cancelled && sent.some((s) => s.request === request && !s.handler.ended && s.handler.upgraded === null),
          );
        for (const { kind, which } of steps) {
          const call = open()[which % Math.max(1, open().length)];
          if (kind === 'send') sent.push(send());
          else if (kind === 'pass') clock.advance(which);
          else if (kind === 'cancel') sent[which % Math.max(1, sent.length)]?.cancel();
          else if (kind === 'answer') call?.answer(200);
          else if (kind === 'fail') call?.fail(failure('connection_closed', ''));
          else if (kind === 'upgrade' && call !== undefined) {
            const peer = fakePeer();
            call.handler.onUpgrade?.([], peer);
            const above = sent.find(({ request }) => request === call.request)?.handler.upgraded?.peer;
            above?.listen(deaf);
            peers.add(peer);
          } else if (kind === 'close') {
            for (const peer of peers) peer.events.onClose(1000, '');
            peers.clear();
          }
          expect(gate.inFlight).toBeLessThanOrEqual(2);
          expect(gate.inFlight).toBeGreaterThanOrEqual(open().length);
          if (gate.queued > 0) expect(gate.inFlight).toBe(2);
          expect(timers.armed).toBe(gate.queued);
        }
        for (const { cancel } of sent) {
          cancel();
          cancel();
        }
        expect([gate.inFlight, gate.queued, timers.armed]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the place of a tunnel back as soon as it has begun, and once', () => {
    const { send, bottom, gate } = setUp();
    const { handler, cancel } = send();
    const peer = fakePeer();
    bottom.last().handler.onUpgrade?.([], peer);
    expect(gate.inFlight).toBe(0);
    send();
    handler.upgraded?.peer.listen(deaf);
    peer.events.onClose(1000, '');
    cancel();
    expect([gate.inFlight, bottom.calls.length]).toEqual([1, 2]);
  });

  it('ends a wait by the queue timer of the route, which is told once', () => {
    const { send, clock, told, timers, gate } = setUp({ queueMs: 300 });
    send();
    send();
    const waiting = send();
    clock.advance(299);
    expect(waiting.handler.ended).toBe(false);
    clock.advance(1);
    expect(waiting.handler.failure).toMatchObject({
      code: 'queue_timeout',
      timer: 'queue',
      limitMs: 300,
      retryAfterS: 1,
    });
    expect([waiting.request.exchange.queuedMs, timers.armed, gate.queued]).toEqual([300, 0, 0]);
    expect(told).toEqual(['queued', 'timer queue']);
  });

  it('refuses with Retry-After what finds the queue full', () => {
    const { send, told } = setUp();
    for (let i = 0; i < 5; i += 1) send();
    const refused = send();
    expect(refused.handler.failure).toMatchObject({ code: 'queue_full', retryAfterS: 1 });
    expect(told).toEqual(['queued', 'queued', 'queued', 'shed']);
  });

  it('refuses at once what its deadline does not allow to wait', () => {
    const { send, bottom, clock, told } = setUp();
    send();
    clock.advance(100);
    bottom.last().answer(200);
    send();
    send();
    expect(codeOf(send([], clock.nowMs() + 90))).toBe('deadline_unreachable');
    expect(told).toEqual(['shed_deadline']);
  });

  it('lets a request lower its priority by the field of the route, and never raise it', () => {
    const order = (level: PrioritySpec['level'], asked: readonly string[]) => {
      const { send, bottom } = setUp({ spec: { ...two, limitMax: 1 }, priority: { level, header: 'x-priority' } });
      send();
      for (const value of asked) send(value === '' ? [] : ['x-priority', value]);
      for (let i = 0; i < bottom.calls.length; i += 1) bottom.calls[i]?.answer(200);
      return bottom.calls.slice(1).map(({ request }) => request.headers[1] ?? '');
    };
    expect(order('critical', ['background', 'Default', 'critical'])).toEqual(['critical', 'Default', 'background']);
    expect(order('default', ['critical', '', 'nonsense'])).toEqual(['critical', '', 'nonsense']);
    expect(order('background', ['background', 'default', 'critical'])).toEqual(['background', 'default', 'critical']);
  });

  it('sheds a waiting request of lower priority for a higher one when the queue is full', () => {
    const { send } = setUp({ priority: { level: 'critical', header: 'x-priority' } });
    send();
    send();
    const [, newest] = [send(['x-priority', 'background']), send(['x-priority', 'background']), send()];
    const critical = send();
    expect([codeOf({ handler: newest.handler }), critical.handler.ended]).toEqual(['shed', false]);
  });
});

describe('what admit tells the adaptive limit', () => {
  const adaptive: ConcurrencySpec = { mode: 'adaptive', limitMin: 2, limitMax: 100, limitStart: 10, queue: 50 };
  type Setup = ReturnType<typeof setUp>;

  /** Ten at once, again and again, each ended that way after 100 ms; the limit after it. */
  function limitAfter(
    end: (setup: Setup, sent: ReturnType<Setup['send']>, call: Setup['bottom']['calls'][number]) => void,
    totalMs = 30_000,
  ) {
    const setup = setUp({ spec: adaptive, totalMs });
    for (let round = 0; round < 12; round += 1) {
      const deadlineAtMs = setup.clock.nowMs() + 100;
      const from = setup.bottom.calls.length;
      const sent = Array.from({ length: 10 }, () => setup.send([], deadlineAtMs));
      setup.clock.advance(100);
      sent.forEach((one, i) => {
        const call = setup.bottom.calls[from + i];
        if (call !== undefined) end(setup, one, call);
      });
    }
    return setup.gate.limit;
  }

  it('grows it by good answers', () => {
    expect(limitAfter((_setup, _sent, call) => call.answer(200))).toBeGreaterThan(10);
  });

  it.each([500, 503, 429])('does not grow it by errors: %i', (status) => {
    expect(limitAfter((_setup, _sent, call) => call.answer(status))).toBe(10);
    expect(limitAfter((_setup, _sent, call) => call.fail(failure('connection_refused', '')))).toBe(10);
  });

  it("shrinks it by timeouts, and by requests that are cut off at the route's limit", () => {
    expect(limitAfter((_setup, _sent, call) => call.fail(failure('first_byte_timeout', '')))).toBeLessThan(5);
    expect(limitAfter((_setup, { cancel }) => cancel(), 100)).toBeLessThan(5);
  });

  it('does not shrink it by deadlines that clients have stated', () => {
    expect(limitAfter((_setup, { cancel }) => cancel(), 101)).toBe(10);
  });

  /** Of a request whose body streams for so long (NaN: it is not sent whole), and that ends 100 ms after it began. */
  function toldOfBody(bodyMs: number, end: (call: ReturnType<Setup['bottom']['last']>, cancel: () => void) => void) {
    const setup = setUp({ totalMs: 100 });
    const leave = vi.spyOn(setup.gate, 'leave');
    const { request, cancel } = setup.send([], Number.POSITIVE_INFINITY, fakeBody());
    const attempt = createAttempt('a', setup.clock.nowMs());
    request.exchange.attempts.push(attempt);
    enterPhase(attempt, 'send', setup.clock.nowMs());
    setup.clock.advance(Number.isNaN(bodyMs) ? 100 : bodyMs);
    if (!Number.isNaN(bodyMs)) {
      enterPhase(attempt, 'firstByte', setup.clock.nowMs());
      setup.clock.advance(100 - bodyMs);
    }
    end(setup.bottom.last(), cancel);
    return leave.mock.calls.map(([departure, latencyMs, tookMs]) => [departure, latencyMs, tookMs]);
  }

  it('does not count as its time what a client takes to send a body', () => {
    expect(toldOfBody(90, (call) => call.answer(200))).toEqual([['answered', 10, 10]]);
    expect(toldOfBody(0, (call) => call.answer(200))).toEqual([['answered', 100, 100]]);
    // It says nothing of an answer to a body that has not ended.
    expect(toldOfBody(Number.NaN, (call) => call.answer(200))).toEqual([['untold', Number.NaN, Number.NaN]]);
  });

  it('does not blame it for limits that pass while the client owes the body, unless it took nothing of that', () => {
    const departure = (bodyMs: number, end: Parameters<typeof toldOfBody>[1]) => toldOfBody(bodyMs, end)[0]?.[0];
    for (const code of ['attempt_timeout', 'total_timeout'] as const) {
      expect(departure(Number.NaN, (call) => call.fail(failure(code, '')))).toBe('untold');
      expect(departure(0, (call) => call.fail(failure(code, '')))).toBe('slow');
    }
    expect(departure(Number.NaN, (_call, cancel) => cancel())).toBe('untold');
    expect(departure(0, (_call, cancel) => cancel())).toBe('slow');
    expect(departure(Number.NaN, (call) => call.fail(failure('send_timeout', '')))).toBe('slow');
  });

  it('takes nothing from tunnels', () => {
    expect(
      limitAfter((_setup, { cancel }, call) => {
        call.handler.onUpgrade?.([], fakePeer());
        cancel();
      }),
    ).toBe(10);
  });
});
