/** What is said about limits and can't work, or seldom is what was meant. */
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findError, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Draft } from '@weir/proto/config/parse.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration } from '@weir/proto/config/units.js';
import { limitsOf } from './stated-limits.js';

/** Nodes tell each other what they count as often; in the meantime each lets through what its own burst allows. */
const TOLD_EVERY_MS = 100;

export function lintLimits(draft: Draft): Finding[] {
  return draft.routes.flatMap((route, index) =>
    route === null ? [] : [...lintWait(route, index, draft), ...lintBursts(route, index)],
  );
}

/** Strict limits are looked at before the upstream is asked: what they take is gone from the rest. */
function lintWait(route: Route, index: number, draft: Draft): Finding[] {
  const { total } = limitsOf(draft, route).effective;
  return route.limits.flatMap(({ redisTimeout }, at) => {
    if (redisTimeout === undefined || redisTimeout < total) return [];
    const path: Path = ['routes', index, 'limits', at, 'redisTimeout'];
    const message = `the wait for Redis may take as long as the whole request, whose total is ${formatDuration(total)}`;
    return [findWarning(path, message, 'lower redisTimeout; a few milliseconds do')];
  });
}

function lintBursts({ limits }: Route, index: number): Finding[] {
  return limits.flatMap(({ rate, burst, mode }, at) => {
    if (rate === undefined || burst === undefined || mode !== 'shared') return [];
    const told = (rate.requests * TOLD_EVERY_MS) / rate.periodMs;
    if (burst >= told) return [];
    const path: Path = ['routes', index, 'limits', at, 'burst'];
    const message = `nodes tell each other of ${Math.floor(told)} requests at a time, so each lets a burst of ${burst} through by itself`;
    return [findWarning(path, message, 'raise burst, or write mode: strict where it must be kept over all nodes')];
  });
}

/** What asks a Redis that there is none of. Only who starts the nodes knows; a config alone does not say. */
export function lintStrictWithoutRedis({ routes }: Pick<WeirConfig, 'routes'>): Finding[] {
  return routes.flatMap((route, index) =>
    route.limits.flatMap(({ mode }, at) => {
      if (mode !== 'strict') return [];
      const message = 'a strict limit is counted in Redis, and nodes were started without --redis';
      return [findError(['routes', index, 'limits', at, 'mode'], message, 'start with --redis URL, or write shared')];
    }),
  );
}
