import type { CallRecord } from '@weir/proto/events/calls.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CallLog, callsKeptMax } from './call-log.js';

const record = (change: Partial<CallRecord> = {}): CallRecord => ({
  ...{ id: 'r', atWallMs: 1_000, route: 'a', consumer: '', method: 'GET', path: '/', client: '::1', status: 200 },
  ...{ tookMs: 5, headMs: 4, failure: '', timer: '', upstream: 'u', target: 't:1', attempts: 1, traceId: '' },
  ...{ cache: '', isSaved: false, bytesIn: 0, bytesOut: 0 },
  ...change,
});

it('pages give each call once, newest first, whatever is asked for and however much comes', () => {
  const status = fc.constantFrom(200, 404, 504);
  fc.assert(
    fc.property(fc.array(status, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), (statuses, max) => {
      const log = new CallLog();
      log.add(
        'n',
        statuses.map((each, i) => record({ id: `r${i}`, status: each })),
        0,
      );
      const found: string[] = [];
      let before = 0;
      for (;;) {
        const { items, next } = log.find({ status: '5xx' }, before, max);
        found.push(...items.map(({ id }) => id));
        if (next === null) break;
        before = Number(next);
      }
      const wanted = statuses.flatMap((each, i) => (each === 504 ? [`r${i}`] : [])).reverse();
      expect(found).toEqual(wanted);
    }),
  );
});

it('the oldest make room, and what was not told is counted', () => {
  const log = new CallLog();
  for (let i = 0; i < callsKeptMax + 5; i += 1) log.add('n', [record({ id: `r${i}` })], 2);
  const { items } = log.find({ id: 'r4' }, 0, 10);
  expect([items.length, log.find({ id: 'r5' }, 0, 10).items.length, log.size]).toEqual([0, 1, callsKeptMax]);
  expect(log.untold).toBe(2 * (callsKeptMax + 5));
});

it.each([
  ['route', { route: 'b' }, 'b'],
  ['service', { service: 'shop' }, 'shop'],
  ['consumer', { consumer: 'ada' }, 'ada'],
  ['status', { status: '503' }, 'status'],
  ['any timer', { timer: 'any' }, 'timer'],
  ['that timer', { timer: 'total' }, 'timer'],
  ['trace', { trace: 'ab' }, 'trace'],
  ['saved', { saved: true }, 'saved'],
  ['slow', { slowerThanMs: 100 }, 'slow'],
  ['time', { fromMs: 5_000, toMs: 5_001 }, 'time'],
])('is searched by %s', (_, filter, wanted) => {
  const log = new CallLog();
  log.add(
    'n',
    [
      ...[record({ id: 'b', route: 'b' }), record({ id: 'shop', route: 'shop@1/x' })],
      ...[record({ id: 'ada', consumer: 'ada' }), record({ id: 'status', status: 503 })],
      ...[record({ id: 'timer', timer: 'total' }), record({ id: 'trace', traceId: 'ab' })],
      ...[record({ id: 'saved', isSaved: true }), record({ id: 'slow', tookMs: 100 })],
      ...[record({ id: 'time', atWallMs: 5_000 }), record({ id: 'none' })],
    ],
    0,
  );
  expect(log.find(filter, 0, 10).items.map(({ id }) => id)).toEqual([wanted]);
});
