/** Reads what a provider sends without believing any of it: all have in common what stands here. Pure. */
import type { ProviderError } from '../chat/provider-error.js';
import { providerError } from '../chat/provider-error.js';
import { isObject, type JsonObject, numberOf, parsedJson } from '../json.js';

/** Undefined where the text is no JSON. */
export const parsed = parsedJson;

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** A count of something; 0 where it is none. */
export function countOf(value: unknown): number {
  const number = numberOf(value);
  return number === null || number < 0 ? 0 : Math.round(number);
}

/** A word from outside may be `constructor`: only what a table has itself counts. */
export function wordIn<Value>(table: Readonly<Record<string, Value>>, word: string | null): Value | undefined {
  return word !== null && Object.hasOwn(table, word) ? table[word] : undefined;
}

const MESSAGE_LENGTH_MAX = 2_000;
/** Keys as the providers here give them out, and whatever follows `Bearer`; some errors quote the key that they refuse. */
const KEYS = /\b(?:sk-[\w-]{8,}|AIza[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|ya29\.[\w.-]+|Bearer\s+\S+)/g;

/** What a provider says, for people: without keys, and not without end. */
export function spoken(message: string): string {
  const whole = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)}…` : message;
  return whole.replaceAll(KEYS, '[key]');
}

export function malformed(what: string): ProviderError {
  return providerError('malformed', what);
}

/** JSON text of the arguments of a call as the object that most providers want; null where it is none. */
export function argumentsOf(text: string): JsonObject | null {
  if (text.trim() === '') return {};
  const value = parsed(text);
  return isObject(value) ? value : null;
}

/** The text that a base64 is of; null where it is none, or no UTF-8. */
export function textOfBase64(base64: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The base64 of what two of them are together; each may have been filled up at its end. */
export function joinBase64(first: string, second: string): string {
  if (first === '' || second === '') return first + second;
  try {
    return btoa(atob(first) + atob(second));
  } catch {
    return first + second;
  }
}
