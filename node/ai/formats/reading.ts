/**
 * Reads a body that nobody has looked at yet, field by field. The first thing that is wrong is kept with its whole path and a
 * cure, and reading goes on with stand-ins: readers stay plain, nothing is thrown, and what was read counts only if nothing
 * was wrong. Absent and null are the same in all formats: not said. Pure.
 */
import type { Misread } from '../format.js';
import { isObject, type Json, type JsonObject } from '../json.js';

export class Reading {
  #misread: Misread | null = null;

  /** The first thing that was wrong. */
  get misread(): Misread | null {
    return this.#misread;
  }

  wrong(field: string, message: string): void {
    this.#misread ??= { field, message };
  }

  text(from: JsonObject, at: string, name: string): string | null {
    return this.#read(
      from,
      at,
      name,
      () => 'a string',
      (value) => typeof value === 'string',
    );
  }

  /** A text that has to be there and is not empty. */
  name(from: JsonObject, at: string, name: string): string {
    const value = this.text(from, at, name);
    if (value !== null && value !== '') return value;
    const path = within(at, name);
    this.wrong(path, `\`${path}\` is missing: give it as a string that is not empty.`);
    return '';
  }

  flag(from: JsonObject, at: string, name: string): boolean | null {
    return this.#read(
      from,
      at,
      name,
      () => 'true or false',
      (value) => typeof value === 'boolean',
    );
  }

  number(from: JsonObject, at: string, name: string, min: number, max: number): number | null {
    const allowed = (value: unknown): value is number => isNumber(value) && value >= min && value <= max;
    return this.#read(from, at, name, () => `a number from ${min} to ${max}`, allowed);
  }

  whole(from: JsonObject, at: string, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | null {
    const allowed = (value: unknown): value is number =>
      isNumber(value) && Number.isInteger(value) && value >= min && value <= max;
    return this.#read(from, at, name, () => wholeNumber(min, max), allowed);
  }

  object(from: JsonObject, at: string, name: string): JsonObject | null {
    return this.#read(from, at, name, () => 'an object', isObject);
  }

  list(from: JsonObject, at: string, name: string): readonly unknown[] | null {
    return this.#read(
      from,
      at,
      name,
      () => 'a list',
      (value): value is readonly unknown[] => Array.isArray(value),
    );
  }

  oneOf<const Word extends string>(from: JsonObject, at: string, name: string, words: readonly Word[]): Word | null {
    const isWord = (value: unknown): value is Word => words.some((word) => word === value);
    return this.#read(from, at, name, () => choice(words), isWord);
  }

  /** Each member of a list as an object, with its path. */
  objects(values: readonly unknown[], path: string): readonly { readonly object: JsonObject; readonly at: string }[] {
    const read: { readonly object: JsonObject; readonly at: string }[] = [];
    for (const [index, value] of values.entries()) {
      const at = `${path}[${index}]`;
      if (isObject(value)) read.push({ object: value, at });
      else this.wrong(at, `\`${at}\` is ${kindOf(value)}: give it as an object.`);
    }
    return read;
  }

  /** Each member of a list as a text. */
  texts(values: readonly unknown[], path: string): readonly string[] {
    return values.flatMap((value, index) => {
      if (typeof value === 'string') return [value];
      this.wrong(`${path}[${index}]`, `\`${path}[${index}]\` is ${kindOf(value)}: give it as a string.`);
      return [];
    });
  }

  #read<Value>(
    from: JsonObject,
    at: string,
    name: string,
    wanted: () => string,
    allowed: (value: unknown) => value is Value,
  ): Value | null {
    const value: unknown = from[name];
    if (value === undefined || value === null) return null;
    if (allowed(value)) return value;
    const path = within(at, name);
    this.wrong(path, `\`${path}\` is ${kindOf(value)}: give it as ${wanted()}.`);
    return null;
  }
}

function wholeNumber(min: number, max: number): string {
  if (min === Number.MIN_SAFE_INTEGER) return 'a whole number';
  return max === Number.MAX_SAFE_INTEGER ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`;
}

export function within(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}

export function choice(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** What a value is, for people; of its content no more than a number or a short word. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `${value}`;
  if (typeof value !== 'string') return 'an object';
  return value.length > WORD_CHARACTERS_MAX ? 'a string' : `the string ${JSON.stringify(value)}`;
}

/** Long enough for any word of an API, and too short to fill a log with a caller's text. */
const WORD_CHARACTERS_MAX = 40;

/** The fields that nobody has read, as they are. */
export function unread(from: JsonObject, known: ReadonlySet<string>): JsonObject {
  let found: [string, Json][] | null = null;
  for (const name of Object.keys(from)) {
    if (known.has(name)) continue;
    const value = from[name];
    if (value === null || value === undefined) continue;
    found ??= [];
    found.push([name, value]);
  }
  return found === null ? NOTHING : Object.fromEntries(found);
}

const NOTHING: JsonObject = {};

export function bodyObject(reading: Reading, body: unknown): JsonObject {
  if (isObject(body)) return body;
  reading.wrong(
    '',
    'The body is no JSON object: send one such as `{"model": "…", …}` with `Content-Type: application/json`.',
  );
  return {};
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
