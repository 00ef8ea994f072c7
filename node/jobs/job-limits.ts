/** The limits that a route has for work that nobody waits for, those that it goes back to without a job, and shares. Pure. */
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { RouteSpec, RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';

interface JobTimeouts extends RouteTimeouts {
  /** The route's own, for a request that no job can be made of. */
  readonly withoutJob: RouteTimeouts;
}

/** Whether answers of the route come from somebody else, and so may take long. */
export function asksOthers({ action }: Pick<RouteSpec, 'action'>): boolean {
  return action.kind === 'proxy' || action.kind === 'ai';
}

/** The same route for work that nobody waits for, its fallbacks included. */
export function jobRoute(route: RouteSpec, spec: AsyncSpec): RouteSpec {
  const fallback = route.fallback.map((way) =>
    way.kind === 'upstream' ? { ...way, timeouts: jobTimeouts(way.timeouts, spec) } : way,
  );
  return { ...route, async: null, timeouts: jobTimeouts(route.timeouts, spec), fallback };
}

/** What is learnt of answers in time would cut a job short. */
function jobTimeouts(timeouts: RouteTimeouts, { totalMs, firstByteMs }: AsyncSpec): JobTimeouts {
  const attemptMs = timeouts.attemptLearnt === null ? timeouts.attemptMs : 0;
  const notLearnt = { firstByteLearnt: null, attemptLearnt: null };
  return { ...timeouts, totalMs, firstByteMs, attemptMs, ...notLearnt, withoutJob: timeouts };
}

/** Null for a route that was not compiled for jobs: it has one set of limits. */
export function timeoutsWithoutJob(timeouts: RouteTimeouts): RouteTimeouts | null {
  // Only jobTimeouts adds this member.
  return 'withoutJob' in timeouts ? (timeouts as JobTimeouts).withoutJob : null;
}

/** Of as many jobs as there may be, those that may be one sharer's: never none, and never all by rounding. */
export function ofOne(max: number, share: number): number {
  return Math.max(1, Math.floor(max * share));
}
