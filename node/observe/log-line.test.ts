import { failure, timerFired } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { type Attempt, createAttempt } from '../pipeline/exchange.js';
import { makeExchange, makeRequest } from '../pipeline/testing/harness.js';
import { jsonString, VALUE_MAX } from './json-string.js';
import { LineParts } from './line-parts.js';
import { EARLIER_MAX, type LineOptions, logLine, timePart } from './log-line.js';

const options: LineOptions = { secrets: new Set(['token', 'x-secret']), requestHeaders: [], parts: new LineParts() };

/** An exchange that ended after 25 ms with 200 and 108 bytes. */
function endedRequest(overrides: Partial<GatewayRequest> = {}) {
  const exchange = makeExchange();
  Object.assign(exchange, { routeId: 'orders', status: 200, responseBytes: 108, headersAtMs: 1_020, endedAtMs: 1_025 });
  return makeRequest({ exchange, ...overrides });
}

function attemptAt(startMs: number, phases: Partial<Attempt['phaseStartMs']>, endMs: number, targetId = '10.0.0.1:80') {
  const attempt = createAttempt(targetId, startMs);
  Object.assign(attempt.phaseStartMs, phases);
  attempt.endedAtMs = endMs;
  return attempt;
}

const parsed = (request: GatewayRequest, given = options) => JSON.parse(logLine(request, given));

describe('a line of the access log', () => {
  it('says what the cache did, where it was asked', () => {
    const request = endedRequest();
    expect(parsed(request)).not.toHaveProperty('cache');
    request.exchange.cache = 'stale_slow';
    expect(parsed(request)).toMatchObject({ cache: 'stale_slow', status: 200 });
  });

  it('says what was asked and what came of it, and leaves out what says nothing', () => {
    expect(parsed(endedRequest({ headers: ['user-agent', 'curl/8.0'] }))).toEqual({
      time: '2026-01-01T00:00:00.000Z',
      level: 'info',
      kind: 'access',
      id: 'request-1',
      route: 'orders',
      method: 'GET',
      scheme: 'http',
      authority: 'api.example.com',
      path: '/',
      client: '192.0.2.1',
      user_agent: 'curl/8.0',
      status: 200,
      total_ms: 25,
      head_ms: 20,
      response_bytes: 108,
    });
  });

  it('has the members of whoever is known: trace, consumer, peer, body', () => {
    const request = endedRequest({ query: 'a=1&token=abc' });
    Object.assign(request.exchange, {
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
      consumerId: 'acme',
      peerAddress: '198.51.100.1',
      requestBytes: 7,
      scheme: 'https',
    });
    expect(parsed(request)).toMatchObject({
      trace_id: 'a'.repeat(32),
      consumer: 'acme',
      peer: '198.51.100.1',
      request_bytes: 7,
      scheme: 'https',
      query: 'a=1&token=[redacted]',
    });
  });

  it('names the failure and the timer of a failed exchange', () => {
    const request = endedRequest();
    Object.assign(request.exchange, { failure: timerFired('firstByte', 50), status: 504, headersAtMs: Number.NaN });
    const line = parsed(request);
    expect(line).toMatchObject({ level: 'error', failure: 'first_byte_timeout', timer: 'firstByte', status: 504 });
    expect(line.detail).toContain('50 ms');
    expect(line).not.toHaveProperty('head_ms');
  });

  it('has a level by who is to blame', () => {
    const levelOf = (status: number, code?: 'no_target' | 'client_gone') => {
      const request = endedRequest();
      Object.assign(request.exchange, { status, failure: code === undefined ? null : failure(code, '') });
      return parsed(request).level;
    };
    expect([levelOf(302), levelOf(404), levelOf(500), levelOf(200, 'client_gone'), levelOf(503, 'no_target')]).toEqual([
      'info',
      'warn',
      'error',
      'warn',
      'error',
    ]);
  });

  it('has the target, the phases that took time, and the number of attempts', () => {
    const request = endedRequest();
    request.exchange.upstreamId = 'fallback-that-was-refused';
    const phases = { queue: 1_001, connect: 1_001, send: 1_003.4, firstByte: 1_003.41, body: 1_020 };
    request.exchange.attempts.push(
      Object.assign(attemptAt(1_001, phases, 1_024), { upstreamId: 'orders-up', status: 200 }),
    );
    const line = parsed(request);
    expect(line).toMatchObject({
      upstream: 'orders-up',
      target: '10.0.0.1:80',
      upstream_status: 200,
      upstream_ms: 23,
      connect_ms: 2.4,
      first_byte_ms: 16.6,
      body_ms: 4,
      attempts: 1,
    });
    for (const absent of ['queue_ms', 'tls_ms', 'send_ms', 'earlier', 'upstream_failure']) {
      expect(line).not.toHaveProperty(absent);
    }
  });

  it('bounds an attempt that was still open by the end of its exchange', () => {
    const request = endedRequest();
    request.exchange.attempts.push(attemptAt(1_000, { queue: 1_000, connect: 1_005 }, Number.NaN));
    expect(parsed(request)).toMatchObject({ queue_ms: 5, connect_ms: 20, upstream_ms: 25 });
  });

  it('shows the earlier attempts, a bounded number of them', () => {
    const request = endedRequest();
    for (let i = 0; i < 20; i += 1) {
      const attempt = attemptAt(1_000 + i, { connect: 1_000 + i }, 1_001 + i, `10.0.0.${i}:80`);
      if (i < 19) attempt.failure = failure('connection_refused', '');
      request.exchange.attempts.push(attempt);
    }
    const line = parsed(request);
    expect([line.attempts, line.target, line.earlier.length]).toEqual([20, '10.0.0.19:80', EARLIER_MAX]);
    expect(line.earlier[0]).toEqual({
      target: `10.0.0.${19 - EARLIER_MAX}:80`,
      upstream_status: 0,
      upstream_failure: 'connection_refused',
      upstream_ms: 1,
      connect_ms: 1,
    });
    expect(line.earlier.at(-1).target).toBe('10.0.0.18:80');
  });

  it('puts the attempt that won a race on the line, although another was made after it', () => {
    const request = endedRequest();
    const { exchange } = request;
    const first = Object.assign(attemptAt(1_000, { connect: 1_000 }, 1_020), { status: 200 });
    const hedged = createAttempt('10.0.0.2:80', 1_010, 'hedge');
    hedged.endedAtMs = 1_018;
    exchange.attempts.push(first, hedged);
    const second = parsed(request);
    expect([second.target, second.attempt_cause, second.earlier]).toMatchObject([
      '10.0.0.2:80',
      'hedge',
      [{ target: '10.0.0.1:80', upstream_status: 200, upstream_ms: 20 }],
    ]);
    expect(second.earlier[0]).not.toHaveProperty('attempt_cause');
    exchange.decidedBy = 0;
    const line = parsed(request);
    expect([line.target, line.upstream_status, line.attempts, line.earlier]).toEqual([
      '10.0.0.1:80',
      200,
      2,
      [{ target: '10.0.0.2:80', upstream_status: 0, attempt_cause: 'hedge', upstream_ms: 8 }],
    ]);
    expect(line).not.toHaveProperty('attempt_cause');
  });

  it('has the request fields that were asked for, without their secrets', () => {
    const headers = ['x-tenant', 'a', 'x-secret', 'b', 'referer', 'https://h/p?token=c&d=e'];
    const requestHeaders = ['x-tenant', 'x-secret', 'referer', 'x-absent'];
    expect(parsed(endedRequest({ headers }), { ...options, requestHeaders }).request_headers).toEqual({
      'x-tenant': 'a',
      'x-secret': '[redacted]',
      referer: 'https://h/p?token=[redacted]&d=e',
    });
    expect(parsed(endedRequest(), { ...options, requestHeaders })).not.toHaveProperty('request_headers');
  });

  it('is one line of printable ASCII that JSON.parse gives back whole, whatever is in it', () => {
    const hostile = fc.string({ unit: 'binary', size: 'max', maxLength: 300 });
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (path, authority, agent, detail) => {
        const request = endedRequest({ path, authority, headers: ['user-agent', agent] });
        request.exchange.failure = failure('bad_request', detail);
        const line = logLine(request, options);
        expect(line).toMatch(/^[ -~]*\n$/);
        expect(JSON.parse(line)).toMatchObject({ path, authority, user_agent: agent, detail });
      }),
    );
  });

  it('escapes each character that needs it when it stands alone', () => {
    for (let code = 0; code < 0x10000; code += 1) {
      const char = String.fromCharCode(code);
      expect(JSON.parse(jsonString(`a${char}b`))).toBe(`a${char}b`);
    }
  });

  it('escapes lone surrogates, line separators and control characters, and cuts what is too long', () => {
    expect(jsonString('a\ud800\u2028\u009b"\\é\n')).toBe('"a\\ud800\\u2028\\u009b\\"\\\\\\u00e9\\n"');
    expect(jsonString('x'.repeat(VALUE_MAX))).toHaveLength(VALUE_MAX + 2);
    expect(JSON.parse(jsonString('x'.repeat(VALUE_MAX + 1)))).toBe(`${'x'.repeat(VALUE_MAX)}...`);
  });

  it('keeps its parts apart: no line has a part of another that differs in one member', () => {
    const one = fc.constantFrom('a', 'b', '"');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(one, one, one, one, one, fc.constantFrom(200, 503)), { size: 'max', maxLength: 60 }),
        (all) => {
          const given = { ...options, parts: new LineParts() };
          for (const [routeId, method, authority, upstreamId, targetId, status] of all) {
            const request = endedRequest({ method, authority });
            const scheme = status === 200 ? 'http' : 'https';
            Object.assign(request.exchange, { routeId, scheme });
            const attempt = Object.assign(createAttempt(targetId, 1_000), { upstreamId, status, endedAtMs: 1_001 });
            request.exchange.attempts.push(attempt);
            expect(parsed(request, given)).toMatchObject({
              ...{ route: routeId, method, scheme, authority },
              ...{ upstream: upstreamId, target: targetId, upstream_status: status },
            });
          }
        },
      ),
    );
  });

  it('keeps clients apart: each line has its own client, peer, consumer and user agent', () => {
    const one = fc.constantFrom('a', 'b', '"');
    const maybe = fc.constantFrom(null, 'a', '"');
    fc.assert(
      fc.property(
        // Few values and many lines, so that most lines differ from the one before in one member, or in none.
        fc.array(fc.tuple(one, one, maybe, maybe), { size: 'max', maxLength: 60 }),
        (all) => {
          const given = { ...options, parts: new LineParts() };
          for (const [clientAddress, peerAddress, consumerId, agent] of all) {
            const request = endedRequest({ headers: agent === null ? [] : ['user-agent', agent] });
            const exchange = makeExchange({ clientAddress, peerAddress });
            Object.assign(exchange, { ...request.exchange, clientAddress, peerAddress, consumerId });
            const line = parsed({ ...request, exchange }, given);
            expect([line.client, line.peer, line.consumer, line.user_agent]).toEqual([
              clientAddress,
              peerAddress === clientAddress ? undefined : peerAddress,
              consumerId ?? undefined,
              agent ?? undefined,
            ]);
          }
        },
      ),
    );
  });

  it('prints the last moment of a second as that', () => {
    expect(timePart(1_767_225_599_999.9998)).toBe('{"time":"2025-12-31T23:59:59.999Z",');
  });

  it('prints durations to a tenth of a millisecond', () => {
    const total = (ms: number) => {
      const request = endedRequest();
      request.exchange.endedAtMs = 1_000 + ms;
      return /"total_ms":([^,]*)/.exec(logLine(request, options))?.[1];
    };
    expect([0, 0.04, 0.06, 99.94, 99.96, 100.1, 123_456.78, -5, Number.NaN].map(total)).toEqual([
      '0',
      '0',
      '0.1',
      '99.9',
      '100',
      '100.1',
      '123456.8',
      '0',
      '0',
    ]);
  });

  it('has the time as Date would print it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4e12 }), { minLength: 1, maxLength: 100, size: 'max' }),
        (times) => {
          for (const time of times) expect(timePart(time + 0.7)).toBe(`{"time":"${new Date(time).toISOString()}",`);
        },
      ),
    );
  });
});
