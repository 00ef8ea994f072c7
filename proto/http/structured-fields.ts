/**
 * Structured Fields (RFC 9651, which obsoletes 8941): dictionaries, lists and items, read by the algorithms of §4.2, which
 * fail on the first octet that does not fit. A field that fails is no field; there is no mending.
 *
 *   dictionary   a=1, b;x=2, c=(1 "two" three);y        a member without a value is true
 *   list         sugar, tea;q=0.5, (a b)
 *   item         5 · 4.5 · "text" · token · :YWJj: · ?1 · @1659578233 · %"f%c3%bc"
 *
 * Dates and display strings are read as well as the types of 8941. Bytes stay in their base64: nobody here looks inside.
 */

export type BareItem =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'decimal'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'token'; readonly value: string }
  /** Base64 as sent. */
  | { readonly kind: 'bytes'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Seconds since 1970. */
  | { readonly kind: 'date'; readonly value: number }
  | { readonly kind: 'display'; readonly value: string };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly bare: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}

export type Member = Item | InnerList;

export function isInnerList(member: Member): member is InnerList {
  return 'items' in member;
}

/** Members in their order; of two with one key the later value counts, in the place of the first. Null: malformed. */
export function parseDictionary(text: string): ReadonlyMap<string, Member> | null {
  return whole(text, (reader) => {
    const members = new Map<string, Member>();
    eachMember(reader, () => {
      const key = readKey(reader);
      if (reader.skip('=')) members.set(key, readMember(reader));
      else members.set(key, { bare: TRUE, parameters: readParameters(reader) });
    });
    return members;
  });
}

export function parseList(text: string): readonly Member[] | null {
  return whole(text, (reader) => {
    const members: Member[] = [];
    eachMember(reader, () => members.push(readMember(reader)));
    return members;
  });
}

export function parseItem(text: string): Item | null {
  return whole(text, readItem);
}

export const TRUE: BareItem = { kind: 'boolean', value: true };

/** Thrown and caught inside of this file only: the way out of nested readers. */
const MALFORMED = new Error('malformed structured field');

function fail(): never {
  throw MALFORMED;
}

function whole<Value>(text: string, read: (reader: Reader) => Value): Value | null {
  const reader = new Reader(text);
  try {
    reader.skipSpaces();
    const value = read(reader);
    reader.skipSpaces();
    return reader.atEnd ? value : null;
  } catch (error) {
    if (error === MALFORMED) return null;
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next character, empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#at);
  }

  take(): string {
    const character = this.next;
    this.#at += 1;
    return character;
  }

  skip(character: string): boolean {
    if (this.next !== character) return false;
    this.#at += 1;
    return true;
  }

  skipSpaces(): void {
    while (this.next === ' ') this.#at += 1;
  }

  /** Optional whitespace around commas may be tabs as well. */
  skipWhitespace(): void {
    while (this.next === ' ' || this.next === '\t') this.#at += 1;
  }

  /** The text that a sticky pattern matches here, or a failure. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return fail();
    this.#at += found.length;
    return found;
  }
}

/** A comma promises another member: at the end there is none that could be read. */
function eachMember(reader: Reader, read: () => void): void {
  if (reader.atEnd) return;
  for (;;) {
    read();
    reader.skipWhitespace();
    if (reader.atEnd) return;
    if (!reader.skip(',')) fail();
    reader.skipWhitespace();
  }
}

function readMember(reader: Reader): Member {
  return reader.next === '(' ? readInnerList(reader) : readItem(reader);
}

function readInnerList(reader: Reader): InnerList {
  reader.take();
  const items: Item[] = [];
  for (;;) {
    reader.skipSpaces();
    if (reader.skip(')')) return { items, parameters: readParameters(reader) };
    items.push(readItem(reader));
    if (reader.next !== ' ' && reader.next !== ')') fail();
  }
}

function readItem(reader: Reader): Item {
  return { bare: readBareItem(reader), parameters: readParameters(reader) };
}

function readParameters(reader: Reader): Parameters {
  if (reader.next !== ';') return NO_PARAMETERS;
  const parameters = new Map<string, BareItem>();
  while (reader.skip(';')) {
    reader.skipSpaces();
    const key = readKey(reader);
    parameters.set(key, reader.skip('=') ? readBareItem(reader) : TRUE);
  }
  return parameters;
}

export const NO_PARAMETERS: Parameters = new Map();

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const TOKEN = /[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]*)?/y;
const BYTES = /:[A-Za-z0-9+/=]*:/y;
const STRING = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y;
const DISPLAY = /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y;

function readKey(reader: Reader): string {
  return reader.match(KEY);
}

function readBareItem(reader: Reader): BareItem {
  const { next } = reader;
  if (next === '"') return { kind: 'string', value: reader.match(STRING).slice(1, -1).replace(/\\(.)/g, '$1') };
  if (next === ':') return { kind: 'bytes', value: reader.match(BYTES).slice(1, -1) };
  if (next === '?') return readBoolean(reader);
  if (next === '@') return readDate(reader);
  if (next === '%') return readDisplay(reader);
  if (next === '-' || (next >= '0' && next <= '9')) return readNumber(reader);
  return { kind: 'token', value: reader.match(TOKEN) };
}

function readBoolean(reader: Reader): BareItem {
  reader.take();
  const digit = reader.take();
  if (digit !== '0' && digit !== '1') fail();
  return { kind: 'boolean', value: digit === '1' };
}

function readDate(reader: Reader): BareItem {
  reader.take();
  const number = readNumber(reader);
  return number.kind === 'integer' ? { kind: 'date', value: number.value } : fail();
}

/** RFC 9651 §4.2.10: UTF-8, of which what is not visible ASCII comes as `%` and two digits in lower case. */
function readDisplay(reader: Reader): BareItem {
  const encoded = reader.match(DISPLAY).slice(2, -1);
  try {
    return { kind: 'display', value: decodeURIComponent(encoded) };
  } catch {
    return fail(); // Not UTF-8.
  }
}

/** RFC 9651 §4.2.4: fifteen digits, or twelve, a point, and one to three. */
function readNumber(reader: Reader): BareItem {
  const text = reader.match(NUMBER);
  const digits = text.startsWith('-') ? text.slice(1) : text;
  const point = digits.indexOf('.');
  if (point < 0) return digits.length > 15 ? fail() : { kind: 'integer', value: Number(text) || 0 };
  const fraction = digits.length - point - 1;
  if (point > 12 || fraction < 1 || fraction > 3) fail();
  return { kind: 'decimal', value: Number(text) || 0 };
}
