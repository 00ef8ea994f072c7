/**
 * One value held to a schema: where it is, what was found, and how much work is left. A body comes from a stranger and a schema from
 * another, so what both can ask for is counted: when the work is used up the value is neither right nor wrong, and whoever asked decides.
 */
import { isList, type Json } from './json-value.js';

/** Visits of a value by a schema, and what costs as much. A body of 1 MiB with a common schema takes about 300,000. */
export const schemaWorkMax = 2_000_000;
/** Schemas within schemas; each takes some frames of the stack. */
export const schemaDepthMax = 300;

export interface SchemaFault {
  /** Steps into the value; empty: the value itself. */
  readonly path: readonly (string | number)[];
  /** Never a part of the value. */
  readonly what: string;
}

/** What keywords have looked at: `unevaluatedProperties` and `unevaluatedItems` are for the rest. */
export interface Seen {
  readonly names: Set<string>;
  readonly items: Set<number>;
}

export type Check = (value: Json, run: Run, seen: Seen | null) => boolean;

export class Run {
  readonly path: (string | number)[] = [];
  readonly faults: SchemaFault[] = [];
  readonly #faultsMax: number;
  #work: number;
  #depth = 0;
  #silent = 0;
  isExhausted = false;
  /** More was wrong than is told. */
  isCut = false;

  constructor(faultsMax: number, work = schemaWorkMax) {
    this.#faultsMax = faultsMax;
    this.#work = work;
  }

  get workLeft(): number {
    return this.#work;
  }

  /** Whether looking further would tell nothing more. */
  get isDone(): boolean {
    return this.#silent > 0 || this.isExhausted || this.isCut;
  }

  /** False: the work is used up. */
  spend(work: number): boolean {
    this.#work -= work;
    if (this.#work < 0) this.isExhausted = true;
    return !this.isExhausted;
  }

  /** False: too deep. Who was let in leaves. */
  enter(): boolean {
    this.#depth += 1;
    if (this.#depth > schemaDepthMax) this.isExhausted = true;
    return this.spend(1);
  }

  leave(): void {
    this.#depth -= 1;
  }

  fault(what: string): false {
    return this.tell(this.path, what);
  }

  tell(path: readonly (string | number)[], what: string): false {
    if (this.#silent > 0) return false;
    if (this.faults.length >= this.#faultsMax) this.isCut = true;
    else this.faults.push({ path: [...path], what });
    return false;
  }

  faultAt(step: string | number, what: string): false {
    this.path.push(step);
    this.fault(what);
    this.path.pop();
    return false;
  }

  /** Below a step. */
  at(step: string | number, value: Json, check: Check): boolean {
    this.path.push(step);
    const isRight = check(value, this, null);
    this.path.pop();
    return isRight;
  }

  /** Whether it fits, with nothing said of it. */
  quietly(value: Json, check: Check, seen: Seen | null): boolean {
    this.#silent += 1;
    const isRight = check(value, this, seen);
    this.#silent -= 1;
    return isRight && !this.isExhausted;
  }
}

export function emptySeen(): Seen {
  return { names: new Set(), items: new Set() };
}

export function addSeen(to: Seen, from: Seen): void {
  for (const name of from.names) to.names.add(name);
  for (const item of from.items) to.items.add(item);
}

/** One text for all values that are equal in JSON; null: the work is used up. */
export function canonical(value: Json, run: Run): string | null {
  if (!run.enter()) return null;
  const text = canonicalText(value, run);
  run.leave();
  return text;
}

function canonicalText(value: Json, run: Run): string | null {
  if (typeof value === 'string') return run.spend(value.length >> 4) ? JSON.stringify(value) : null;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts: string[] = [];
  const isArray = isList(value);
  const entries: readonly (readonly [string, Json])[] = isArray
    ? value.map((item) => ['', item] as const)
    : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, item] of entries) {
    const text = canonical(item, run);
    if (text === null) return null;
    parts.push(isArray ? text : `${JSON.stringify(name)}:${text}`);
  }
  return isArray ? `[${parts.join()}]` : `{${parts.join()}}`;
}
