import { describe, expect, it } from 'vitest';
import { jobRoute } from '../jobs/job-limits.js';
import { NoJob } from '../jobs/no-job.js';
import { compose } from '../pipeline/dispatch.js';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, routeTimeouts } from '../pipeline/testing/specs.js';
import { attempt } from './attempt.js';

describe('an attempt of a request that may become a job', () => {
  const own = {
    ...routeTimeouts,
    firstByteMs: 500,
    attemptMs: 900,
    attemptLearnt: { kind: 'fixed', ms: 900 },
  } as const;
  const spec = { ...{ prefer: true, afterMs: null, waitMs: 0 }, totalMs: 600_000, firstByteMs: 500_000 };

  function begun(isCertain = false) {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    const services = makeServices({ clock, timers });
    const layer = attempt(jobRoute(makeRoute({ timeouts: own }), { ...spec, onLeave: 'cancel' }), services);
    if (layer === null) throw new Error('a proxy route has an attempt layer');
    const noJob = new NoJob();
    if (isCertain) noJob.tell();
    const bottom = scriptedDispatch();
    const handler = recordingHandler();
    const exchange = { ...makeExchange({ receivedAtMs: clock.nowMs() }), noJob };
    compose([layer], bottom.dispatch)(makeRequest({ exchange }), handler);
    bottom.last().handler.onPhase?.('firstByte');
    return { clock, timers, noJob, handler, call: bottom.last() };
  }

  it('has the limits of the route again when none is made, as if it had had them from its begin', () => {
    for (const [toldAtMs, firesAtMs] of [
      [100, 500],
      [499, 500],
      [800, 800],
    ] as const) {
      const world = begun();
      world.clock.advance(toldAtMs);
      world.noJob.tell();
      world.clock.advance(firesAtMs - toldAtMs - 1);
      if (firesAtMs > toldAtMs) expect(world.handler.ended).toBe(false);
      world.clock.advance(1);
      expect(world.handler.failure).toMatchObject({ timer: 'firstByte', limitMs: 500 });
      expect(world.timers.armed).toBe(0);
    }
  });

  it('has the limit of the attempt again, too, behind its head', () => {
    const world = begun();
    world.clock.advance(600);
    world.call.head(200);
    world.noJob.tell();
    world.clock.advance(299);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure).toMatchObject({ timer: 'attempt', limitMs: 900 });
  });

  it('begins with them when it is certain already, and has those of the job until then', () => {
    const late = begun(true);
    late.clock.advance(500);
    expect(late.handler.failure).toMatchObject({ timer: 'firstByte', limitMs: 500 });
    const waiting = begun();
    waiting.clock.advance(100_000);
    expect(waiting.handler.ended).toBe(false);
    waiting.call.answer(200);
    waiting.noJob.tell();
    expect([waiting.handler.status, waiting.timers.armed]).toEqual([200, 0]);
  });
});
