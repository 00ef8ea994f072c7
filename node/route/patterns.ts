/**
 * Patterns of conditions, run by RE2: in linear time, but a character may take as many steps as the pattern has (proto/pattern/pattern-work.ts), and
 * a request may meet many patterns. So all of them draw on one account of the request, and where that is used up nobody can say which route
 * is meant. RE2 is loaded before a snapshot is compiled that has any pattern: most have none. Owns the loaded module.
 */
import { type PatternPlace, PatternWork } from '@weir/proto/pattern/pattern-work.js';
import type { RouteSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { CountedPattern } from '../pattern/counted-pattern.js';

/** Of a longer value nobody can say whether it matches. */
export const PATTERN_VALUE_MAX = 2_048;
/** Fields, parameters or cookies of one name that are looked at; of more nobody can say either. */
export const PATTERN_VALUES_MAX = 8;
/** Of one request, for all readings of its path: about 20 ms, and 1,500 characters for a pattern of 270 steps that is not calm. */
const REQUEST_WORK_MAX = 400_000;

/** Null: the work is used up. */
export type PatternTest = (value: string, work: PatternWork) => boolean | null;
type Compile = (pattern: string, place: PatternPlace) => CountedPattern;

export const requestPatternWork = (): PatternWork => new PatternWork(REQUEST_WORK_MAX);

let loaded: Compile | null = null;

export async function loadPatterns({ routes }: { readonly routes: readonly RouteSpec[] }): Promise<void> {
  if (loaded !== null || !routes.some(hasPattern)) return;
  loaded = (await import('../pattern/counted-pattern.js')).countedPattern;
}

/** Whether a whole value matches. Throws where the pattern is none. */
export function patternTest(written: string): PatternTest {
  if (loaded === null) throw new Error('what patterns are run by is not loaded yet');
  const pattern = loaded(written, 'whole');
  return (value, work) =>
    !work.isExhausted && work.spend(1 + pattern.workFor(value.length)) ? pattern.test(value) : null;
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
