/**
 * Conditions of a route on header fields, query parameters and cookies. All must hold. A condition with several values, and a
 * field or parameter that comes several times, hold when any pair does; `absent` holds when there is none at all, and what is
 * negated when the rest of it does not.
 */
import { type HeaderList, hasField, headerValue } from '@weir/proto/http/headers.js';
import type { PatternWork } from '@weir/proto/pattern/pattern-work.js';
import type { ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import { PATTERN_VALUE_MAX, PATTERN_VALUES_MAX, type PatternTest, patternTest } from './patterns.js';

/** `work`: what patterns may take; where it is used up what is said means nothing, and whoever asks looks. */
export type Condition = (pairs: HeaderList, work: PatternWork) => boolean;

/** One function for a list of conditions, or null when there are none. `pairs` is a flat list of names and values. */
export function compileConditions(specs: readonly ValueMatchSpec[]): Condition | null {
  if (specs.length === 0) return null;
  const conditions = specs.map(compileCondition);
  return (pairs, work) => conditions.every((condition) => condition(pairs, work));
}

function compileCondition(spec: ValueMatchSpec): Condition {
  const { name, op, values, isNegated = false } = spec;
  if (op === 'present' || op === 'absent') {
    const isWanted = (op === 'present') !== isNegated;
    return (pairs) => hasField(pairs, name) === isWanted;
  }
  if (op === 'matches') return matching(name, values.map(patternTest), isNegated);
  const holds = valueTest[op];
  return (pairs) => {
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] !== name) continue;
      const value = pairs[i + 1] ?? '';
      if (values.some((wanted) => holds(value, wanted))) return !isNegated;
    }
    return isNegated;
  };
}

/** A value that is too long to be looked at, or one of too many, neither matches nor fails to: nobody gets past `not` by padding. */
function matching(name: string, tests: readonly PatternTest[], isNegated: boolean): Condition {
  return (pairs, work) => {
    let isFound = false;
    let count = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] !== name) continue;
      const value = pairs[i + 1] ?? '';
      count += 1;
      if (count > PATTERN_VALUES_MAX || value.length > PATTERN_VALUE_MAX) return false;
      isFound ||= tests.some((test) => test(value, work));
    }
    return isFound !== isNegated;
  };
}

const valueTest: Record<
  Exclude<ValueMatchSpec['op'], 'present' | 'absent' | 'matches'>,
  (value: string, wanted: string) => boolean
> = {
  equals: (value, wanted) => value === wanted,
  in: (value, wanted) => value === wanted,
  prefix: (value, wanted) => value.startsWith(wanted),
  suffix: (value, wanted) => value.endsWith(wanted),
  contains: (value, wanted) => value.includes(wanted),
};

/** The parameters of a query as a flat list, decoded as forms are (`+` is a space); what cannot be decoded stays raw. */
export function queryPairs(query: string): string[] {
  const pairs: string[] = [];
  if (query === '') return pairs;
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals === -1) pairs.push(decodeFormText(part), '');
    else pairs.push(decodeFormText(part.slice(0, equals)), decodeFormText(part.slice(equals + 1)));
  }
  return pairs;
}

export function decodeFormText(text: string): string {
  if (!/[%+]/.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Cookies as a flat list of names and values (RFC 6265 §4.2.1). */
export function cookiePairs(headers: HeaderList): string[] {
  const pairs: string[] = [];
  if (headerValue(headers, 'cookie') === undefined) return pairs;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    for (const pair of (headers[i + 1] ?? '').split(';')) {
      const equals = pair.indexOf('=');
      if (equals >= 0) pairs.push(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
    }
  }
  return pairs;
}
