/**
 * A value for a schema that has no example: the same one each time, small, and of the right form where that can be told from the schema
 * alone (what a pattern asks for can't). Pure.
 *
 * Taken, in this order: an example, the default, `const`, the first of `enum`, and else what the keywords ask for. Members that are not
 * required are there as well, down to a depth at which only required ones are, so that a schema that refers to itself comes to an end.
 */
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  member,
  objectAt,
} from '@weir/proto/contract/json-value.js';
import type { References } from './references.js';
import { typesOf } from './schema-closure.js';

const DEPTH_MAX = 12;
/** Beyond this only what is required. */
const FULL_DEPTH = 5;
const VALUES_MAX = 500;

export class Sampler {
  readonly #references: References;
  #left = VALUES_MAX;

  constructor(references: References) {
    this.#references = references;
  }

  /** Undefined: none can be made within the bounds. */
  of(schema: Json): Json | undefined {
    this.#left = VALUES_MAX;
    return this.#value(schema, 0, new Set());
  }

  #value(schema: Json, depth: number, above: ReadonlySet<string>): Json | undefined {
    this.#left -= 1;
    if (this.#left < 0 || depth > DEPTH_MAX || schema === false) return undefined;
    if (!isObject(schema)) return 'text';
    const ref = member(schema, '$ref');
    if (typeof ref === 'string') {
      const pointer = this.#references.pointerOf(ref);
      const isAgain = above.has(ref);
      if (pointer === null || (isAgain && depth > FULL_DEPTH)) return undefined;
      return this.#value(this.#references.look(pointer) ?? true, depth + 1, new Set([...above, ref]));
    }
    const stated = statedIn(schema);
    return stated === undefined ? this.#made(schema, depth, above) : stated;
  }

  #made(schema: JsonObject, depth: number, above: ReadonlySet<string>): Json | undefined {
    const parts = listAt(schema, 'allOf');
    if (parts.length > 0) return this.#merged(schema, parts, depth, above);
    for (const keyword of ['oneOf', 'anyOf']) {
      for (const form of listAt(schema, keyword)) {
        const value = this.#value(form, depth + 1, above);
        if (value === undefined) continue;
        const own = hasObject(schema) ? this.#object(schema, depth, above) : undefined;
        return isObject(value) && isObject(own) ? { ...own, ...value } : value;
      }
    }
    const types = typesOf(schema, this.#references);
    if (types.has('object') || hasObject(schema)) return this.#object(schema, depth, above);
    if (types.has('array') || member(schema, 'items') !== undefined) return this.#list(schema, depth, above);
    if (types.has('integer') || types.has('number')) return numberFor(schema, types.has('integer'));
    if (types.has('boolean')) return true;
    return types.size === 1 && types.has('null') ? null : textFor(schema);
  }

  #merged(schema: JsonObject, parts: readonly Json[], depth: number, above: ReadonlySet<string>): Json | undefined {
    const { allOf: _, ...own } = schema;
    const all = hasObject(own) || typesOf(own, this.#references).size > 0 ? [...parts, own] : parts;
    const values = all.map((part) => this.#value(part, depth + 1, above)).filter((value) => value !== undefined);
    const objects = values.filter(isObject);
    if (objects.length === 0) return values[0];
    return Object.assign({}, ...objects) as JsonObject;
  }

  #object(schema: JsonObject, depth: number, above: ReadonlySet<string>): Json | undefined {
    const required = new Set(listAt(schema, 'required'));
    const value: Record<string, Json> = {};
    const properties = objectAt(schema, 'properties');
    for (const [name, property] of Object.entries(properties)) {
      if (member(property, 'writeOnly') === true || (depth > FULL_DEPTH && !required.has(name))) continue;
      const made = this.#value(property, depth + 1, above);
      if (made !== undefined) value[name] = made;
      else if (required.has(name)) return undefined;
    }
    for (const name of required) {
      if (typeof name !== 'string' || Object.hasOwn(value, name) || Object.hasOwn(properties, name)) continue;
      const additional = member(schema, 'additionalProperties') ?? true;
      const made = this.#value(additional, depth + 1, above);
      if (made !== undefined && name !== '__proto__') value[name] = made;
    }
    return value;
  }

  #list(schema: JsonObject, depth: number, above: ReadonlySet<string>): Json {
    const first = listAt(schema, 'prefixItems').map((item) => this.#value(item, depth + 1, above) ?? null);
    const least = Math.min(countAt(schema, 'minItems') ?? 1, 20);
    const items = member(schema, 'items') ?? true;
    const rest: Json[] = [];
    for (let index = first.length; index < Math.max(least, first.length > 0 ? 0 : 1); index += 1) {
      const made =
        items === false || countAt(schema, 'maxItems') === 0 ? undefined : this.#value(items, depth + 1, above);
      if (made === undefined) break;
      rest.push(made);
    }
    return [...first, ...rest];
  }
}

const hasObject = (schema: JsonObject): boolean =>
  member(schema, 'properties') !== undefined || member(schema, 'additionalProperties') !== undefined;

function statedIn(schema: JsonObject): Json | undefined {
  const [example] = listAt(schema, 'examples');
  const [first] = listAt(schema, 'enum');
  return member(schema, 'example') ?? example ?? member(schema, 'default') ?? member(schema, 'const') ?? first;
}

function countAt(schema: JsonObject, keyword: string): number | undefined {
  const value = member(schema, keyword);
  return typeof value === 'number' ? value : undefined;
}

/** The smallest that the bounds allow, or the one nearest to zero. */
function numberFor(schema: JsonObject, isWhole: boolean): number {
  const step = countAt(schema, 'multipleOf') ?? (isWhole ? 1 : 0);
  const [from, to] = [countAt(schema, 'minimum'), countAt(schema, 'maximum')];
  const above = member(schema, 'exclusiveMinimum') === true ? from : countAt(schema, 'exclusiveMinimum');
  const below = member(schema, 'exclusiveMaximum') === true ? to : countAt(schema, 'exclusiveMaximum');
  const least = Math.max(from ?? Number.NEGATIVE_INFINITY, above ?? Number.NEGATIVE_INFINITY);
  const most = Math.min(to ?? Number.POSITIVE_INFINITY, below ?? Number.POSITIVE_INFINITY);
  if (least < 0 && most > 0) return 0;
  if (least === Number.NEGATIVE_INFINITY) return fitted(most, step, below === undefined ? 0 : -1);
  if (step === 0)
    return above === undefined ? least : most === Number.POSITIVE_INFINITY ? least + 1 : (least + most) / 2;
  return fitted(least, step, above === undefined || above < least ? 0 : 1);
}

/** The nearest multiple at or beyond a bound; strictly beyond where `beyond` is not 0. */
function fitted(bound: number, step: number, beyond: -1 | 0 | 1): number {
  if (!Number.isFinite(bound)) return 0;
  if (step === 0) return bound + beyond;
  const times = bound / step;
  const isDown = beyond < 0 || bound <= 0;
  const next =
    beyond === 0
      ? isDown && bound < 0
        ? Math.floor(times)
        : Math.ceil(times)
      : beyond > 0
        ? Math.floor(times) + 1
        : Math.ceil(times) - 1;
  return next * step;
}

const textsByFormat: Readonly<Record<string, string>> = {
  date: '2024-01-31',
  time: '12:00:00Z',
  'date-time': '2024-01-31T12:00:00Z',
  duration: 'PT1M',
  email: 'someone@example.com',
  hostname: 'www.example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
  uri: 'https://example.com/',
  'uri-reference': '/',
  byte: 'dGV4dA==',
};

function textFor(schema: JsonObject): string {
  const format = member(schema, 'format');
  const known = typeof format === 'string' && Object.hasOwn(textsByFormat, format) ? textsByFormat[format] : undefined;
  if (known !== undefined) return known;
  const least = Math.min(countAt(schema, 'minLength') ?? 0, 1_000);
  const most = countAt(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
  return 'text'.repeat(Math.max(1, Math.ceil(least / 4))).slice(0, Math.max(least, Math.min(4, most)));
}

export function isScalar(value: Json): value is string | number | boolean {
  return !isList(value) && typeof value !== 'object';
}
