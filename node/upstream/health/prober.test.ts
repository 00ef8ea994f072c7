import { failure } from '@weir/proto/http/failures.js';
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import { describe, expect, it } from 'vitest';
import { fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';
import type { AnswerSink, Connection, Dial, DialEvents, OutgoingRequest } from '../pools/connection.js';
import type { ProbeResult } from './probe.js';
import { startProber } from './prober.js';
import { probeSpec } from './testing/outcomes.js';

/** One attempt to connect, driven by the test. */
interface Dialled {
  readonly events: DialEvents<Connection>;
  cancelled: boolean;
  closed: boolean;
  request: OutgoingRequest | null;
  sink: AnswerSink | null;
}

function setUp(spec: Partial<ProbeSpec> = {}, onSend: (sink: AnswerSink) => void = () => {}) {
  const clock = fakeClock(0);
  const timers = fakeTimers(clock);
  const dials: Dialled[] = [];
  const results: ProbeResult[] = [];
  const dial: Dial<Connection> = (events) => {
    const dialled: Dialled = { events, cancelled: false, closed: false, request: null, sink: null };
    dials.push(dialled);
    return () => {
      dialled.cancelled = true;
    };
  };
  // Half of everything: the first probe comes after half an interval, then one each interval.
  const random = () => 0.5;
  const prober = startProber({
    spec: { ...probeSpec, ...spec },
    authority: 'up.test:81',
    dial,
    clock,
    timers,
    random,
    onResult: (result) => results.push(result),
  });
  const last = (): Dialled => {
    const dialled = dials.at(-1);
    if (dialled === undefined) throw new Error('nothing was dialled');
    return dialled;
  };
  const connect = (): AnswerSink => {
    const dialled = last();
    dialled.events.onConnected({
      streamsMax: 1,
      address: '127.0.0.1',
      isOpen: () => true,
      close: () => {
        dialled.closed = true;
      },
      onClosed: null,
      send: (request, sink) => {
        Object.assign(dialled, { request, sink });
        onSend(sink);
        return () => {};
      },
    });
    return dialled.sink ?? sinkless;
  };
  return { clock, timers, dials, results, prober, last, connect };
}

const sinkless = null as unknown as AnswerSink; // Of a TCP probe, whose sink no test asks for.
const head = (status: number) => ({ status, headers: [], lengthBytes: null, resume: () => {} });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a prober', () => {
  it('begins after its random delay, goes on from start to start, and leaves nothing open', () => {
    const { clock, dials, results, connect, last } = setUp();
    clock.advance(499);
    expect(dials.length).toBe(0);
    clock.advance(1);
    const sink = connect();
    expect(last().request).toEqual({
      method: 'GET',
      target: '/healthz',
      headers: ['host', 'up.test:81', 'user-agent', 'weir-probe', 'accept', '*/*'],
      body: null,
      exchange: null,
    });
    clock.advance(100);
    sink.onHead(head(204));
    expect(results).toEqual([]);
    sink.onComplete();
    expect(results).toEqual([{ isGood: true, why: '', status: 204, tookMs: 100 }]);
    expect(last().closed).toBe(true);
    clock.advance(899);
    expect(dials.length).toBe(1);
    clock.advance(1);
    expect(dials.length).toBe(2);
  });

  it('asks for the host that it is told to', () => {
    const { clock, connect, last } = setUp({ host: 'health.test' });
    clock.advance(500);
    connect();
    expect(last().request?.headers.slice(0, 2)).toEqual(['host', 'health.test']);
  });

  it('fails by a status that is not expected, without waiting for the body', () => {
    const { clock, results, connect, last } = setUp({
      statuses: [
        [200, 204],
        [301, 301],
      ],
    });
    clock.advance(500);
    for (const status of [199, 205, 300, 302, 503]) {
      connect().onHead(head(status));
      expect([results.at(-1)?.isGood, results.at(-1)?.why, last().closed]).toEqual([false, `answered ${status}`, true]);
      clock.advance(1_000);
    }
    const sink = connect();
    sink.onHead(head(301));
    sink.onComplete();
    expect(results.at(-1)?.isGood).toBe(true);
  });

  it('fails by its own time limit, whatever the probe waits for, and hears nothing of it afterwards', () => {
    const { clock, results, connect, last, timers } = setUp();
    clock.advance(500 + 199);
    expect(results.length).toBe(0);
    clock.advance(1);
    expect(results.at(-1)).toEqual({ isGood: false, why: 'no answer within 200 ms', status: 0, tookMs: 200 });
    expect(last().cancelled).toBe(true);
    clock.advance(800);
    const sink = connect();
    sink.onHead(head(200));
    sink.onData(bytes('half'));
    clock.advance(200);
    expect([results.at(-1)?.why, last().closed, results.length]).toEqual(['no answer within 200 ms', true, 2]);
    expect(sink.onData(bytes('late'))).toBe(false);
    sink.onComplete();
    sink.onFailed(failure('connection_closed', ''), { untouched: false, answered: true, closed: true });
    expect([results.length, timers.armed]).toEqual([2, 1]);
  });

  it('fails when the target is not reached, breaks off, or cannot be asked', () => {
    const progress = { untouched: true, answered: false, closed: true };
    const { clock, results, last, connect } = setUp();
    clock.advance(500);
    last().events.onFailed(failure('connection_refused', 'it refused'));
    clock.advance(1_000);
    connect().onFailed(failure('connection_closed', 'it closed'), progress);
    expect(results.map(({ why }) => why)).toEqual(['it refused', 'it closed']);
    const unsendable = setUp({}, (sink) => sink.onFailed(failure('bad_request', 'it cannot be sent'), progress));
    unsendable.clock.advance(500);
    unsendable.connect();
    expect(unsendable.results.map(({ why }) => why)).toEqual(['it cannot be sent']);
  });

  it.each([
    ['in one piece', ['all is well here'], true],
    ['across pieces', ['all is w', 'ell here'], true],
    ['nowhere', ['all is bad'], false],
    ['just within 64 KiB', ['x'.repeat(65_525), 'all is well'], true],
    ['beyond 64 KiB', ['x'.repeat(65_536), 'all is well'], false],
    ['across the bound', ['x'.repeat(65_526), 'all is well'], false],
  ])('looks for the expected text in the first 64 KiB: %s', (_where, chunks, isGood) => {
    const { clock, results, connect } = setUp({ contains: 'all is well' });
    clock.advance(500);
    const sink = connect();
    sink.onHead(head(200));
    for (const chunk of chunks) sink.onData(bytes(chunk));
    if (results.length === 0) sink.onComplete();
    expect(results.map((result) => result.isGood)).toEqual([isGood]);
  });

  it('reads no more than 64 KiB of a body, and takes what it has read for the answer', () => {
    const { clock, results, connect, last } = setUp();
    clock.advance(500);
    const sink = connect();
    sink.onHead(head(200));
    expect(sink.onData(new Uint8Array(65_535))).toBe(true);
    expect(sink.onData(new Uint8Array(1))).toBe(false);
    expect([results.map(({ isGood }) => isGood), last().closed]).toEqual([[true], true]);
  });

  it('takes a connection for an answer where it probes TCP, and sends nothing', () => {
    const { clock, results, connect, last } = setUp({ kind: 'tcp' });
    clock.advance(500);
    connect();
    expect([results.map(({ isGood }) => isGood), last().closed, last().request]).toEqual([[true], true, null]);
  });

  it('never has two probes under way: the next one follows the end of one that outlasts its interval', () => {
    const { clock, dials, results } = setUp({ intervalMs: 100, timeoutMs: 250 });
    clock.advance(50);
    clock.advance(249);
    expect([dials.length, results.length]).toEqual([1, 0]);
    clock.advance(1);
    expect([dials.length, results.length]).toEqual([2, 1]);
  });

  it('stops at once, in the middle of a probe too, and is not heard of again', () => {
    const waiting = setUp();
    waiting.prober.stop();
    waiting.clock.advance(10_000);
    expect([waiting.dials.length, waiting.timers.armed]).toEqual([0, 0]);
    const dialling = setUp();
    dialling.clock.advance(500);
    dialling.prober.stop();
    expect([dialling.last().cancelled, dialling.timers.armed]).toEqual([true, 0]);
    dialling.connect();
    expect(dialling.last().closed).toBe(true);
    const asking = setUp();
    asking.clock.advance(500);
    const sink = asking.connect();
    asking.prober.stop();
    sink.onHead(head(500));
    asking.clock.advance(10_000);
    expect([asking.results.length, asking.last().closed, asking.timers.armed]).toEqual([0, true, 0]);
  });
});
