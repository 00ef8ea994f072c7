import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collected, collectFrom, endingOf, type Seen } from './ending.js';
import { countWithin, dueAtMs, waitFor } from './schedule.js';

describe('the open loop', () => {
  it('plans exactly the requests that are due before the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 10_000 }), (lengthMs, ratePerS) => {
        const count = countWithin(lengthMs, ratePerS);
        expect(dueAtMs(count - 1, ratePerS)).toBeLessThan(lengthMs);
        expect(dueAtMs(count, ratePerS)).toBeGreaterThanOrEqual(lengthMs);
      }),
    );
    expect(countWithin(8_000, 150)).toBe(1_200);
  });

  it('never sleeps past the moment, and sleeps whenever there is time for it', () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 10_000, noNaN: true }), (dueInMs) => {
        const wait = waitFor(dueInMs);
        if (wait === 'now') expect(dueInMs).toBeLessThanOrEqual(0);
        else if (wait === 'spin') expect(dueInMs).toBeLessThanOrEqual(1.5);
        // A timer is late by up to a millisecond and a little; what is left is waited out by turning the loop.
        else expect(dueInMs - wait).toBeGreaterThanOrEqual(1.5);
      }),
    );
    expect(waitFor(7)).toBe(5);
  });
});

const seen = (status: number, body = 'right', location: string | null = null): Seen => ({
  ...{ kind: 'answer', status, body, location },
});

describe('what became of a request', () => {
  it('is good only with the right status and the right bytes', () => {
    expect(endingOf(seen(200), 'right')).toBe('good');
    expect(endingOf(seen(200, 'wrong'), 'right')).toBe('broken');
    expect(endingOf(seen(503), 'right')).toBe('error');
    expect(endingOf(seen(204, ''), 'right')).toBe('error');
    expect(endingOf({ kind: 'timeout' }, 'right')).toBe('timeout');
    expect(endingOf({ kind: 'broken', status: 200 }, 'right')).toBe('broken');
  });

  it('is decided later for a 202 that says where', () => {
    expect(collectFrom(seen(202, '', '/jobs/1'))).toBe('/jobs/1');
    expect(collectFrom(seen(202))).toBeNull();
    expect(collectFrom(seen(201, '', '/jobs/1'))).toBeNull();
    expect(collected(seen(202), 'right')).toBe('pending');
    expect(collected(seen(303, '', '/jobs/1/result'), 'right')).toEqual({ location: '/jobs/1/result' });
    expect(collected(seen(200), 'right')).toBe('later');
    expect(collected(seen(200, 'wrong'), 'right')).toBe('broken');
    expect(collected(seen(404), 'right')).toBe('error');
    expect(collected({ kind: 'timeout' }, 'right')).toBe('timeout');
  });
});
