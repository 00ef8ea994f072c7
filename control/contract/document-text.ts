/**
 * The text of a contract, JSON or YAML, to plain JSON values: bounded in bytes, depth and number of values before anything looks at
 * them. Pure, and never throws.
 */

import { isList, isObject, type Json, type JsonObject, pointerTo } from '@weir/proto/contract/json-value.js';
import { type ContractFault, ContractFaults, shown } from './contract-faults.js';
import { contractBytesMax } from './contract-size.js';
import { lineCounter, linesOf } from './document-places.js';
import { documentDepthMax, eventsOf, valueFrom } from './yaml-values.js';

/** Values in a document, with aliases counted in full. One of 5 MiB that people use has about 250,000. */
export const contractValuesMax = 500_000;
/** Alternatives of one enum, and members of one list beside it. */
const LIST_MAX = 20_000;

export type ReadText =
  | {
      readonly ok: true;
      readonly value: JsonObject;
      readonly lines: (pointers: readonly string[]) => ReadonlyMap<string, number>;
    }
  | { readonly ok: false; readonly faults: readonly ContractFault[] };

export function readText(text: string): ReadText {
  // A character is one byte at least, so what is longer than that need not be counted.
  if (text.length > contractBytesMax || utf8Bytes(text) > contractBytesMax)
    return refused(null, 'the document is larger than 5 MiB', 'split it into several services, or leave examples out');
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  const parsed = valueIn(plain);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  const faults = new ContractFaults();
  checkBounds(value, faults);
  const lines = (pointers: readonly string[]) => linesOf(plain, pointers);
  if (faults.hasErrors) return { ok: false, faults: faults.all(lines) };
  if (!isObject(value)) return refused(1, 'this is no OpenAPI document', 'it begins with `openapi: 3.1.0`');
  return { ok: true, value, lines };
}

type Parsed =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly faults: readonly ContractFault[] };

function valueIn(text: string): Parsed {
  if (/^\s*[{[]/.test(text)) {
    const { depth, values } = sizeOfJson(text);
    if (depth > documentDepthMax) return refused(null, tooDeep, 'nothing that people write is as deep');
    if (values > contractValuesMax) return refused(null, tooMany, 'split it into several services');
    try {
      // What comes from this parser is of these kinds.
      return { ok: true, value: JSON.parse(text) as Json };
    } catch {
      // A flow mapping of YAML looks the same; if it is none either, that parser says where it goes wrong.
    }
  }
  const read = eventsOf(text);
  const built = read.ok ? valueFrom(text, read.events) : read;
  if (built.ok) return built;
  const { offset, message, cure } = built.fault;
  return refused(lineCounter(text)(offset), message, cure);
}

const tooDeep = `the document is nested more than ${documentDepthMax} levels deep`;
const tooMany = `the document has more than ${contractValuesMax} values (aliases count in full)`;

function refused(
  line: number | null,
  message: string,
  cure: string,
): { readonly ok: false; readonly faults: readonly ContractFault[] } {
  return { ok: false, faults: [{ severity: 'error', pointer: '', line, message, cure }] };
}

/** An upper bound of the values in a JSON text, and its depth, before memory is spent on it. */
function sizeOfJson(text: string): { readonly depth: number; readonly values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // A text: up to its closing quote.
        at += 1;
        while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        values += 1;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
      case 0x2c:
        values += 1;
    }
  }
  return { depth: deepest, values };
}

/** Depth first, and given up at the first bound: aliases may make a small text a large document. */
function checkBounds(root: Json, faults: ContractFaults): void {
  let values = 0;
  const visit = (value: Json, pointer: string, depth: number): boolean => {
    values += 1;
    if (values > contractValuesMax) return giveUp('', tooMany, 'split it, or expand fewer aliases');
    if (depth > documentDepthMax) return giveUp(pointer, tooDeep, 'nothing that people write is as deep');
    if (isList(value)) {
      if (value.length > LIST_MAX)
        return giveUp(
          pointer,
          `the list has more than ${LIST_MAX} members`,
          'describe the values by a pattern or a range',
        );
      return value.every((item, index) =>
        typeof item !== 'object' || item === null ? count() : visit(item, `${pointer}/${index}`, depth + 1),
      );
    }
    if (!isObject(value)) return true;
    for (const key of Object.keys(value)) {
      if (key === '__proto__') return giveUp(pointer, 'the key `__proto__` is not allowed', 'give it another name');
      if (key.length > KEY_LENGTH_MAX)
        return giveUp(pointer, `the key ${shown(key)} is longer than ${KEY_LENGTH_MAX} characters`, 'shorten it');
      const item = value[key] ?? null;
      if (typeof item === 'object' && item !== null) {
        if (!visit(item, pointerTo(pointer, key), depth + 1)) return false;
      } else if (!count()) return false;
    }
    return true;
  };
  const count = (): boolean => {
    values += 1;
    return values <= contractValuesMax || giveUp('', tooMany, 'split it, or expand fewer aliases');
  };
  const giveUp = (pointer: string, message: string, cure: string): boolean => {
    faults.error(pointer, message, cure);
    return false;
  };
  visit(root, '', 0);
}

const KEY_LENGTH_MAX = 2048;

function utf8Bytes(text: string): number {
  return text.length * 3 <= contractBytesMax ? text.length : new TextEncoder().encode(text).byteLength;
}
