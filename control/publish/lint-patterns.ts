/** Patterns in the conditions of a route, and of what it masks, that are none, or that would take a node too long for each request. */
import { type Finding, findError, type Path } from '@weir/proto/config/faults.js';
import type { Route } from '@weir/proto/config/route.js';
import type { ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import { patternFault, patternSize } from './foreign-syntax.js';

/** Steps that a pattern is compiled to: with the longest value that is looked at, a bound on the work of one condition. */
const PATTERN_SIZE_MAX = 300;

export function lintPatterns({ match, cache, mask }: Route, path: Path): Finding[] {
  const { headers, query, cookies = [] } = match;
  const bypass = cache?.bypass;
  return [
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

function faulty(specs: readonly ValueMatchSpec[], path: Path): Finding[] {
  return specs.flatMap(({ name, op, values }) =>
    op === 'matches' ? patternFindings(values[0] ?? '', [...path, name]) : [],
  );
}

function patternFindings(pattern: string, path: Path): Finding[] {
  const fault = patternFault(pattern);
  if (fault !== null)
    return [findError(path, `this is no pattern of RE2: ${fault}`, 'RE2 has neither back references nor lookarounds')];
  if (patternSize(pattern) <= PATTERN_SIZE_MAX) return [];
  return [findError(path, 'the pattern is too large', 'write fewer or smaller repetitions')];
}
