/**
 * Edits of header fields that a route asks for, compiled once: secrets are filled in, and what could break the message
 * (a line break in a value, a space in a name) fails the compilation of the snapshot instead of a request.
 */
import { type HeaderList, isSendableValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import type { HeaderEditsSpec, SecretText } from '@weir/proto/snapshot/snapshot.js';

/** RFC 9110 §5.6.2, in lower case. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

export interface HeaderEdits {
  /** Fields that are taken out: those to remove and those to set. */
  readonly dropped: ReadonlySet<string>;
  /** Fields that are put in behind what was kept: set first, then add. */
  readonly added: HeaderList;
}

/** Null when there is nothing to do. */
export function compileHeaderEdits(
  owner: string,
  spec: HeaderEditsSpec,
  reveal: (text: SecretText) => string,
): HeaderEdits | null {
  const added = [...spec.set, ...spec.add].flatMap(([name, value]) => [name, reveal(value)]);
  const dropped = new Set([...spec.remove, ...spec.set.map(([name]) => name)]);
  if (added.length === 0 && dropped.size === 0) return null;
  return { dropped, added: checkedFields(owner, added) };
}

export function applyHeaderEdits(headers: HeaderList, { dropped, added }: HeaderEdits): MutableHeaderList {
  const list: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === undefined || dropped.has(name)) continue;
    list.push(name, headers[i + 1] ?? '');
  }
  for (let i = 0; i < added.length; i += 1) list.push(added[i] ?? '');
  return list;
}

/** The same list, or an error that names the field. The value is not in the message: it may be a secret. */
export function checkedFields(owner: string, fields: HeaderList): HeaderList {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (!FIELD_NAME.test(name)) throw new Error(`route ${owner}: ${JSON.stringify(name)} is not a field name`);
    if (!isSendableValue(fields[i + 1] ?? '')) throw new Error(`route ${owner}: the value of ${name} cannot be sent`);
  }
  return fields;
}
