/**
 * Reads credentials out of a request: the Authorization field (RFC 9110 §11.6.2), a field or a query parameter with a
 * key. A credential that comes twice is ambiguous and refused: the gateway could check the one and the upstream use the
 * other.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { decodeFormText, queryPairs } from '../route/conditions.js';

/** Undefined: there is none. Null: there is more than one. */
export type Found = string | undefined | null;

export function onlyField(headers: HeaderList, name: string): Found {
  let value: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    if (value !== undefined) return null;
    value = headers[i + 1] ?? '';
  }
  return value;
}

export function onlyParameter(query: string, name: string): Found {
  if (query === '') return undefined;
  const values = queryPairs(query).filter((_, i, pairs) => i % 2 === 1 && pairs[i - 1] === name);
  return values.length > 1 ? null : values[0];
}

/** What follows the scheme (case-insensitive) in the Authorization field; undefined for another scheme. */
export function onlyAuthorization(headers: HeaderList, scheme: 'basic' | 'bearer'): Found {
  const value = onlyField(headers, 'authorization');
  if (value === null || value === undefined) return value;
  const space = value.indexOf(' ');
  if (space !== scheme.length || value.slice(0, space).toLowerCase() !== scheme) return undefined;
  return value.slice(space).trim();
}

export interface BasicPair {
  readonly username: string;
  readonly password: string;
}

const BASIC_LENGTH_MAX = 4 * 1024;

/** RFC 7617 §2: base64 of `name:password` in UTF-8; the name holds no colon, and neither holds control characters. */
export function parseBasic(credentials: string): BasicPair | null {
  if (credentials.length > BASIC_LENGTH_MAX || !/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return null;
  try {
    const bytes = Uint8Array.from(atob(credentials), (character) => character.charCodeAt(0));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const colon = text.indexOf(':');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused here.
    if (colon === -1 || /[\x00-\x1f\x7f]/.test(text)) return null;
    return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return null; // Not base64 of this length, or not UTF-8.
  }
}

/** The query without a parameter, in whatever spelling; the others stay as they were sent. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((part) => decodeFormText(part.split('=', 1)[0] ?? '') !== name)
    .join('&');
}
