/**
 * MessagePack read where it lies, value by value in the order in which they are known to come: nothing is made but what is asked for. A text
 * that was read before is the same one again, so that maps need not compare letters to find it; owns those texts. For the few messages that come by the
 * hundred (`frequent.ts`); what it can't read, though it be right, is left to the decoder of all. Pure but for that memory.
 */
import { isWord } from '../bus/subject.js';
import { SERIAL_MAX } from './guards.js';

/** Behind the version. */
const BEGIN = 1;
/** Letters; longer ones are not read here. */
const TEXT_MAX = 128;

/** Once something was not as expected all that is read from then on is worth nothing, which `isWhole` says in the end. */
export class PackCursor {
  readonly #bytes: Uint8Array;
  #at = BEGIN;
  #isRight = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** All was as expected, and nothing is left. */
  get isWhole(): boolean {
    return this.#isRight && this.#at === this.#bytes.length;
  }

  /** Moves behind these bytes if they are next. */
  passes(expected: Uint8Array): boolean {
    const [bytes, at] = [this.#bytes, this.#at];
    // From the end: what begins alike differs there.
    for (let i = expected.length - 1; i >= 0; i -= 1) if (bytes[at + i] !== expected[i]) return false;
    this.#at = at + expected.length;
    return true;
  }

  countOf(key: Uint8Array): number {
    return this.passes(key) ? this.count() : this.#wrong();
  }

  serialOf(key: Uint8Array): number {
    const value = this.countOf(key);
    return value <= SERIAL_MAX ? value : this.#wrong();
  }

  count(): number {
    const first = this.#bytes[this.#at] ?? 0xc1;
    this.#at += 1;
    if (first <= 0x7f) return first;
    if (first === 0xcc) return this.#unsigned(1);
    if (first === 0xcd) return this.#unsigned(2);
    if (first === 0xce) return this.#unsigned(4);
    if (first !== 0xcb) return this.#wrong();
    const value = this.#double();
    return Number.isSafeInteger(value) && value >= 0 ? value : this.#wrong();
  }

  /** The length of a list; -1 for what is none. */
  list(): number {
    const first = this.#bytes[this.#at] ?? 0xc1;
    this.#at += 1;
    if (first >= 0x90 && first <= 0x9f) return first & 0x0f;
    return first === 0xdc ? this.#unsigned(2) : -1;
  }

  /** The length of a map with fewer than 16 fields; -1 for what is none. */
  map(): number {
    const first = this.#bytes[this.#at] ?? 0xc1;
    this.#at += 1;
    return first >= 0x80 && first <= 0x8f ? first & 0x0f : -1;
  }

  /** That is what comes next. */
  null(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  /** Any that is finite, but for whole ones below zero. */
  number(): number {
    if (this.#bytes[this.#at] !== 0xcb) return this.count();
    this.#at += 1;
    const value = this.#double();
    return Number.isFinite(value) ? value : this.#wrong();
  }

  name(): string | null {
    const known = this.#known();
    return known?.isWord === true ? known.text : null;
  }

  text(): string | null {
    return this.#known()?.text ?? null;
  }

  #known(): Known | null {
    const first = this.#bytes[this.#at] ?? 0xc1;
    this.#at += 1;
    const length = first >= 0xa0 && first <= 0xbf ? first & 0x1f : first === 0xd9 ? this.#unsigned(1) : -1;
    const begin = this.#at;
    if (length < 0 || begin + length > this.#bytes.length) return null;
    this.#at += length;
    return knownText(this.#bytes, begin, length);
  }

  #unsigned(size: number): number {
    const end = this.#at + size;
    if (end > this.#bytes.length) return this.#wrong();
    let value = 0;
    for (; this.#at < end; this.#at += 1) value = value * 256 + (this.#bytes[this.#at] ?? 0);
    return value;
  }

  /** The highest byte first. */
  #double(): number {
    const end = this.#at + 8;
    if (end > this.#bytes.length) return this.#wrong();
    for (let i = 0; i < 8; i += 1) doubleView.setUint8(i, this.#bytes[this.#at + i] ?? 0);
    this.#at = end;
    return doubleView.getFloat64(0);
  }

  #wrong(): number {
    this.#isRight = false;
    return Number.NaN;
  }
}

const doubleView = new DataView(new ArrayBuffer(8));

interface Known {
  readonly text: string;
  readonly isWord: boolean;
}

/** The latest with each hash: 128 letters at most, so 1 MiB. */
const KNOWN_TEXTS = 4_096;
const knownTexts: (Known | undefined)[] = Array.from({ length: KNOWN_TEXTS });
const decoder = new TextDecoder();

/** Null where letters are not ASCII, or too many. */
function knownText(bytes: Uint8Array, begin: number, length: number): Known | null {
  if (length > TEXT_MAX) return null;
  // FNV-1a, of 32 bits.
  let hash = 0x811c9dc5;
  let all = 0;
  for (let i = begin; i < begin + length; i += 1) {
    const byte = bytes[i] ?? 0;
    all |= byte;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  if (all > 0x7f) return null;
  const slot = (hash ^ (hash >>> 15)) & (KNOWN_TEXTS - 1);
  const known = knownTexts[slot];
  if (known !== undefined && isSpelt(known.text, bytes, begin, length)) return known;
  const text = decoder.decode(bytes.subarray(begin, begin + length));
  const made = { text, isWord: isWord(text) };
  knownTexts[slot] = made;
  return made;
}

function isSpelt(text: string, bytes: Uint8Array, begin: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) if (text.charCodeAt(i) !== bytes[begin + i]) return false;
  return true;
}

/** Texts of fewer than 32 letters with their heads before them, and heads of maps. */
export function spelt(...parts: readonly (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number' ? [part] : [0xa0 | part.length, ...Array.from(part, (letter) => letter.charCodeAt(0))],
    ),
  );
}
