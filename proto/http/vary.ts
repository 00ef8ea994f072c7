/**
 * The Vary field (RFC 9110 §12.5.5): which request fields had a say in a response. As a set in a fixed order, so that two
 * spellings of it are one.
 */
import { combinedValue, type HeaderList, listTokens } from './headers.js';

/** Lower-case names, sorted, each once; `*`: something that no request field tells. */
export type VaryNames = '*' | readonly string[];

const NOTHING: readonly string[] = [];

/** RFC 9110 §5.6.2. A name that no field can have selects nothing; whoever sent it meant something that is not known. */
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

export function varyNames(headers: HeaderList): VaryNames {
  const value = combinedValue(headers, 'vary');
  if (value === undefined) return NOTHING;
  const names = new Set<string>();
  for (const name of listTokens(value)) {
    if (name === '*' || !TOKEN.test(name)) return '*';
    names.add(name);
  }
  return [...names].sort();
}
