/**
 * The request that a call of a tool becomes. An argument can never leave its place: in a path it is one segment, in a query one value,
 * in a body one member. Pure.
 */
import type { McpCallSpec } from '@weir/proto/snapshot/mcp.js';
import type { Json, JsonObject } from '../ai/json.js';

export interface CallRequest {
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly body: JsonObject | null;
}

/** A text: why there is none, for the model. */
export function callRequest({ path, query, rest }: McpCallSpec, args: JsonObject): CallRequest | string {
  if (rest === 'inputs') return { path, query: '', body: { inputs: args } };
  const faults: string[] = [];
  const taken = new Set(query);
  const written = path.replace(/\{([^}]*)\}/g, (_, name: string) => {
    taken.add(name);
    const segment = segmentOf(own(args, name));
    if (segment === null) faults.push(`\`${name}\` must be a text or a number, and be neither empty nor dots`);
    return segment ?? '';
  });
  const others = Object.keys(args).filter((name) => !taken.has(name));
  const pairs: string[] = [];
  for (const name of rest === 'query' ? [...query, ...others] : query) {
    const values = valuesOf(own(args, name));
    if (values === null)
      faults.push(`\`${name.slice(0, 64)}\` must be a text, a number, true or false, or a list of these`);
    else pairs.push(...values.map((value) => `${encoded(name) ?? ''}=${value}`));
  }
  const [fault] = faults;
  if (fault !== undefined) return `The arguments are wrong: ${fault}.`;
  const members = others.map((name) => [name, own(args, name)] as const);
  return { path: written, query: pairs.join('&'), body: rest === 'body' ? Object.fromEntries(members) : null };
}

/** Of a name such as `toString` only what the caller gave is given. */
const own = (args: JsonObject, name: string): Json => (Object.hasOwn(args, name) ? (args[name] ?? null) : null);

/** Null: it can't stand there. Dots alone would be steps in the path, which no encoding hides from all that read it. */
function segmentOf(value: Json): string | null {
  const written = scalar(value);
  return written === null || written === '' || /^\.+$/.test(written) ? null : encoded(written);
}

/** None for null: that is how models leave out what they need not give. */
function valuesOf(value: Json): string[] | null {
  if (value === null) return [];
  const values: readonly Json[] = Array.isArray(value) ? value : [value as Json]; // A list of JSON is still JSON.
  const written = values.map((one) => {
    const text = scalar(one);
    return text === null ? null : encoded(text);
  });
  return written.every((text) => text !== null) ? written : null;
}

function scalar(value: Json): string | null {
  return typeof value === 'object' ? null : String(value);
}

/** Null: it holds half a character, which no URL can. */
function encoded(text: string): string | null {
  try {
    return encodeURIComponent(text);
  } catch {
    return null;
  }
}
