/**
 * Conditions of a route on header fields and query parameters. All must hold. A condition with several values, and a
 * field or parameter that comes several times, hold when any pair does; `absent` holds when there is none at all.
 */
import { type HeaderList, hasField } from '@weir/proto/http/headers.js';
import type { ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';

export type Condition = (pairs: HeaderList) => boolean;

/** One function for a list of conditions, or null when there are none. `pairs` is a flat list of names and values. */
export function compileConditions(specs: readonly ValueMatchSpec[]): Condition | null {
  if (specs.length === 0) return null;
  const conditions = specs.map(compileCondition);
  return (pairs) => conditions.every((condition) => condition(pairs));
}

function compileCondition(spec: ValueMatchSpec): Condition {
  const { name, op, values } = spec;
  if (op === 'present') return (pairs) => hasField(pairs, name);
  if (op === 'absent') return (pairs) => !hasField(pairs, name);
  const holds = valueTest[op];
  return (pairs) => {
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] !== name) continue;
      const value = pairs[i + 1] ?? '';
      if (values.some((wanted) => holds(value, wanted))) return true;
    }
    return false;
  };
}

const valueTest: Record<
  Exclude<ValueMatchSpec['op'], 'present' | 'absent'>,
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
