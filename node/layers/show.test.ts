import { failure, timerFired } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { createAttempt, type Exchange } from '../pipeline/exchange.js';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import {
  fakeClock,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { show } from './show.js';

const clock = fakeClock(1_250);
const services = makeServices({ clock });

function layerOf(serverTiming: boolean, attempts: boolean) {
  return show(makeRoute({ shown: { serverTiming, attempts } }), services);
}

/** Received at 1000: one attempt that failed to connect, and one that has its head at 1250. */
function retried(): Exchange {
  const exchange = makeExchange();
  exchange.queuedMs = 3;
  const first = Object.assign(createAttempt('10.9.8.7:80', 1_010), { endedAtMs: 1_110 });
  Object.assign(first.phaseStartMs, { queue: 1_010, connect: 1_012 });
  first.failure = timerFired('connect', 98);
  const second = Object.assign(createAttempt('10.9.8.6:80', 1_120, 'retry'), { status: 200 });
  Object.assign(second.phaseStartMs, { queue: 1_120, send: 1_120.25, firstByte: 1_121, body: 1_249 });
  exchange.attempts.push(first, second);
  return exchange;
}

const timing =
  'queue;dur=5.3, attempt1;dur=100;desc="connect_timeout", attempt2;dur=130;desc="retry, 200", ' +
  'attempt2-first-byte;dur=129, weir;dur=250';

describe('show', () => {
  it('is nothing for a route that shows nothing', () => {
    expect(layerOf(false, false)).toBeNull();
  });

  it('tells times and number of attempts, and leaves what the upstream tells', () => {
    const handler = recordingHandler();
    const bottom = scriptedDispatch((call) => call.answer(200, ['server-timing', 'db;dur=5', 'x-weir-attempts', '9']));
    layerOf(true, true)?.(bottom.dispatch)(makeRequest({ exchange: retried() }), handler);
    expect(handler.headers).toEqual(['server-timing', 'db;dur=5', 'x-weir-attempts', '2', 'server-timing', timing]);
  });

  it('tells each of the two alone', () => {
    const answered = (serverTiming: boolean, attempts: boolean) => {
      const handler = recordingHandler();
      const bottom = scriptedDispatch((call) => call.answer(200));
      layerOf(serverTiming, attempts)?.(bottom.dispatch)(makeRequest({ exchange: retried() }), handler);
      return handler.headers;
    };
    expect(answered(true, false)).toEqual(['server-timing', timing]);
    expect(answered(false, true)).toEqual(['x-weir-attempts', '2']);
  });

  it('tells the same of a failure, and names no target', () => {
    const handler = recordingHandler();
    const bottom = scriptedDispatch((call) => call.fail(failure('shed', '', { headers: ['x-a', 'b'] })));
    const exchange = retried();
    Object.assign(exchange.attempts[1] ?? {}, { status: 0, endedAtMs: 1_240 });
    layerOf(true, true)?.(bottom.dispatch)(makeRequest({ exchange }), handler);
    const headers = handler.failure?.headers ?? [];
    expect(headerValue(headers, 'x-a')).toBe('b');
    expect(headerValue(headers, 'x-weir-attempts')).toBe('2');
    expect(headerValue(headers, 'server-timing')).toContain('attempt2;dur=120;desc="retry, cancelled"');
    expect(headers.join(' ')).not.toContain('10.9.8');
  });

  it('tells of an answer without any attempt, and of one whose attempt is under way', () => {
    const exchange = makeExchange();
    const handler = recordingHandler();
    const bottom = scriptedDispatch((call) => call.answer(204));
    layerOf(true, true)?.(bottom.dispatch)(makeRequest({ exchange }), handler);
    expect(handler.headers).toEqual(['x-weir-attempts', '0', 'server-timing', 'queue;dur=0, weir;dur=250']);
    const early = recordingHandler();
    exchange.attempts.push(createAttempt('a:1', 1_200));
    const failing = scriptedDispatch((call) => call.fail(failure('client_gone', '')));
    layerOf(true, false)?.(failing.dispatch)(makeRequest({ exchange }), early);
    expect(early.failure?.headers?.[1]).toBe('queue;dur=0, attempt1;dur=50;desc="pending", weir;dur=250');
  });

  it('lists sixteen attempts at most, and counts all', () => {
    const exchange = makeExchange();
    for (let i = 0; i < 40; i += 1) exchange.attempts.push(createAttempt('a:1', 1_000));
    const handler = recordingHandler();
    layerOf(true, true)?.(scriptedDispatch((call) => call.answer(200)).dispatch)(makeRequest({ exchange }), handler);
    expect(headerValue(handler.headers, 'x-weir-attempts')).toBe('40');
    const told = headerValue(handler.headers, 'server-timing') ?? '';
    expect([told.includes('attempt16;'), told.includes('attempt17;')]).toEqual([true, false]);
  });

  it('tells of an upgrade as well', () => {
    const handler = recordingHandler();
    const bottom = scriptedDispatch();
    layerOf(false, true)?.(bottom.dispatch)(makeRequest({ exchange: retried() }), handler);
    bottom.last().handler.onUpgrade?.([], fakePeer());
    expect(handler.upgraded?.headers).toEqual(['x-weir-attempts', '2']);
  });
});
