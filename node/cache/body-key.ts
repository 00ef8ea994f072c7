/**
 * What of a request's body tells two requests apart, where a route caches the answers to POST (as GraphQL asks): every byte
 * of it, or members of a JSON object that the operator names. As a text, which is then hashed. Pure.
 */
import { combinedValue, type HeaderList, hasField } from '@weir/proto/http/headers.js';
import type { BodyKeySpec } from '@weir/proto/snapshot/cache.js';

/** Null: it can't be told, and the request goes past the cache. `text` is the body, a character for each byte. */
export function bodyKey(headers: HeaderList, text: string, { members }: BodyKeySpec): string | null {
  if (members.length === 0) {
    // The same bytes may mean another thing as another type.
    const type = combinedValue(headers, 'content-type') ?? '';
    const coding = combinedValue(headers, 'content-encoding') ?? '';
    return `${type}\n${coding}\n${text}`;
  }
  if (hasField(headers, 'content-encoding')) return null;
  const found = topMembers(text);
  return found === null ? null : JSON.stringify(members.map((name) => found.get(name) ?? null));
}

/**
 * Members of the object that a body is, each as the text that it was sent as. Null: it is no JSON object, or a member is
 * there twice, of which we and the upstream might see another one.
 */
function topMembers(text: string): Map<string, string> | null {
  if (!isJsonObject(text)) return null;
  const found = new Map<string, string>();
  // From here on it is known to be well-formed, so that strings and brackets are all there is to tell apart.
  let depth = 0;
  let name: string | null = null;
  let valueFrom = 0;
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if ((mark === ',' || mark === '}') && depth === 1 && name !== null) {
      if (found.has(name)) return null;
      found.set(name, text.slice(valueFrom, at).trim());
      name = null;
    } else if (mark === ':' && depth === 1) valueFrom = at + 1;
    else if (mark === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && name === null) {
        name = decodedName(text.slice(at, end));
        if (name === null) return null;
      }
      at = end - 1;
    }
    if (mark === '{' || mark === '[') depth += 1;
    else if (mark === '}' || mark === ']') depth -= 1;
  }
  return found;
}

/** Behind its closing quote. A pattern keeps a place to come back to for each character, and has no room for millions of them. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at += 1) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null: its bytes are no UTF-8, and nobody knows what an upstream makes of them. */
function decodedName(quoted: string): string | null {
  try {
    const bytes = Uint8Array.from(quoted, (character) => character.charCodeAt(0));
    return String(JSON.parse(utf8.decode(bytes)));
  } catch {
    return null;
  }
}
