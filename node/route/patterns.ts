/**
 * Patterns of conditions, run by RE2 in linear time, whatever the pattern and the value are. It is loaded before a snapshot is
 * compiled that has any: most have none. Owns the loaded module.
 */
import type { RouteSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';

/** Of a longer value nobody can say whether it matches; nearly a millisecond is what the slowest pattern takes for this much. */
export const PATTERN_VALUE_MAX = 2_048;

type Compile = (pattern: string) => (value: string) => boolean;

let loaded: Compile | null = null;

export async function loadPatterns({ routes }: { readonly routes: readonly RouteSpec[] }): Promise<void> {
  if (loaded !== null || !routes.some(hasPattern)) return;
  const { RE2JS } = await import('re2js');
  loaded = (pattern) => {
    const compiled = RE2JS.compile(pattern);
    return (value) => compiled.testExact(value);
  };
}

/** Whether a whole value matches. Throws where the pattern is none. */
export function patternTest(pattern: string): (value: string) => boolean {
  if (loaded === null) throw new Error('what patterns are run by is not loaded yet');
  return loaded(pattern);
}

function hasPattern({ match, cache }: RouteSpec): boolean {
  const { headers, query, cookies = NONE } = match;
  const bypass = cache?.bypass;
  return (
    [headers, query, cookies].some(isAmong) ||
    (bypass !== undefined && [bypass.headers, bypass.query, bypass.cookies].some(isAmong))
  );
}

const NONE: readonly ValueMatchSpec[] = [];
const isAmong = (specs: readonly ValueMatchSpec[]): boolean => specs.some(({ op }) => op === 'matches');
