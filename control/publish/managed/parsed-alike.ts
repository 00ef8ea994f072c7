/**
 * What is written alike is parsed once: of ten thousand services most have the route `match: /*` and the same limits, and to hold them to the schemas
 * of weir.yaml is most of what a start costs. Owns what was parsed last; what is given away is frozen, for all who wrote the same have it.
 */
import type * as z from 'zod';

/** Of each schema; the one that came first is forgotten first. */
const PARSED_MAX = 1_000;
/** Longer ones are seldom written twice. */
const TEXT_LENGTH_MAX = 1_000;

const known = new WeakMap<z.ZodType, Map<string, unknown>>();

/** As `schema.safeParse` of what is JSON. */
export function parsedAlike<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  const text = JSON.stringify(value) ?? '';
  if (text.length > TEXT_LENGTH_MAX) return schema.safeParse(value);
  const ofSchema = known.get(schema) ?? new Map<string, unknown>();
  known.set(schema, ofSchema);
  const before = ofSchema.get(text);
  if (before !== undefined) return { success: true, data: before as z.output<Schema> }; // Of that schema, as it was put in.
  const parsed = schema.safeParse(value);
  if (!parsed.success) return parsed;
  for (const first of ofSchema.keys()) {
    if (ofSchema.size < PARSED_MAX) break;
    ofSchema.delete(first);
  }
  ofSchema.set(text, frozen(parsed.data));
  return parsed;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return ArrayBuffer.isView(value) ? value : Object.freeze(value);
}
