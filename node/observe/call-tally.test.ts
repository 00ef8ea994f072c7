import { callRecordsMax, callRowsMax } from '@weir/proto/events/calls.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAttempt, type Exchange } from '../pipeline/exchange.js';
import { makeRequest } from '../pipeline/testing/harness.js';
import { CallTally, type TakenCalls, wasSaved } from './call-tally.js';

function ended(change: Partial<Exchange> = {}) {
  const request = makeRequest();
  Object.assign(request.exchange, { status: 200, headersAtMs: 5, endedAtMs: 9, responseBytes: 10, ...change });
  return request;
}

const timedOut = (): Exchange['attempts'] => {
  const [first, second] = [createAttempt('a:1', 0), createAttempt('b:1', 5, 'retry')];
  first.failure = failure('first_byte_timeout', 'slow');
  return [first, second];
};

const sumOf = (taken: TakenCalls | null, of: 'route' | 'consumer', at: 2 | 3 | 4 | 5 | 6): number =>
  (taken?.rows ?? []).reduce((sum, row) => sum + (row[0] === of ? row[at] : 0), 0);

describe('what calls came to', () => {
  it('of one whom a token names are not those of the consumer of that name', () => {
    const tally = new CallTally();
    const orders = tally.route('orders');
    orders.ended(ended({ consumerId: 'ada' }), 4);
    orders.ended(ended({ consumerId: 'ada', vouchedBy: 'issuer https://login.example' }), 4);
    const taken = tally.take();
    const names = ['ada', 'ada (issuer https://login.example)'];
    expect(taken?.rows.filter(([of]) => of === 'consumer').map(([, name, requests]) => [name, requests])).toEqual(
      names.map((name) => [name, 1]),
    );
    expect(taken?.records.map(({ consumer }) => consumer)).toEqual(names);
  });

  it('is told once, by route and by consumer, with those that went wrong one by one', () => {
    const tally = new CallTally();
    expect(tally.take()).toBeNull();
    const [orders, users] = [tally.route('orders'), tally.route('users')];
    orders.ended(ended({ consumerId: 'ada' }), 4);
    orders.ended(ended({ status: 504, failure: failure('total_timeout', 'slow', { timer: 'total' }) }), 40);
    orders.ended(ended({ status: 404 }), 0);
    users.ended(ended({ attempts: timedOut(), consumerId: 'ada' }), 8);
    users.reused(100);
    const taken = tally.take();
    expect(taken?.rows).toEqual([
      ['route', 'orders', 3, 1, 1, 1, 0, 0, 30, Array.from({ length: 41 }, (_, i) => ([0, 4, 40].includes(i) ? 1 : 0))],
      ['route', 'users', 2, 0, 0, 0, 1, 0, 110, [1, 0, 0, 0, 0, 0, 0, 0, 1]],
      ['consumer', 'ada', 2, 0, 0, 0, 1, 0, 20, [0, 0, 0, 0, 1, 0, 0, 0, 1]],
    ]);
    expect(taken?.records.map(({ status, timer, isSaved }) => [status, timer, isSaved])).toEqual([
      [504, 'total', false],
      [200, '', true],
      [200, '', false],
      [404, '', false],
    ]);
    expect(taken?.untold).toBe(1);
    expect(tally.take()).toBeNull();
  });

  it('is whole whatever comes, within what a message holds', () => {
    const call = fc.record({
      route: fc.nat(1_200),
      consumer: fc.option(fc.nat(400)),
      status: fc.constantFrom(200, 404, 500, 504),
      isReused: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 2_000, size: 'max' }), (calls) => {
        const tally = new CallTally();
        const routes = Array.from({ length: 1_201 }, (_, i) => tally.route(`r${i}`));
        for (const { route, consumer, status, isReused } of calls) {
          if (isReused) routes[route]?.reused(1);
          else routes[route]?.ended(ended({ status, consumerId: consumer === null ? null : `c${consumer}` }), 3);
        }
        let [requests, failed, known] = [0, 0, 0];
        for (let taken = tally.take(); taken !== null; taken = tally.take()) {
          expect(taken.rows.length).toBeLessThanOrEqual(callRowsMax);
          expect(taken.records.length).toBeLessThanOrEqual(callRecordsMax);
          const message = { kind: 'calls' as const, id: 'n', session: 1, ...taken };
          expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, message });
          requests += sumOf(taken, 'route', 2);
          failed += sumOf(taken, 'route', 3);
          known += sumOf(taken, 'consumer', 2);
        }
        expect(requests).toBe(calls.length);
        expect(failed).toBe(calls.filter(({ status, isReused }) => status >= 500 && !isReused).length);
        expect(known).toBe(calls.filter(({ consumer, isReused }) => consumer !== null && !isReused).length);
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['a timer of an attempt', { attempts: timedOut() }, true],
    ['a stale copy in time', { cache: 'stale_slow' as const }, true],
    ['another answer', { hasFallenBack: true }, true],
    ['a hedge that won', { attempts: [createAttempt('a:1', 0), createAttempt('b:1', 1, 'hedge')] }, true],
    [
      'a hedge that lost',
      { attempts: [createAttempt('a:1', 0), createAttempt('b:1', 1, 'hedge')], decidedBy: 0 },
      false,
    ],
    ['nothing', {}, false],
    ['an attempt in vain', { attempts: timedOut(), failure: failure('total_timeout', 'slow'), status: 504 }, false],
  ])('%s: saved is told of good answers alone', (_, change, isSaved) => {
    expect(wasSaved(ended(change).exchange)).toBe(isSaved);
  });
});
