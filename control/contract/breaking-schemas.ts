/**
 * Two schemas compared, keyword by keyword. Of what is sent, the later one may not refuse what the earlier one let in; of what is answered, it may not
 * let in what the earlier one had ruled out. What can't be decided (another `not`, other forms) is risky, and said so. References are
 * followed, each pair once. Pure.
 */
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  member,
  objectAt,
  pointerTo,
} from '@weir/proto/contract/json-value.js';
import type { Severity } from './breaking.js';
import type { Contract } from './contract.js';
import { ContractFaults, shown } from './contract-faults.js';
import { References } from './references.js';
import { typesOf } from './schema-closure.js';

type Add = (severity: Severity, where: string, what: string, cure: string) => void;
type Direction = 'request' | 'response';

interface Place {
  readonly where: string;
  readonly direction: Direction;
  /** In words: `the body`, with the members below it. */
  readonly name: string;
}

/** Pairs of schemas in one comparison; a contract within its bounds has fewer. */
const PAIRS_MAX = 200_000;
const DEPTH_MAX = 60;

export class SchemaDiff {
  readonly #before: References;
  readonly #after: References;
  readonly #add: Add;
  readonly #seen = new Map<Json, Set<Json>>();
  #pairs = 0;

  constructor(before: Contract, after: Contract, add: Add) {
    this.#before = new References(before.document, new ContractFaults());
    this.#after = new References(after.document, new ContractFaults());
    this.#add = add;
  }

  compare(before: Json, after: Json, where: string, direction: Direction, name: string): void {
    this.#compare(before, after, { where, direction, name }, 0);
  }

  #compare(writtenBefore: Json, writtenAfter: Json, place: Place, depth: number): void {
    const [before, after] = [this.#whole(writtenBefore, this.#before), this.#whole(writtenAfter, this.#after)];
    const where = whereOf(writtenAfter, place.where, this.#after);
    this.#pairs += 1;
    if (this.#pairs > PAIRS_MAX || depth > DEPTH_MAX || this.#isKnown(before, after, place.direction)) return;
    const at = { ...place, where };
    if (!isObject(before) || !isObject(after)) {
      this.#trivial(before, after, at);
      return;
    }
    this.#types(before, after, at);
    this.#values(before, after, at);
    this.#bounds(before, after, at);
    this.#members(before, after, at, depth);
    this.#items(before, after, at, depth);
    this.#forms(before, after, at, depth);
  }

  /** The same object each time, so that pairs are known again. */
  #whole(schema: Json, references: References): Json {
    const at = followed(schema, references);
    if (!isObject(at) || member(at, 'allOf') === undefined) return at;
    return merge(at, references, this.#merged);
  }

  /** Of both documents, which have no object in common. */
  readonly #merged = new WeakMap<object, JsonObject>();

  #isKnown(before: Json, after: Json, direction: Direction): boolean {
    if (!isObject(before) || !isObject(after)) return false;
    // The same schema in answers and in requests is compared for both.
    const key = direction === 'request' ? before : (this.#mirrors.get(before) ?? this.#mirror(before));
    const others = this.#seen.get(key) ?? new Set();
    this.#seen.set(key, others);
    if (others.has(after)) return true;
    others.add(after);
    return false;
  }

  readonly #mirrors = new Map<JsonObject, JsonObject>();

  #mirror(schema: JsonObject): JsonObject {
    const mirror: JsonObject = {};
    this.#mirrors.set(schema, mirror);
    return mirror;
  }

  /** `true`, `false` or nothing at all on one side. */
  #trivial(before: Json, after: Json, place: Place): void {
    const [wasAny, isAny] = [isAnything(before), isAnything(after)];
    if (wasAny && isAny) return;
    if (before === false && after !== false) this.#wider(place, 'may be sent now', 'may be there now');
    else if (after === false && before !== false)
      this.#narrower(place, 'may not be sent any more', 'is not there any more');
    else if (wasAny && !isAny) this.#narrower(place, 'was anything, and has a schema now', 'has a schema now');
    else if (!wasAny && isAny) this.#wider(place, 'may be anything now', 'may be anything now');
  }

  #types(before: JsonObject, after: JsonObject, place: Place): void {
    const [was, is] = [typesOf(before, this.#before), typesOf(after, this.#after)];
    if (was.size === 0 && is.size === 0) return;
    const lost = is.size === 0 ? [] : was.size === 0 ? ['other types'] : [...was].filter((type) => !takes(is, type));
    const won = was.size === 0 ? [] : is.size === 0 ? ['other types'] : [...is].filter((type) => !takes(was, type));
    if (lost.length > 0)
      this.#narrower(place, `can't be ${lost.join(', ')} any more`, `is never ${lost.join(', ')} any more`);
    if (won.length > 0) this.#wider(place, `may be ${won.join(', ')}, too`, `may be ${won.join(', ')} now`);
  }

  #values(before: JsonObject, after: JsonObject, place: Place): void {
    const [was, is] = [valuesOf(before), valuesOf(after)];
    if (was === null && is === null) return;
    if (was === null || is === null) {
      if (is !== null) this.#narrower(place, 'may only be one of some values now', 'is one of some values now');
      else this.#wider(place, 'may be any value now', 'may be any value now');
      return;
    }
    const lost = [...was].filter((value) => !is.has(value));
    const won = [...is].filter((value) => !was.has(value));
    if (lost.length > 0)
      this.#narrower(
        place,
        `can't be ${shown(lost.join(', '))} any more`,
        `is never ${shown(lost.join(', '))} any more`,
      );
    if (won.length > 0)
      this.#wider(place, `may be ${shown(won.join(', '))}, too`, `may be ${shown(won.join(', '))} now`);
  }

  #bounds(before: JsonObject, after: JsonObject, place: Place): void {
    for (const [keyword, side] of boundKeywords) {
      const [was, is] = [boundOf(before, keyword), boundOf(after, keyword)];
      if (was === is) continue;
      const isTighter = is !== null && (was === null || (side === 'least' ? is > was : is < was));
      const words = `${keyword} ${was === null ? 'none' : was} → ${is === null ? 'none' : is}`;
      if (isTighter) this.#narrower(place, `is bound more tightly (${words})`, `is bound more tightly (${words})`);
      else this.#wider(place, `is bound less tightly (${words})`, `is bound less tightly (${words})`);
    }
    for (const keyword of ['pattern', 'format', 'multipleOf']) {
      const [was, is] = [member(before, keyword), member(after, keyword)];
      if (was === is) continue;
      if (is === undefined) this.#wider(place, `has no ${keyword} any more`, `has no ${keyword} any more`);
      else if (was === undefined) this.#narrower(place, `has a ${keyword} now`, `has a ${keyword} now`);
      else this.#unclear(place, `has another ${keyword}`);
    }
    const [wasUnique, isUnique] = [member(before, 'uniqueItems') === true, member(after, 'uniqueItems') === true];
    if (!wasUnique && isUnique) this.#narrower(place, 'may not have an item twice any more', 'has each item once now');
    if (wasUnique && !isUnique) this.#wider(place, 'may have an item twice', 'may have an item twice now');
  }

  #members(before: JsonObject, after: JsonObject, place: Place, depth: number): void {
    const [was, is] = [objectAt(before, 'properties'), objectAt(after, 'properties')];
    const [wasNeeded, isNeeded] = [new Set(listAt(before, 'required')), new Set(listAt(after, 'required'))];
    const isRequest = place.direction === 'request';
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      const below = {
        ...place,
        where: pointerTo(place.where, 'properties', name),
        name: `${place.name}, ${shown(name)}`,
      };
      const [old, next] = [member(was, name), member(is, name)];
      if (old !== undefined && next !== undefined) this.#compare(old, next, below, depth + 1);
      else if (old !== undefined) this.#memberGone(after, below);
      else if (next !== undefined && !(isNeeded.has(name) && isRequest)) {
        if (isRequest && isRefusing(before)) this.#add('fine', below.where, `${below.name} may be sent`, '');
        else this.#add('fine', below.where, `${below.name} is new`, '');
      }
    }
    for (const name of isNeeded) {
      if (wasNeeded.has(name) || typeof name !== 'string' || (isRequest && isOther(is, name, 'readOnly'))) continue;
      const words = `${place.name}, ${shown(name)}`;
      const isNew = member(was, name) === undefined;
      if (isRequest)
        this.#add(
          'breaking',
          place.where,
          `${words} is ${isNew ? 'new, and required' : 'required now'}`,
          'make it optional, with a default',
        );
      else this.#add('fine', place.where, `${words} is always there now`, '');
    }
    for (const name of wasNeeded) {
      if (isNeeded.has(name) || typeof name !== 'string') continue;
      const words = `${place.name}, ${shown(name)}`;
      if (isRequest) this.#add('fine', place.where, `${words} need not be sent any more`, '');
      else if (member(is, name) !== undefined)
        this.#add('breaking', place.where, `${words} may be missing now`, 'go on sending it always');
    }
    this.#others(before, after, place, depth);
  }

  /** Members beside those that are named. */
  #others(before: JsonObject, after: JsonObject, place: Place, depth: number): void {
    const [wasClosed, isClosed] = [isRefusing(before), isRefusing(after)];
    if (wasClosed && isClosed) return;
    if (isClosed) {
      const words = `${place.name} may have no members beside those that are named any more`;
      if (place.direction === 'request')
        this.#add('breaking', place.where, words, 'go on taking others, and ignore them');
      else this.#add('fine', place.where, `${place.name} has no members beside those that are named`, '');
    } else if (wasClosed) this.#add('fine', place.where, `${place.name} may have other members`, '');
    else {
      const [old, next] = [
        member(before, 'additionalProperties') ?? true,
        member(after, 'additionalProperties') ?? true,
      ];
      const below = {
        ...place,
        where: pointerTo(place.where, 'additionalProperties'),
        name: `${place.name}, other members`,
      };
      this.#compare(old, next, below, depth + 1);
    }
  }

  #memberGone(after: JsonObject, place: Place): void {
    if (place.direction === 'response')
      this.#add('breaking', place.where, `${place.name} is gone`, 'keep sending it, and mark it deprecated');
    else if (isRefusing(after))
      this.#add('breaking', place.where, `${place.name} can't be sent any more`, 'go on taking it, and ignore it');
    else this.#add('risky', place.where, `${place.name} means nothing any more`, 'go on taking it, and say so');
  }

  #items(before: JsonObject, after: JsonObject, place: Place, depth: number): void {
    const [old, next] = [member(before, 'items'), member(after, 'items')];
    const below = { ...place, where: pointerTo(place.where, 'items'), name: `${place.name}, its items` };
    if (old !== undefined || next !== undefined) this.#compare(old ?? true, next ?? true, below, depth + 1);
    const [was, is] = [listAt(before, 'prefixItems'), listAt(after, 'prefixItems')];
    for (let index = 0; index < Math.max(was.length, is.length); index += 1) {
      const at = {
        ...place,
        where: pointerTo(place.where, 'prefixItems', index),
        name: `${place.name}, item ${index}`,
      };
      this.#compare(was[index] ?? old ?? true, is[index] ?? next ?? true, at, depth + 1);
    }
  }

  /** Forms are compared one to one, where as many or more are there; which takes which else can't be told. */
  #forms(before: JsonObject, after: JsonObject, place: Place, depth: number): void {
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const [was, is] = [listAt(before, keyword), listAt(after, keyword)];
      const pairs = paired(was, is);
      for (const [old, index] of pairs.both)
        this.#compare(old, is[index] ?? true, { ...place, where: pointerTo(place.where, keyword, index) }, depth + 1);
      const [lost, won] = [pairs.lost, pairs.won];
      if (was.length > 0 && is.length > 0) {
        if (lost > 0) this.#narrower(place, 'may have fewer forms', 'has fewer forms');
        if (won > 0) this.#wider(place, 'may have more forms', 'may have other forms now');
      } else if (is.length > 0) this.#narrower(place, 'must have one of some forms now', 'has one of some forms now');
      else if (was.length > 0) this.#wider(place, 'may have any form', 'may have any form now');
    }
    for (const keyword of [
      'not',
      'if',
      'then',
      'else',
      'patternProperties',
      'propertyNames',
      'contains',
      'dependentRequired',
      'dependentSchemas',
      'unevaluatedProperties',
      'unevaluatedItems',
    ]) {
      if (JSON.stringify(member(before, keyword)) !== JSON.stringify(member(after, keyword)))
        this.#unclear(place, `has another \`${keyword}\``);
    }
  }

  #narrower({ where, direction, name }: Place, ofRequest: string, ofResponse: string): void {
    if (direction === 'request') this.#add('breaking', where, `${name} ${ofRequest}`, 'go on taking what was taken');
    else this.#add('fine', where, `${name} ${ofResponse}`, '');
  }

  #wider({ where, direction, name }: Place, ofRequest: string, ofResponse: string): void {
    if (direction === 'request') this.#add('fine', where, `${name} ${ofRequest}`, '');
    else this.#add('risky', where, `${name} ${ofResponse}`, 'answer as before, unless the caller asks for the new');
  }

  #unclear({ where, name }: Place, what: string): void {
    this.#add(
      'risky',
      where,
      `${name} ${what}, and whether it takes what the other took can't be told`,
      'compare the two by hand',
    );
  }
}

function followed(schema: Json, references: References): Json {
  let at = schema;
  for (let steps = 0; steps < 32; steps += 1) {
    const ref = member(at, '$ref');
    const pointer = typeof ref === 'string' ? references.pointerOf(ref) : null;
    if (pointer === null) return at;
    at = references.look(pointer) ?? true;
  }
  return at;
}

const MERGE_DEPTH_MAX = 12;
/** As many as any other list of schemas is read to. */
const MERGED_PARTS_MAX = 100;
/** Values of two schemas that are compared to find them the same; those that are larger count as two. */
const SAME_VALUES_MAX = 1_000;

/**
 * `allOf` as one schema: what its parts ask for together. What two parts say of the same thing in different words stays with the first; a member that both
 * have has to fit both.
 */
function merge(schema: JsonObject, references: References, known: WeakMap<object, JsonObject>, depth = 0): JsonObject {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const { allOf, ...own } = schema;
  let merged: JsonObject = own;
  if (depth > MERGE_DEPTH_MAX) return merged;
  // One that is made of itself asks for no more by that; and what many are made of is put together once.
  known.set(schema, own);
  for (const part of isList(allOf) ? allOf.slice(0, MERGED_PARTS_MAX) : []) {
    const target = followed(part, references);
    if (!isObject(target)) continue;
    const flat = merge(target, references, known, depth + 1);
    const { properties, required, ...rest } = flat;
    const members: Record<string, Json> = { ...objectAt(merged, 'properties') };
    for (const [name, one] of Object.entries(isObject(properties) ? properties : {})) {
      const earlier = Object.hasOwn(members, name) ? members[name] : undefined;
      members[name] = earlier === undefined || isSame(earlier, one) ? one : { allOf: [earlier, one] };
    }
    const needed = [...new Set([...listAt(merged, 'required'), ...(isList(required) ? required : [])])];
    const isClosed = isRefusing(merged) || isRefusing(flat);
    merged = {
      ...rest,
      ...merged,
      ...(Object.keys(members).length === 0 ? {} : { properties: members }),
      ...(needed.length === 0 ? {} : { required: needed }),
      ...(isClosed ? { additionalProperties: false } : {}),
    };
  }
  known.set(schema, merged);
  return merged;
}

/** What was merged may hold one part in many places, and be very large where it is spelt out. */
function isSame(one: Json, other: Json): boolean {
  let left = SAME_VALUES_MAX;
  const same = (a: Json | undefined, b: Json | undefined): boolean => {
    left -= 1;
    if (a === b) return true;
    if (left < 0 || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (isList(a) || isList(b))
      return isList(a) && isList(b) && a.length === b.length && a.every((each, i) => same(each, b[i]));
    const names = Object.keys(a as JsonObject); // Neither a list nor null, as was just seen.
    if (names.length !== Object.keys(b as JsonObject).length) return false;
    return names.every((name) => Object.hasOwn(b, name) && same(member(a, name), member(b, name)));
  };
  return same(one, other);
}

function whereOf(schema: Json, where: string, references: References): string {
  const ref = member(schema, '$ref');
  return (typeof ref === 'string' ? references.pointerOf(ref) : null) ?? where;
}

const isAnything = (schema: Json): boolean =>
  schema === true || schema === null || (isObject(schema) && Object.keys(schema).length === 0);

/** A number takes every whole number. */
const takes = (types: ReadonlySet<string>, type: string): boolean =>
  types.has(type) || (type === 'integer' && types.has('number'));

const isRefusing = (schema: JsonObject): boolean =>
  member(schema, 'additionalProperties') === false || member(schema, 'unevaluatedProperties') === false;

const isOther = (properties: JsonObject, name: string, keyword: string): boolean =>
  member(member(properties, name), keyword) === true;

function valuesOf(schema: JsonObject): ReadonlySet<string> | null {
  const single = member(schema, 'const');
  const listed = member(schema, 'enum');
  if (single === undefined && !isList(listed)) return null;
  return new Set((single === undefined ? listAt(schema, 'enum') : [single]).map((value) => JSON.stringify(value)));
}

const boundKeywords: readonly (readonly [string, 'least' | 'most'])[] = [
  ...(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const).map(
    (keyword) => [keyword, 'least'] as const,
  ),
  ...(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const).map(
    (keyword) => [keyword, 'most'] as const,
  ),
];

/** The flags of 3.0 are bounds of their own since 3.1. */
function boundOf(schema: JsonObject, keyword: string): number | null {
  const exclusive = keyword.includes('inimum') ? 'exclusiveMinimum' : 'exclusiveMaximum';
  const flagged = member(schema, exclusive);
  const isNumeric = /(?:in|ax)imum$/.test(keyword);
  if (isNumeric && typeof flagged === 'boolean') {
    const plain = exclusive === 'exclusiveMinimum' ? 'minimum' : 'maximum';
    if ((keyword === exclusive) !== flagged) return null;
    const value = member(schema, plain);
    return typeof value === 'number' ? value : null;
  }
  const value = member(schema, keyword);
  if (typeof value !== 'number') return null;
  // To ask for nothing is not to ask.
  return value === 0 && /^min(?:Length|Items|Properties)$/.test(keyword) ? null : value;
}

/** Forms that are the same or refer to the same name, then the rest in their order. */
function paired(
  was: readonly Json[],
  is: readonly Json[],
): { readonly both: readonly (readonly [Json, number])[]; readonly lost: number; readonly won: number } {
  const taken = new Set<number>();
  const both: [Json, number][] = [];
  const open: Json[] = [];
  const textOf = (schema: Json): string => JSON.stringify(schema);
  const texts = is.map(textOf);
  for (const schema of was) {
    const index = texts.findIndex((text, at) => !taken.has(at) && text === textOf(schema));
    if (index < 0) open.push(schema);
    else {
      taken.add(index);
      both.push([schema, index]);
    }
  }
  const free = is.map((_, index) => index).filter((index) => !taken.has(index));
  // References by other names are other forms; what is written in place may be the same form, changed.
  const inPlace = open.filter((schema) => member(schema, '$ref') === undefined);
  const freeInPlace = free.filter((index) => member(is[index], '$ref') === undefined);
  const changed = Math.min(inPlace.length, freeInPlace.length);
  for (let index = 0; index < changed; index += 1) both.push([inPlace[index] ?? true, freeInPlace[index] ?? 0]);
  return { both, lost: open.length - changed, won: free.length - changed };
}
