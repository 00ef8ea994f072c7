import { describe, expect, it } from 'vitest';
import { type Ending, nameError } from './client.js';
import { indexOfName, outcomeOf } from './outcome.js';
import { behaviourAt, TURN_MS } from './schedule.js';

const schedule = { seed: 5, upstreams: 5 };
const asked = { plannedAtMs: TURN_MS + 10, endedAtMs: TURN_MS + 110 };
const rowAt = (index: number) => behaviourAt(schedule.seed, schedule.upstreams, index, asked.plannedAtMs);
const answered = (status: number, sample: string | null, body = ''): Ending => ({
  kind: 'answered',
  status,
  sample,
  body,
});
const problem = JSON.stringify({
  code: 'first_byte_timeout',
  timer: 'firstByte',
  attempts: [{ target: 'orders/1' }, { target: 'orders/4' }],
});

describe('the outcome of a request', () => {
  it('of the direct side counts under the upstream that was asked, whatever the end', () => {
    const endings: readonly [Ending, string][] = [
      [answered(200, 'orders/1'), 'good'],
      [answered(500, 'orders/1'), 'error'],
      [{ kind: 'broken', reason: 'connection reset' }, 'error'],
      [{ kind: 'timeout' }, 'timeout'],
    ];
    for (let upstream = 0; upstream < 5; upstream += 1) {
      for (const [ending, result] of endings) {
        const outcome = outcomeOf({ ...asked, side: 'without', upstream }, ending, schedule);
        expect(outcome).toMatchObject({ row: rowAt(upstream), result, latencyMs: 100 });
      }
    }
  });

  it('through Weir counts under the upstream that answered, or that the problem document names last', () => {
    const through = { ...asked, side: 'with', upstream: null } as const;
    expect(outcomeOf(through, answered(200, 'orders/3'), schedule)).toMatchObject({ result: 'good', row: rowAt(2) });
    expect(outcomeOf(through, answered(504, null, problem), schedule)).toEqual({
      side: 'with',
      row: rowAt(3),
      result: 'error',
      name: '504 first_byte_timeout',
      latencyMs: 100,
    });
  });

  it('is of an unknown upstream when nobody names one', () => {
    const through = { ...asked, side: 'with', upstream: null } as const;
    expect(outcomeOf(through, { kind: 'timeout' }, schedule)).toMatchObject({ row: 'unknown', result: 'timeout' });
    expect(outcomeOf(through, answered(503, null), schedule)).toMatchObject({ row: 'unknown', name: 'status 503' });
  });

  it('never takes an error for good, however fast it came', () => {
    for (const status of [199, 300, 304, 404, 429, 500, 502, 503, 504]) {
      expect(outcomeOf({ ...asked, side: 'with', upstream: null }, answered(status, 'orders/1'), schedule).result).toBe(
        'error',
      );
    }
  });
});

describe('names', () => {
  it('come from the problem document, else from the status', () => {
    expect(nameError(504, problem)).toEqual({ name: '504 first_byte_timeout', target: 'orders/4' });
    expect(nameError(503, '{"code":"queue_full"}')).toEqual({ name: '503 queue_full', target: null });
    for (const body of ['', '<html>', 'null', '[]', '{"x":1}', '7']) {
      expect(nameError(500, body)).toEqual({ name: 'status 500', target: null });
    }
    expect(nameError(504, '{"code":"total_timeout","attempts":"?"}').target).toBeNull();
  });

  it('number the upstreams from one', () => {
    expect(indexOfName('orders/1')).toBe(0);
    expect(indexOfName('orders/5')).toBe(4);
    for (const name of [null, '', 'orders', 'orders/', 'orders/0', 'orders/x', '(unknown)', 'orders/1.5']) {
      expect(indexOfName(name)).toBeNull();
    }
  });
});
