/**
 * `$ref`: to places in the same document, and nowhere else. What lies in other files or on other hosts is refused unfetched: a document is
 * one text, so that what was checked is what runs. Chains are followed up to a bound, and end where they come back to themselves. Pure.
 */

import { isObject, type Json, type JsonObject, member, valueAtPointer } from '@weir/proto/contract/json-value.js';
import { type ContractFaults, shown } from './contract-faults.js';

const CHAIN_MAX = 32;

export interface Found {
  readonly value: Json;
  readonly pointer: string;
}

export class References {
  readonly #root: JsonObject;
  readonly #faults: ContractFaults;
  #anchors: ReadonlyMap<string, string> | null = null;

  constructor(root: JsonObject, faults: ContractFaults) {
    this.#root = root;
    this.#faults = faults;
  }

  /** What stands at the end of its references; null after a fault. */
  follow(value: Json | undefined, pointer: string): Found | null {
    let at: Found = { value: value ?? null, pointer };
    for (let steps = 0; steps <= CHAIN_MAX; steps += 1) {
      const ref = member(at.value, '$ref');
      if (ref === undefined) return at;
      const next = this.at(ref, `${at.pointer}/$ref`);
      if (next === null) return null;
      at = next;
    }
    this.#faults.error(
      pointer,
      'the chain of references from here does not end',
      'refer to what is meant, not to a reference',
    );
    return null;
  }

  /** One step. */
  at(ref: Json, pointer: string): Found | null {
    if (typeof ref !== 'string') {
      this.#faults.error(pointer, 'a reference must be a text', 'write $ref: "#/components/schemas/NAME"');
      return null;
    }
    const target = this.pointerOf(ref);
    if (target === null) {
      const isHere = ref.startsWith('#');
      const message = isHere
        ? `${shown(ref)} is no reference`
        : `${shown(ref)} lies outside of this document, and is not fetched`;
      const cure = isHere
        ? 'write $ref: "#/components/schemas/NAME"'
        : 'bundle the document into one file before it is imported';
      this.#faults.error(pointer, message, cure);
      return null;
    }
    const value = valueAtPointer(this.#root, target);
    if (value !== undefined) return { value, pointer: target };
    this.#faults.error(pointer, `there is nothing at ${shown(ref)}`, 'correct the name, or add what is referred to');
    return null;
  }

  /** What stands there, or null; says nothing. */
  look(pointer: string): Json | null {
    return valueAtPointer(this.#root, pointer) ?? null;
  }

  /** The JSON pointer that a reference stands for; null: it is none to a place in here. */
  pointerOf(ref: string): string | null {
    if (ref === '#' || ref.startsWith('#/')) return decoded(ref.slice(1));
    if (!ref.startsWith('#')) return null;
    this.#anchors ??= anchorsIn(this.#root);
    return this.#anchors.get(ref.slice(1)) ?? null;
  }
}

function decoded(fragment: string): string | null {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return null;
  }
}

/** `$anchor` of JSON Schema 2020-12; a dynamic one is taken for what it is where it stands. */
function anchorsIn(root: JsonObject): ReadonlyMap<string, string> {
  const anchors = new Map<string, string>();
  const visit = (value: Json, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isObject(value))
      for (const keyword of ['$anchor', '$dynamicAnchor']) {
        const name = member(value, keyword);
        if (typeof name === 'string' && !anchors.has(name)) anchors.set(name, pointer);
      }
    for (const [key, item] of Object.entries(value))
      visit(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  };
  visit(root, '');
  return anchors;
}
