/** Header fields as a mapping: names are checked and lowered, and two spellings of one name are a fault. */
import * as z from 'zod';
import { readFieldName } from './network.js';
import { type Reading, refuse } from './units.js';

export type FieldEntry<V> = readonly [name: string, value: V];

/**
 * A mapping from field name to value, as entries in the order of the file. `refusal` may object to a name that is
 * well-formed and still cannot be meant here.
 */
export function headerMap<T extends z.ZodType>(
  value: T,
  refusal: (name: string) => Reading<never> | null = () => null,
) {
  return z.record(z.string(), value).transform((record, context): FieldEntry<z.output<T>>[] => {
    const entries: FieldEntry<z.output<T>>[] = [];
    const seen = new Set<string>();
    for (const [written, content] of Object.entries(record)) {
      const reading = checkName(written, seen, refusal);
      if (!reading.ok) {
        context.addIssue({ code: 'custom', path: [written], message: reading.message, params: { cure: reading.cure } });
        continue;
      }
      seen.add(reading.value);
      entries.push([reading.value, content]);
    }
    return entries;
  });
}

function checkName(
  written: string,
  seen: ReadonlySet<string>,
  refusal: (name: string) => Reading<never> | null,
): Reading<string> {
  const reading = readFieldName(written);
  if (!reading.ok) return reading;
  if (seen.has(reading.value))
    return refuse(`the header ${reading.value} is here a second time`, 'header names ignore case; keep one');
  return refusal(reading.value) ?? reading;
}
