/**
 * The Prefer field (RFC 7240) as far as it is about time: `respond-async` (§4.1) and `wait` (§4.3).
 *
 *   Prefer: respond-async, wait=5; because="it takes long", return=minimal
 *
 * Of a preference that comes twice only the first counts (§2). What can't be read is no preference; nobody is refused
 * for it, since a server may ignore every one of them. Pure.
 */
import { combinedValue, type HeaderList, withoutField } from '@weir/proto/http/headers.js';

export interface AsyncWish {
  /** The client takes a 202 and looks after the answer itself. */
  readonly respondAsync: boolean;
  /** Seconds that it waits for the answer at most; null where it doesn't say. */
  readonly waitS: number | null;
}

export const noWish: AsyncWish = { respondAsync: false, waitS: null };

interface Preference {
  /** Lower-case; empty for a member that can't be read. */
  readonly name: string;
  /** Without its quotes; empty where there is none. */
  readonly value: string;
  /** As it was written. */
  readonly text: string;
}

export function asyncWish(headers: HeaderList): AsyncWish {
  const field = combinedValue(headers, 'prefer');
  if (field === undefined) return noWish;
  const preferences = parsePrefer(field);
  const first = (name: string): string | undefined => preferences.find((one) => one.name === name)?.value;
  const wait = first('wait');
  return {
    // An empty value is the same as none (§2), and this preference has no other.
    respondAsync: first('respond-async') === '',
    // Nine digits are thirty years; more could not be told apart by a double.
    waitS: wait !== undefined && /^\d{1,9}$/.test(wait) ? Number(wait) : null,
  };
}

/** The fields without the wishes that were granted: an upstream that granted them once more would answer 202 to us. */
export function withoutAsyncWish(headers: HeaderList): HeaderList {
  const field = combinedValue(headers, 'prefer');
  if (field === undefined) return headers;
  const left = parsePrefer(field).filter(({ name }) => name !== 'respond-async' && name !== 'wait');
  const rest = withoutField(headers, 'prefer');
  return left.length === 0 ? rest : [...rest, 'prefer', left.map(({ text }) => text).join(', ')];
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** Name, and what may follow it: a value, and parameters, which none of ours has. */
const MEMBER = new RegExp(`^(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*(?:;|$)`);

export function parsePrefer(field: string): Preference[] {
  return members(field).map((text) => {
    const [, name = '', token, quoted] = MEMBER.exec(text) ?? [];
    return { name: name.toLowerCase(), value: token ?? quoted?.replace(/\\(.)/g, '$1') ?? '', text };
  });
}

/** Splits at the commas that stand outside of quotes; empty members are dropped (RFC 9110 §5.6.1). */
function members(field: string): string[] {
  const found: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let at = 0; at < field.length; at += 1) {
    const letter = field[at];
    if (isQuoted && letter === '\\') at += 1;
    else if (letter === '"') isQuoted = !isQuoted;
    else if (letter === ',' && !isQuoted) {
      found.push(field.slice(from, at));
      from = at + 1;
    }
  }
  found.push(field.slice(from));
  return found.map((text) => text.trim()).filter((text) => text !== '');
}
