/**
 * Schemas as nodes get them: without what is for people, without patterns that are not run, and with all that they refer to under the very text
 * of the reference. Pure.
 */
import { isList, isObject, type Json, type JsonObject, member } from '@weir/proto/contract/json-value.js';
import type { Contract } from './contract.js';
import { ContractFaults } from './contract-faults.js';
import { keywordKinds } from './read-schemas.js';
import { References } from './references.js';

export class SchemaClosure {
  readonly references: References;
  readonly #unrunnable: ReadonlySet<string>;
  readonly #found = new Map<string, string>();
  readonly #due: string[] = [];

  constructor(contract: Contract) {
    // It has been read without a fault, so there is none to hear of.
    this.references = new References(contract.document, new ContractFaults());
    this.#unrunnable = contract.unrunnable;
  }

  /** As text; what it refers to is taken in. */
  textOf(schema: Json): string {
    const text = JSON.stringify(this.#slim(schema));
    for (let ref = this.#due.pop(); ref !== undefined; ref = this.#due.pop()) {
      if (this.#found.has(ref)) continue;
      this.#found.set(ref, '');
      const pointer = this.references.pointerOf(ref);
      this.#found.set(ref, JSON.stringify(pointer === null ? true : this.#slim(this.references.look(pointer) ?? true)));
    }
    return text;
  }

  get schemas(): (readonly [ref: string, schema: string])[] {
    return [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #slim(schema: Json): Json {
    if (!isObject(schema)) return schema;
    const slim: Record<string, Json> = {};
    for (const [keyword, value] of Object.entries(schema)) {
      const kept = this.#keyword(keyword, value);
      if (kept !== undefined) slim[keyword] = kept;
    }
    return slim;
  }

  #keyword(keyword: string, value: Json): Json | undefined {
    if (forPeople.has(keyword) || keyword.startsWith('x-')) return undefined;
    if ((keyword === '$ref' || keyword === '$dynamicRef') && typeof value === 'string') this.#due.push(value);
    if (keyword === 'pattern' && typeof value === 'string' && this.#unrunnable.has(value)) return undefined;
    switch (keywordKinds.get(keyword)) {
      case 'schema':
        return this.#slim(value);
      case 'schemas':
        return isList(value) ? value.map((one) => this.#slim(one)) : value;
      case 'named-schemas': {
        // What is defined beside is found by its reference.
        if (keyword === '$defs') return undefined;
        const named = isObject(value) ? Object.entries(value) : [];
        return Object.fromEntries(named.map(([name, one]) => [name, this.#slim(one)]));
      }
      default:
        return value;
    }
  }
}

const forPeople = new Set([
  'title',
  'description',
  'example',
  'examples',
  'default',
  'externalDocs',
  'xml',
  'deprecated',
  '$comment',
  '$id',
  '$schema',
  '$anchor',
  '$dynamicAnchor',
]);

/** As deep as a chain of references and parts is followed; what is asked of a schema once is known, so that each is looked at once. */
const FOLLOWED_MAX = 200;

/** By the document that references lead through: schemas of it that many others refer to would be looked at anew from each of them. */
const known = new WeakMap<
  References,
  { readonly types: Known<ReadonlySet<string>>; readonly parts: Map<string, Known<Json | undefined>> }
>();
type Known<T> = WeakMap<object, T>;

function knownOf(references: References) {
  const made = known.get(references) ?? { types: new WeakMap(), parts: new Map() };
  known.set(references, made);
  return made;
}

const NONE: ReadonlySet<string> = new Set();

/** The types that a schema allows, by the words of JSON Schema; none: it does not say. */
export function typesOf(schema: Json | undefined, references: References, depth = 0): ReadonlySet<string> {
  if (!isObject(schema) || depth > FOLLOWED_MAX) return NONE;
  const { types } = knownOf(references);
  const before = types.get(schema);
  if (before !== undefined) return before;
  // One that is made of itself says no more by that.
  types.set(schema, NONE);
  const found = typesIn(schema, references, depth);
  types.set(schema, found);
  return found;
}

function typesIn(schema: JsonObject, references: References, depth: number): ReadonlySet<string> {
  const ref = member(schema, '$ref');
  if (typeof ref === 'string') {
    const pointer = references.pointerOf(ref);
    return pointer === null ? NONE : typesOf(references.look(pointer) ?? undefined, references, depth + 1);
  }
  const isNullable = member(schema, 'nullable') === true ? ['null'] : [];
  const type = member(schema, 'type');
  if (type !== undefined)
    return new Set([...(isList(type) ? type : [type]).filter((one) => typeof one === 'string'), ...isNullable]);
  for (const one of listOf(schema, 'allOf')) {
    const types = typesOf(one, references, depth + 1);
    if (types.size > 0) return types;
  }
  const forms = [...listOf(schema, 'anyOf'), ...listOf(schema, 'oneOf')];
  if (forms.length > 0)
    return new Set([...forms.flatMap((form) => [...typesOf(form, references, depth + 1)]), ...isNullable]);
  const single = member(schema, 'const');
  const values = single === undefined ? listOf(schema, 'enum') : [single];
  return new Set(values.map((value) => (value === null ? 'null' : isList(value) ? 'array' : typeof value)));
}

function listOf(schema: JsonObject, keyword: string): readonly Json[] {
  const value = member(schema, keyword);
  return isList(value) ? value.slice(0, 100) : [];
}

/** A schema's member by way of its references and parts: `items` of an array that is referred to. */
export function partOf(schema: Json | undefined, keyword: string, references: References, depth = 0): Json | undefined {
  if (!isObject(schema) || depth > FOLLOWED_MAX) return undefined;
  const { parts } = knownOf(references);
  const ofKeyword = parts.get(keyword) ?? new WeakMap<object, Json | undefined>();
  parts.set(keyword, ofKeyword);
  if (ofKeyword.has(schema)) return ofKeyword.get(schema);
  ofKeyword.set(schema, undefined);
  const found = partIn(schema, keyword, references, depth);
  ofKeyword.set(schema, found);
  return found;
}

function partIn(schema: JsonObject, keyword: string, references: References, depth: number): Json | undefined {
  const own = member(schema, keyword);
  if (own !== undefined) return own;
  const ref = member(schema, '$ref');
  const pointer = typeof ref === 'string' ? references.pointerOf(ref) : null;
  if (pointer !== null) return partOf(references.look(pointer) ?? undefined, keyword, references, depth + 1);
  for (const part of [...listOf(schema, 'allOf'), ...listOf(schema, 'anyOf'), ...listOf(schema, 'oneOf')]) {
    const found = partOf(part, keyword, references, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
