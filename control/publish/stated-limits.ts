/**
 * Limits of a route's attempts, as they are inherited. Who looks for contradictions must know which were stated: a route
 * that merely tightens `total` has not asked for the `firstByte` of the gateway.
 */
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { type TimeoutOverrides, timeoutDefaults } from '@weir/proto/config/timeouts.js';
import { aiTimeouts, hasAiTimeouts } from './compile-ai.js';

/** In milliseconds; Infinity where there is none. */
export interface Limits {
  readonly total: number;
  /** What ends an attempt that does not answer: the shorter one of `attempt` and `firstByte`. */
  readonly attempt: { readonly name: 'attempt' | 'firstByte'; readonly ms: number };
}

export interface RouteLimits {
  /** What is in force on the route. */
  readonly effective: Limits;
  /**
   * As the level sees it that states the limit of an attempt: that limit, and the total of this level and those above.
   * Null where no level states one, or where the route tightens the total further down.
   */
  readonly atAttempt: Limits | null;
}

export function limitsOf({ gateway, upstreams }: Draft, route: Route): RouteLimits {
  const isOnly =
    route.upstream === undefined && route.compose === undefined && route.batch === undefined && upstreams.length === 1;
  const upstream = isOnly ? upstreams[0] : upstreams.find((one) => one?.id === route.upstream);
  const ofUpstream = hasAiTimeouts(route) ? aiTimeouts : upstream?.timeouts;
  const levels = [gateway?.timeouts ?? {}, ofUpstream ?? {}, route.timeouts ?? {}];
  const effective = merged(levels);
  const stating = levels.findLastIndex(statesAttempt);
  const isTightened = levels.slice(stating + 1).some((level) => level.total !== undefined);
  return { effective, atAttempt: stating === -1 || isTightened ? null : merged(levels.slice(0, stating + 1)) };
}

function statesAttempt({ attempt, firstByte }: TimeoutOverrides): boolean {
  // The gateway's level always holds a value; only one that differs from the default was written.
  return [
    [attempt, timeoutDefaults.attempt],
    [firstByte, timeoutDefaults.firstByte],
  ].some(([own, usual]) => own !== undefined && own !== usual);
}

function merged(levels: readonly TimeoutOverrides[]): Limits {
  const read = (name: 'total' | 'attempt' | 'firstByte'): number => {
    let ms = Number.POSITIVE_INFINITY;
    for (const level of [timeoutDefaults, ...levels]) {
      const value = level[name];
      // A learnt limit is at most its largest; without one, at most the limit that it replaces.
      const limit = typeof value === 'object' ? value.max : value;
      if (limit !== undefined) ms = limit === 0 ? Number.POSITIVE_INFINITY : limit;
    }
    return ms;
  };
  const attempt = read('attempt');
  const firstByte = read('firstByte');
  return {
    total: read('total'),
    attempt: attempt <= firstByte ? { name: 'attempt', ms: attempt } : { name: 'firstByte', ms: firstByte },
  };
}
