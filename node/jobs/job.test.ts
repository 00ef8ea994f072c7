import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginJob,
  expiresAtMs,
  type JobEvent,
  type JobRecord,
  mayAsk,
  type NewJob,
  noProgress,
  retryAfterS,
  sharerOf,
  step,
} from './job.js';

const job: NewJob = { id: 'x', routeId: 'r', owner: null, sharer: 's', method: 'GET', leaseMs: 1_000, keepMs: 5_000 };
const head = { status: 200, headers: ['a', 'b'] };

const event: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('renew' as const),
    progress: fc.record({
      phase: fc.constantFrom('send', 'body'),
      attempts: fc.nat(5),
      bytes: fc.nat(100),
      ofBytes: fc.option(fc.nat(100)),
    }),
  }),
  fc.record({ kind: fc.constant('done' as const), head: fc.constant(head), bytes: fc.nat(9), pieces: fc.nat(3) }),
  fc.constant<JobEvent>({ kind: 'failed', failure: { code: 'first_byte_timeout', detail: 'slow' } }),
  fc.constant<JobEvent>({ kind: 'cancel' }),
  fc.constant<JobEvent>({ kind: 'look' }),
);
/** Mostly forwards; clocks are set back now and then. */
const history = fc.array(fc.tuple(event, fc.integer({ min: -300, max: 900 })), { maxLength: 60, size: 'max' });

/** Each step of a history with the moment at which it was made. */
function* replay(events: readonly (readonly [JobEvent, number])[]) {
  let nowMs = 10_000;
  let record = beginJob(job, nowMs);
  for (const [one, passedMs] of events) {
    nowMs += passedMs;
    const before = record;
    record = step(before, one, nowMs);
    yield { before, event: one, after: record, nowMs };
  }
}

const endOf: Readonly<Partial<Record<JobEvent['kind'], JobRecord['state']>>> = {
  done: 'done',
  failed: 'failed',
  cancel: 'cancelled',
};

describe('the life of a job', () => {
  it('ends once, and nothing that comes later changes its end', () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { before, after } of replay(events)) if (before.state !== 'pending') expect(after).toBe(before);
      }),
      { numRuns: 300 },
    );
  });

  it('ends by what happened to it: lost only for a lease that has passed, and then always when someone looks', () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { before, event: one, after, nowMs } of replay(events)) {
          if (before.state !== 'pending') continue;
          const isLost = one.kind === 'look' && nowMs > before.leaseUntilMs;
          expect(after.state).toBe(isLost ? 'lost' : (endOf[one.kind] ?? 'pending'));
          expect(after.endedMs).toBe(after.state === 'pending' ? null : nowMs);
          if (after.state !== 'pending') expect(expiresAtMs(after)).toBe(nowMs + job.keepMs);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is called lost by nobody who has been in touch with the store for less than a lease', () => {
    fc.assert(
      fc.property(fc.nat(3 * job.leaseMs), fc.nat(3 * job.leaseMs), (passedMs, reachableForMs) => {
        const after = step(beginJob(job, 0), { kind: 'look' }, passedMs, reachableForMs);
        const isLost = passedMs > job.leaseMs && reachableForMs >= job.leaseMs;
        expect(after.state).toBe(isLost ? 'lost' : 'pending');
      }),
    );
  });

  it('has a lease that each renewal gives anew, and none shortens', () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { before, event: one, after, nowMs } of replay(events)) {
          expect(after.leaseUntilMs).toBeGreaterThanOrEqual(before.leaseUntilMs);
          if (before.state !== 'pending' || one.kind !== 'renew') continue;
          expect(after.leaseUntilMs).toBe(Math.max(before.leaseUntilMs, nowMs + job.leaseMs));
          expect(after.progress).toEqual(one.progress);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has a result only when it is done, and a failure only when it failed', () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { after } of replay(events)) {
          expect(after.head !== null).toBe(after.state === 'done');
          expect(after.failure !== null).toBe(after.state === 'failed');
        }
      }),
    );
  });

  it('begins with a whole lease, and is found for as long as it is kept after that lease', () => {
    const record = beginJob(job, 7);
    expect(record).toMatchObject({ state: 'pending', createdMs: 7, leaseUntilMs: 1_007, progress: noProgress });
    expect(expiresAtMs(record)).toBe(6_007);
    expect(step(record, { kind: 'look' }, 1_007)).toBe(record);
    expect(step(record, { kind: 'look' }, 1_008).state).toBe('lost');
  });
});

it('whoever made a job may ask, and nobody else: not one who is someone where nobody was', () => {
  const a = { id: 'a', vouchedBy: '' };
  const b = { id: 'b', vouchedBy: '' };
  expect(mayAsk({ owner: a }, { ...a })).toBe(true);
  expect(mayAsk({ owner: a }, b)).toBe(false);
  expect(mayAsk({ owner: a }, null)).toBe(false);
  expect(mayAsk({ owner: null }, b)).toBe(false);
  // The same name, by the word of another.
  expect(mayAsk({ owner: a }, { ...a, vouchedBy: 'issuer https://a.example' })).toBe(false);
  expect(mayAsk({ owner: null }, null)).toBe(true);
});

it('the longer a job takes, the less often it is worth a look, within bounds', () => {
  expect([0, 9_999, 19_999, 20_000, 59_000, 10 ** 9, -5].map(retryAfterS)).toEqual([1, 1, 1, 2, 5, 10, 1]);
});

it('a place is shared among owners, and among addresses where there are none', () => {
  const owner = fc.option(fc.record({ id: fc.string(), vouchedBy: fc.string() }));
  fc.assert(
    fc.property(owner, fc.string(), owner, fc.string(), (a, atA, b, atB) => {
      const isSame = a === null || b === null ? a === b && atA === atB : mayAsk({ owner: a }, b);
      expect(sharerOf(a, atA) === sharerOf(b, atB)).toBe(isSame);
    }),
  );
});
