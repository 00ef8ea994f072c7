/**
 * Cuts the items out of an answer that holds several, as the very text that they are: a number with more digits than JavaScript has, or a
 * member that comes twice, reaches the client as the upstream wrote it. The text is known to be JSON when it is cut (`parsedJson`). Pure.
 */
import { parsedJson } from '../../ai/json.js';

/** Items by what their `key` says, as texts of JSON; of an object, by the names of its members. Null: there is no list. */
export function itemsIn(text: string, path: readonly string[], key: string): ReadonlyMap<string, string> | null {
  if (parsedJson(text) === undefined) return null;
  let at = skipSpace(text, 0);
  for (const step of path) {
    const found = text[at] === '{' ? membersOf(text, at).findLast(({ name }) => name === step) : undefined;
    if (found === undefined) return null;
    at = found.start;
  }
  if (text[at] === '{')
    return new Map(membersOf(text, at).map(({ name, start, end }) => [name, text.slice(start, end)]));
  if (text[at] !== '[') return null;
  const items = new Map<string, string>();
  for (const { start, end } of elementsOf(text, at)) {
    const id = text[start] === '{' ? idOf(text, start, key) : null;
    if (id !== null) items.set(id, text.slice(start, end));
  }
  return items;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text, or a number as it is written. */
function idOf(text: string, start: number, key: string): string | null {
  const member = membersOf(text, start).findLast(({ name }) => name === key);
  if (member === undefined) return null;
  const written = text.slice(member.start, member.end);
  if (written.startsWith('"')) return String(JSON.parse(written));
  return /^-?\d/.test(written) ? written : null;
}

function membersOf(text: string, start: number): (Span & { readonly name: string })[] {
  const members: (Span & { readonly name: string })[] = [];
  for (let at = skipSpace(text, start + 1); text[at] === '"'; ) {
    const nameEnd = endOfString(text, at);
    const name = String(JSON.parse(text.slice(at, nameEnd)));
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = endOfValue(text, valueStart);
    members.push({ name, start: valueStart, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function elementsOf(text: string, start: number): Span[] {
  const elements: Span[] = [];
  for (let at = skipSpace(text, start + 1); at < text.length && text[at] !== ']'; ) {
    const end = endOfValue(text, at);
    elements.push({ start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return elements;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first !== '{' && first !== '[') {
    let end = start;
    while (end < text.length && !/[\s,\]}]/.test(text.charAt(end))) end += 1;
    return end;
  }
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const unit = text[at];
    if (unit === '"') at = endOfString(text, at) - 1;
    else if (unit === '{' || unit === '[') depth += 1;
    else if (unit === '}' || unit === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** Behind its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) at += 1;
  return at;
}
