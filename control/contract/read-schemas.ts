/**
 * Schemas of a contract, checked before any value is held to one: keywords of the right kind, references that lead somewhere, no schema
 * that is made of itself, patterns that run in bounded time. Each schema is looked at once, however many refer to it. Pure.
 */

import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  kindOf,
  member,
  pointerTo,
} from '@weir/proto/contract/json-value.js';
import { patternFaultIn } from '../publish/foreign-syntax.js';
import type { Dialect } from './contract.js';
import { type ContractFaults, shown } from './contract-faults.js';
import type { Found, References } from './references.js';

/** A pattern's length times its largest repetition is about what compiling and running it takes. */
const PATTERN_WEIGHT_MAX = 100_000;
const PATTERNS_WEIGHT_MAX = 1_000_000;

export type KeywordKind =
  | 'text'
  | 'number'
  | 'count'
  | 'flag'
  | 'texts'
  | 'list'
  | 'schema'
  | 'schemas'
  | 'named-schemas'
  | 'names';

const keywordsOf: readonly (readonly [KeywordKind, string])[] = [
  ['text', 'title description format pattern $ref $id'],
  ['number', 'multipleOf maximum minimum'],
  ['count', 'maxLength minLength maxItems minItems maxProperties minProperties maxContains minContains'],
  ['flag', 'uniqueItems nullable readOnly writeOnly deprecated'],
  ['texts', 'required'],
  ['list', 'enum'],
  ['schemas', 'allOf anyOf oneOf prefixItems'],
  [
    'schema',
    'not if then else items contains additionalProperties propertyNames unevaluatedItems unevaluatedProperties',
  ],
  ['named-schemas', 'properties patternProperties $defs dependentSchemas'],
  ['names', 'dependentRequired'],
];

/** What each keyword of a schema holds. */
export const keywordKinds: ReadonlyMap<string, KeywordKind> = new Map(
  keywordsOf.flatMap(([kind, words]) => words.split(' ').map((word) => [word, kind] as const)),
);

/** Of schemas that refer to each other in place; nodes go no deeper either. */
const IN_PLACE_MAX = 100;

const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);
/** Held to the same value as the schema that they stand in. */
const inPlace: readonly string[] = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'];

export class Schemas {
  readonly unrunnable = new Set<string>();
  readonly #dialect: Dialect;
  readonly #references: References;
  readonly #faults: ContractFaults;
  readonly #due: Found[] = [];
  readonly #seen = new Set<JsonObject>();
  readonly #patterns = new Set<string>();
  /** Schemas that are being followed in place, and those that are known to end. */
  readonly #open = new Set<JsonObject>();
  readonly #ending = new Set<JsonObject>();
  #weight = 0;
  #isTooDeep = false;

  constructor(dialect: Dialect, references: References, faults: ContractFaults) {
    this.#dialect = dialect;
    this.#references = references;
    this.#faults = faults;
  }

  check(schema: Json, pointer: string): void {
    this.#due.push({ value: schema, pointer });
    // A loop, for a chain of references can be as long as the document.
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) this.#look(next.value, next.pointer);
  }

  #look(schema: Json, pointer: string): void {
    if (typeof schema === 'boolean') return;
    if (!isObject(schema)) {
      this.#faults.error(pointer, `a schema must be an object, not ${kindOf(schema)}`, 'write { type: … }');
      return;
    }
    if (this.#seen.has(schema)) return;
    this.#seen.add(schema);
    const isReference = Object.hasOwn(schema, '$ref');
    if (isReference) this.#reference(schema, pointer);
    // In 3.0 a reference stands alone, and what is beside it is ignored.
    if (isReference && this.#dialect === '3.0') return;
    this.#type(schema, pointer);
    for (const keyword of Object.keys(schema)) this.#keyword(schema, keyword, pointer);
    this.#ends(schema, pointer);
  }

  #reference(schema: JsonObject, pointer: string): void {
    const found = this.#references.at(member(schema, '$ref') ?? null, pointerTo(pointer, '$ref'));
    if (found !== null) this.#due.push(found);
    const beside = Object.keys(schema).filter(
      (key) => !['$ref', 'description', 'summary'].includes(key) && !key.startsWith('x-'),
    );
    if (this.#dialect === '3.0' && beside.length > 0)
      this.#faults.warn(
        pointer,
        `beside a $ref, ${shown(beside.join(', '))} is ignored in OpenAPI 3.0`,
        'put the $ref into an allOf, or use OpenAPI 3.1',
      );
    this.#ends(schema, pointer);
  }

  #type(schema: JsonObject, pointer: string): void {
    const type = member(schema, 'type');
    if (type === undefined) return;
    const isListed = isList(type);
    const names = isListed ? type : [type];
    const at = pointerTo(pointer, 'type');
    if (isListed && this.#dialect === '3.0')
      this.#faults.error(at, 'a list of types is of OpenAPI 3.1', 'write `nullable: true` or oneOf, or openapi: 3.1.0');
    for (const name of names) {
      if (typeof name === 'string' && TYPES.has(name)) continue;
      const meant = name === 'int' ? 'integer' : name === 'float' ? 'number' : name === 'bool' ? 'boolean' : null;
      const cure =
        meant === null ? 'write one of string, number, integer, boolean, array, object, null' : `write ${meant}`;
      this.#faults.error(at, `${shown(JSON.stringify(name))} is no type`, cure);
    }
    if (names.includes('array') && this.#dialect === '3.0' && !Object.hasOwn(schema, 'items'))
      this.#faults.warn(pointer, 'an array without `items` takes anything', 'say what its items are');
  }

  #keyword(schema: JsonObject, keyword: string, pointer: string): void {
    const value = member(schema, keyword) ?? null;
    const at = pointerTo(pointer, keyword);
    if (keyword === 'exclusiveMinimum' || keyword === 'exclusiveMaximum') {
      const expected = this.#dialect === '3.0' ? 'boolean' : 'number';
      const other = this.#dialect === '3.0' ? 'true beside a bound' : 'the bound itself';
      if (typeof value !== expected)
        this.#faults.error(at, `in OpenAPI ${this.#dialect} this is a ${expected}`, `write ${other}`);
      return;
    }
    if (keyword === '$dynamicRef')
      this.#faults.warn(at, 'a dynamic reference is taken for one to its own place', 'use $ref where it can be said');
    const kind = keywordKinds.get(keyword);
    if (kind === undefined) return;
    const wrong = wrongKind(kind, value);
    if (wrong !== null) {
      this.#faults.error(
        at,
        `\`${keyword}\` must be ${wrong}, not ${kindOf(value)}`,
        `correct or remove \`${keyword}\``,
      );
      return;
    }
    if (keyword === 'multipleOf' && typeof value === 'number' && value <= 0)
      this.#faults.error(at, '`multipleOf` must be above 0', 'write 1 for whole numbers, or 0.01 for cents');
    if (keyword === 'pattern' && typeof value === 'string') this.#pattern(value, at);
    if (keyword === 'patternProperties')
      for (const name of Object.keys(value as JsonObject)) this.#pattern(name, pointerTo(at, name));
    this.#below(kind, value, at);
  }

  #below(kind: KeywordKind, value: Json, at: string): void {
    if (kind === 'schema') this.#due.push({ value, pointer: at });
    if (kind === 'schemas' && isList(value))
      for (const [index, one] of value.entries()) this.#due.push({ value: one, pointer: `${at}/${index}` });
    if (kind === 'named-schemas' && isObject(value))
      for (const [name, one] of Object.entries(value)) this.#due.push({ value: one, pointer: pointerTo(at, name) });
  }

  #pattern(pattern: string, at: string): void {
    if (this.#patterns.has(pattern)) return;
    this.#patterns.add(pattern);
    const weight = weightOf(pattern);
    const isHeavy = weight > PATTERN_WEIGHT_MAX || this.#weight + weight > PATTERNS_WEIGHT_MAX;
    const fault = isHeavy ? 'it is too large' : (patternFaultIn(pattern, 'be calm')?.fault ?? null);
    if (fault === null) {
      this.#weight += weight;
      return;
    }
    this.unrunnable.add(pattern);
    const cure =
      'say it with fewer and smaller repetitions, without look-arounds and back references, in the syntax of RE2';
    this.#faults.warn(at, `the pattern cannot be run in bounded time, and is not enforced: ${shown(fault)}`, cure);
  }

  /** A schema that is held to the same value by way of itself would never be done. */
  #ends(schema: JsonObject, pointer: string): void {
    if (this.#isTooDeep || this.#ending.has(schema)) return;
    if (this.#open.has(schema)) {
      this.#faults.error(
        pointer,
        'the schema is made of itself, and no value could ever be held to it',
        'put the reference below a property or `items`',
      );
      return;
    }
    if (this.#open.size > IN_PLACE_MAX) {
      // Said once: who has one chain of this kind has many, and each would be followed as far.
      this.#isTooDeep = true;
      const message = `more than ${IN_PLACE_MAX} schemas would be held to one value, one by way of the other`;
      this.#faults.error(pointer, message, 'refer to what is meant, not to what refers to it');
      return;
    }
    this.#open.add(schema);
    for (const next of this.#partsInPlace(schema)) if (isObject(next)) this.#ends(next, pointer);
    this.#open.delete(schema);
    this.#ending.add(schema);
  }

  *#partsInPlace(schema: JsonObject): Generator<Json> {
    const ref = member(schema, '$ref') ?? member(schema, '$dynamicRef');
    if (typeof ref === 'string') {
      const target = this.#references.pointerOf(ref);
      // What leads nowhere was said where it stands.
      const found = target === null ? null : this.#references.look(target);
      if (found !== null) yield found;
    }
    if (ref !== undefined && this.#dialect === '3.0') return;
    for (const keyword of inPlace) {
      const value = member(schema, keyword);
      if (isList(value)) yield* value;
      else if (isObject(value)) yield* keyword === 'dependentSchemas' ? Object.values(value) : [value];
    }
  }
}

function weightOf(pattern: string): number {
  let largest = 1;
  for (const [, from = '', to = ''] of pattern.matchAll(/\{(\d{1,9})(?:,(\d{0,9}))?\}/g))
    largest = Math.max(largest, Number(from), Number(to));
  return pattern.length * largest;
}

/** Null: it is of that kind. */
function wrongKind(kind: KeywordKind, value: Json): string | null {
  const isText = (one: Json): boolean => typeof one === 'string';
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? null : 'a text';
    case 'number':
      return typeof value === 'number' ? null : 'a number';
    case 'count':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? null : 'a whole number from 0 on';
    case 'flag':
      return typeof value === 'boolean' ? null : 'true or false';
    case 'texts':
      return isList(value) && value.every(isText) ? null : 'a list of names';
    case 'list':
      return isList(value) ? null : 'a list';
    case 'schemas':
      return isList(value) && value.length > 0 ? null : 'a list of schemas';
    case 'named-schemas':
      return isObject(value) ? null : 'schemas by name';
    case 'names':
      return isObject(value) && Object.values(value).every((one) => isList(one) && one.every(isText))
        ? null
        : 'lists of names by name';
    case 'schema':
      return typeof value === 'boolean' || isObject(value) ? null : 'a schema';
  }
}
