/** Patterns in the conditions of a route, and of what it masks, that are none, or that would take a node too long for each request. */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import type { Route } from '@weir/proto/config/route.js';
import type { ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import { patternFaultIn } from './foreign-syntax.js';

/** In the conditions of one route; all that a request may meet draw on one account (node/route/patterns.ts). */
export const routePatternsMax = 20;
/** In the conditions of all routes of one design. */
export const designPatternsMax = 200;

export function lintPatterns(route: Route, path: Path): Finding[] {
  const { match, cache, mask } = route;
  const { headers, query, cookies = [] } = match;
  const bypass = cache?.bypass;
  const count = patternsOf(route);
  const tooMany = findError(
    [...path, 'match'],
    `${count} patterns, and ${routePatternsMax} at most`,
    'make two routes of it',
  );
  return [
    ...(count > routePatternsMax ? [tooMany] : []),
    ...faulty(headers, [...path, 'match', 'headers']),
    ...faulty(query, [...path, 'match', 'query']),
    ...faulty(cookies, [...path, 'match', 'cookies']),
    ...faulty(bypass?.headers ?? [], [...path, 'cache', 'bypass', 'headers']),
    ...faulty(bypass?.query ?? [], [...path, 'cache', 'bypass', 'query']),
    ...faulty(bypass?.cookies ?? [], [...path, 'cache', 'bypass', 'cookies']),
    ...(mask?.patterns ?? []).flatMap(({ pattern }, i) =>
      patternFindings(pattern, [...path, 'mask', 'patterns', i, 'pattern']),
    ),
  ];
}

/** In the conditions of a route, and of what goes past its cache. */
export function patternsOf({ match, cache }: Route): number {
  const { bypass } = cache ?? {};
  const lists = [match.headers, match.query, match.cookies, bypass?.headers, bypass?.query, bypass?.cookies];
  return lists.flatMap((list) => list ?? []).filter(({ op }) => op === 'matches').length;
}

function faulty(specs: readonly ValueMatchSpec[], path: Path): Finding[] {
  return specs.flatMap(({ name, op, values }) =>
    op === 'matches' ? patternFindings(values[0] ?? '', [...path, name]) : [],
  );
}

/** What is wrong with a pattern that is run on what strangers send. */
export function patternFindings(pattern: string, path: Path): Finding[] {
  const found = patternFaultIn(pattern, 'be small');
  if (found === null) return [];
  if (found.isTooLarge) return [findError(path, 'the pattern is too large', 'write fewer or smaller repetitions')];
  const message = `this is no pattern of RE2: ${found.fault}`;
  return [findError(path, message, 'RE2 has neither back references nor lookarounds')];
}
