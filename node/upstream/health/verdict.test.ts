import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { outcome } from './testing/outcomes.js';
import { verdictOf } from './verdict.js';

const answered = (status: number) => outcome('good', 100, { status });
const failed = (code: Parameters<typeof failure>[0], status = 0) =>
  outcome('bad', 100, { failure: failure(code, ''), status });

describe('the verdict about an attempt', () => {
  it.each([
    ['an answer', answered(200), 'good'],
    ['an upgrade', answered(101), 'good'],
    ["a client's fault", answered(404), 'good'],
    ['a limit of the target', answered(429), 'good'],
    ["a server's fault", answered(500), 'bad'],
    ['a 503 that says when to come back', outcome('good', 100, { status: 503, retryAfterMs: 2_000 }), 'bad'],
    ['a method that the target does not know', answered(501), 'good'],
    ['a version that the target does not know', answered(505), 'good'],
    ['a refused connection', failed('connection_refused'), 'bad'],
    ['a body that broke off', failed('response_incomplete', 200), 'bad'],
    ['a deadline that passed while it was asked', failed('total_timeout'), 'bad'],
    ['a full queue of ours', failed('queue_full'), 'none'],
    ['a bug of ours', failed('internal_error', 200), 'none'],
    ['a client that was too slow', failed('client_body_timeout'), 'none'],
    ['a handshake that the target refused', failed('upgrade_failed'), 'none'],
    ['an attempt that was given up', outcome('none', 100), 'none'],
    ['an attempt that was given up long after its answer was due', outcome('none', 100, { isOverdue: true }), 'bad'],
    ['an attempt that was given up in the middle of a bad answer', outcome('none', 100, { status: 500 }), 'none'],
    ['an attempt without answer and failure', outcome('good', 100, { status: 0 }), 'none'],
  ] as const)('%s', (_name, seen, verdict) => {
    expect(verdictOf(seen, true)).toBe(verdict);
  });
});

describe('the verdict about a status', () => {
  it.each([
    [500, 'good', 'bad'],
    [501, 'good', 'good'],
    [502, 'bad', 'bad'],
    [503, 'bad', 'bad'],
    [504, 'bad', 'bad'],
    [520, 'good', 'bad'],
    [404, 'good', 'good'],
  ] as const)('of a %i is %s, and where every 5xx counts %s', (status, usual, strict) => {
    expect([verdictOf(answered(status), false), verdictOf(answered(status), true)]).toEqual([usual, strict]);
  });

  it('holds what was met against the target whatever the status said', () => {
    expect(verdictOf(failed('response_incomplete', 500), false)).toBe('bad');
    expect(verdictOf(outcome('none', 100, { isOverdue: true, status: 500 }), false)).toBe('bad');
    expect(verdictOf(outcome('none', 100, { status: 500 }), false)).toBe('none');
  });
});
