/** Small questions about decoded values, for messages that come too often for a schema library. Pure. */
import { isWord } from '../bus/subject.js';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number from zero on. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/**
 * Of numbers that rise by one for ever, or that wall milliseconds begin: more than was not reached by counting (2⁴⁸ ms are 8,900
 * years). What is heard is believed up to here, so the next one is a number still, which all others can read.
 */
export const SERIAL_MAX = 2 ** 48;

export function isSerial(value: unknown): value is number {
  return isCount(value) && value <= SERIAL_MAX;
}

/** A member's id or a key's name: fit to be a word of a subject. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && isWord(value);
}

export function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax;
}

export function isBytes(value: unknown, lengthMax: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= lengthMax;
}

export function isListOf<Item>(
  value: unknown,
  lengthMax: number,
  isItem: (item: unknown) => item is Item,
): value is readonly Item[] {
  return Array.isArray(value) && value.length <= lengthMax && value.every(isItem);
}
