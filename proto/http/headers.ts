/**
 * Header fields as a flat list: [name, value, name, value, …], names in lower case, order and repeats kept.
 *
 * A list of two strings per field is what the wire is; it costs no hashing and no array per field, and it
 * round-trips fields that may be repeated (Set-Cookie) without special cases. Field names are compared in lower
 * case (RFC 9110 §5.1), so everything that enters the house lowers them once, at the listener or the transport.
 */

/** Flat list of header fields: even index = lower-case name, odd index = value. */
export type HeaderList = readonly string[];

/** The same list while it is being built, by the one who builds it. */
export type MutableHeaderList = string[];

/** The first value of a field, or undefined. `name` must be lower-case. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** All values of a field joined as one list value (RFC 9110 §5.3), or undefined where the field is absent. */
export function combinedValue(headers: HeaderList, name: string): string | undefined {
  let combined: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    const value = headers[i + 1] ?? '';
    combined = combined === undefined ? value : `${combined}, ${value}`;
  }
  return combined;
}

/** How often a field stands in the list. */
export function countField(headers: HeaderList, name: string): number {
  let count = 0;
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) count += 1;
  return count;
}

export function hasField(headers: HeaderList, name: string): boolean {
  return headerValue(headers, name) !== undefined;
}

/** A new list without the named field. */
export function withoutField(headers: HeaderList, name: string): MutableHeaderList {
  // Copied as a whole and closed up: a list that grows by pushes is copied several times.
  const kept = headers.slice();
  let end = 0;
  for (let i = 0; i < kept.length; i += 2) {
    const field = kept[i] ?? '';
    if (field === name) continue;
    if (end < i) {
      kept[end] = field;
      kept[end + 1] = kept[i + 1] ?? '';
    }
    end += 2;
  }
  while (kept.length > end) kept.pop();
  return kept;
}

/** A new list in which the field stands once, last, with this value. */
export function withField(headers: HeaderList, name: string, value: string): MutableHeaderList {
  // Where the field is new, which is the usual case, the list is copied as a whole.
  const list = hasField(headers, name) ? withoutField(headers, name) : headers.slice();
  list.push(name, value);
  return list;
}

/** The members of a comma-separated list field, trimmed and lowered; empty members are dropped (RFC 9110 §5.6.1). */
export function listTokens(value: string): string[] {
  return value
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

/** Whether we would send this value: RFC 9110 §5.5 without the obsolete octets beyond ASCII. */
export function isSendableValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value);
}
