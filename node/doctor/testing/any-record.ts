/** Any record at all, however unlikely: for properties that must hold for every one. Only tests import this file. */
import type { TimeoutRecord } from '@weir/proto/events/doctor.js';
import { failureTable, timerNames } from '@weir/proto/http/failures.js';
import fc from 'fast-check';

const ms = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true }), fc.nat(100_000));
const count = fc.nat(5_000);
const seen = fc.record({
  target: fc.string(),
  inFlight: count,
  cost: ms,
  standing: fc.constantFrom('well', 'trial', 'out'),
  reason: fc.string(),
  answered: count,
  timedOut: count,
  meanMs: ms,
  silentMs: fc.option(ms),
  cutInARow: count,
});
const quantiles = fc.record({ count, p50Ms: ms, p95Ms: ms });
const known = fc.record({ now: quantiles, before: quantiles });
const phases = fc.dictionary(fc.constantFrom('queue', 'connect', 'tls', 'send', 'firstByte', 'body'), ms);
const attempt = fc.record({
  target: fc.string(),
  cause: fc.constantFrom(null, 'retry', 'hedge'),
  phases,
  status: fc.constantFrom(0, 200, 404, 429, 500, 503),
  failure: fc.constantFrom(null, ...Object.keys(failureTable)),
  timer: fc.constantFrom(null, ...timerNames),
});
export const anyRecord: fc.Arbitrary<TimeoutRecord> = fc.record({
  atWallMs: count,
  kind: fc.constantFrom('fired', 'near'),
  requestId: fc.string(),
  method: fc.constantFrom('GET', 'POST', ''),
  route: fc.string(),
  upstream: fc.string(),
  target: fc.string(),
  timer: fc.constantFrom(...timerNames, 'client' as const),
  limitMs: ms,
  elapsedMs: ms,
  phases,
  inFlightBefore: count,
  attempts: fc.array(attempt, { maxLength: 16 }),
  queueMs: ms,
  requestBytes: fc.nat(2 ** 40),
  responseBytes: fc.nat(2 ** 40),
  deadline: fc.record({ routeMs: ms, clientMs: fc.option(ms) }),
  node: fc.record({ inFlight: count, loopDelayMs: ms, loopBusy: fc.double({ min: 0, max: 1, noNaN: true }) }),
  asked: fc.option(
    fc.record({
      targets: count,
      inFlight: count,
      limit: fc.option(count),
      queued: count,
      connections: count,
      connectionsMax: count,
      waiting: count,
    }),
  ),
  targetState: fc.option(seen),
  peers: fc.array(seen, { maxLength: 16 }),
  latency: fc.record({ firstByte: known, total: known }),
  settings: fc.record({
    firstByteMs: ms,
    attemptMs: ms,
    retries: fc.nat(10),
    hedge: fc.boolean(),
    protect: fc.boolean(),
    async: fc.boolean(),
    probe: fc.boolean(),
    latencyFactor: fc.nat(5),
    concurrency: fc.constantFrom('none', 'adaptive', 'fixed'),
  }),
});
