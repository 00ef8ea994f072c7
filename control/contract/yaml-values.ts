/**
 * YAML to JSON values, from the events of js-yaml: five times as fast as a tree with places, which a document of 5 MiB would take ten
 * seconds for. The walk from events to values is ours: an alias shares the value that it stands for, so a few lines that stand for
 * terabytes take no memory (document-bounds.ts counts them in full, and gives up early); keys are words, each once; what JSON has no
 * word for is a fault. Pure, and never throws.
 */

import type { Json } from '@weir/proto/contract/json-value.js';
import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { shown } from './contract-faults.js';

/** Collections within collections; a schema of a contract is rarely twenty deep. */
export const documentDepthMax = 100;

export interface YamlFault {
  readonly offset: number;
  readonly message: string;
  readonly cure: string;
}

export type YamlEvents =
  | { readonly ok: true; readonly events: readonly Event[] }
  | { readonly ok: false; readonly fault: YamlFault };

export function eventsOf(text: string): YamlEvents {
  try {
    return { ok: true, events: parseEvents(text, { maxDepth: documentDepthMax }) };
  } catch (error) {
    const cure = 'check indentation, quotes and brackets';
    if (!(error instanceof YAMLException))
      return { ok: false, fault: { offset: 0, message: 'the text cannot be parsed', cure } };
    const offset = error.mark?.position ?? 0;
    return { ok: false, fault: { offset, message: shown(error.reason), cure } };
  }
}

export type YamlValue = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly fault: YamlFault };

interface Open {
  readonly list: Json[] | null;
  readonly object: Record<string, Json> | null;
  readonly anchor: string | null;
  /** Of an object: the key whose value comes next. */
  key: string | null;
  readonly merged: Json[];
}

export function valueFrom(text: string, events: readonly Event[]): YamlValue {
  return new Building(text).run(events);
}

class Building {
  readonly #text: string;
  readonly #anchors = new Map<string, Json>();
  readonly #open: Open[] = [];
  #result: Json | undefined;
  #documents = 0;
  #fault: YamlFault | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  run(events: readonly Event[]): YamlValue {
    for (const event of events) {
      this.#take(event);
      if (this.#fault !== null) return { ok: false, fault: this.#fault };
    }
    return { ok: true, value: this.#result ?? null };
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#documents += 1;
        if (this.#documents > 1) this.#refuse(0, 'the file holds more than one YAML document', 'keep one of them');
        break;
      case EVENT_ID.SCALAR:
        this.#scalar(event);
        break;
      case EVENT_ID.ALIAS: {
        const value = this.#anchors.get(this.#slice(event.anchorStart, event.anchorEnd));
        const cure = 'an anchor stands before its aliases, and not around them; a text that begins with * needs quotes';
        if (value === undefined) this.#refuse(event.anchorStart, 'there is no such anchor before this alias', cure);
        else this.#place(value, event.anchorStart, null);
        break;
      }
      case EVENT_ID.POP:
        this.#close();
        break;
      default: {
        const isList = event.type === EVENT_ID.SEQUENCE;
        if (this.#isKeyDue()) {
          this.#refuse(event.start, 'a key must be a word', 'write `name: value`');
          return;
        }
        const anchor = event.anchorStart < 0 ? null : this.#slice(event.anchorStart, event.anchorEnd);
        this.#open.push({ list: isList ? [] : null, object: isList ? null : {}, anchor, key: null, merged: [] });
      }
    }
  }

  #isKeyDue(): boolean {
    const top = this.#open.at(-1);
    return top !== undefined && top.object !== null && top.key === null;
  }

  #scalar(event: ScalarEvent): void {
    const text = getScalarValue(this.#text, event);
    const tag = event.tagStart < 0 ? '' : this.#slice(event.tagStart, event.tagEnd);
    const isPlain = event.style === SCALAR_STYLE.PLAIN;
    if (tag !== '' && tag !== '!!str' && tag !== '!') {
      this.#refuse(event.tagStart, `the tag ${shown(tag)} has no meaning in a contract`, 'remove the tag');
      return;
    }
    const anchor = event.anchorStart < 0 ? null : this.#slice(event.anchorStart, event.anchorEnd);
    if (this.#isKeyDue()) {
      if (anchor !== null) this.#anchors.set(anchor, text);
      this.#key(text, event.valueStart, isPlain);
      return;
    }
    const value = isPlain && tag === '' ? plainValue(text) : text;
    if (value === undefined)
      this.#refuse(event.valueStart, `${shown(text)} is no number of JSON`, 'put it in quotes, or leave it out');
    else this.#place(value, event.valueStart, anchor);
  }

  #key(key: string, offset: number, isPlain: boolean): void {
    const top = this.#open.at(-1);
    if (top?.object == null) return;
    if (key === '__proto__') this.#refuse(offset, 'the key `__proto__` is not allowed', 'give it another name');
    else if (key === '<<' && isPlain) top.key = MERGE;
    else if (Object.hasOwn(top.object, key))
      this.#refuse(offset, `the key \`${shown(key)}\` is here a second time`, 'keep one of them');
    else top.key = key;
  }

  #place(value: Json, offset: number, anchor: string | null): void {
    if (anchor !== null) this.#anchors.set(anchor, value);
    const top = this.#open.at(-1);
    if (top === undefined) this.#result = value;
    else if (top.list !== null) top.list.push(value);
    else if (top.key === null) this.#aliasAsKey(value, offset);
    else if (top.object !== null) {
      if (top.key === MERGE) top.merged.push(...(Array.isArray(value) ? value : [value]));
      else top.object[top.key] = value;
      top.key = null;
    }
  }

  #aliasAsKey(value: Json, offset: number): void {
    if (typeof value === 'string') this.#key(value, offset, false);
    else this.#refuse(offset, 'a key must be a word', 'write `name: value`');
  }

  #close(): void {
    const done = this.#open.pop();
    if (done === undefined) return; // The end of the document.
    if (done.object !== null) for (const from of done.merged) mergeInto(done.object, from);
    this.#place(done.list ?? done.object ?? null, 0, done.anchor);
  }

  #slice(start: number, end: number): string {
    return this.#text.slice(start, end);
  }

  #refuse(offset: number, message: string, cure: string): void {
    this.#fault ??= { offset: Math.max(0, offset), message, cure };
  }
}

/** As a key of its own it would have to come from a text with this character, which YAML has none of. */
const MERGE = '\u0000<<';

/** https://yaml.org/type/merge.html: what is there already stays. */
function mergeInto(object: Record<string, Json>, from: Json): void {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) return;
  for (const [key, value] of Object.entries(from)) if (!Object.hasOwn(object, key)) object[key] = value;
}

const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const OTHER_BASE = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/;

/** The core schema of YAML 1.2.2, §10.3.2. Undefined: a number that JSON has not. */
function plainValue(text: string): Json | undefined {
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (text.length <= 400 && (INTEGER.test(text) || FLOAT.test(text) || OTHER_BASE.test(text))) {
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
  }
  return /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(text) ? undefined : text;
}
