/**
 * What a burst of calls shows: items of one kind that were asked for one by one, and calls that came together as those of a page do. Pure.
 *
 *   GET /users/7   GET /carts/7   GET /products/3 · 9 · 12 · 40
 *   └──────── page ────────────┘  └──────── items ────────────┘
 *
 * A value that comes in several calls (the 7) is one slot of the page. That two are equal by chance makes another page of the burst, which is
 * not seen often enough to be told.
 */
import type { Call } from './trail.js';

/** Fewer than so many of a kind are no pattern. */
export const ITEMS_MIN = 4;
export const PARTS_MIN = 3;
export const PARTS_MAX = 12;
export const SLOTS_MAX = 3;
/** As long as a route that coalesces waits for others. */
export const WINDOW_MS = 5;
const COALESCED_MAX = 50;
/** Of a batch: how many of its requests run at once. */
const BATCH_CONCURRENCY = 10;

/** What it took: calls and requests to the upstream as they were, and as they would be. */
export interface Effort {
  readonly calls: number;
  readonly asked: number;
  readonly askedAfter: number;
  /** From the first call to the last answer, and what is expected. */
  readonly spanMs: number;
  readonly spanAfterMs: number;
}

export interface ItemsSeen extends Effort {
  readonly kind: 'items';
  readonly routeId: string;
  readonly shape: string;
  /** Most began before the client could know another one's answer, within one window. */
  readonly isTogether: boolean;
  readonly values: readonly string[];
}

export interface PagePart {
  readonly routeId: string;
  readonly shape: string;
  /** Of each value in the shape, the slot. */
  readonly slots: readonly number[];
  /** By the slot that a parameter is equal to; null: the client's own. */
  readonly query: readonly (readonly [name: string, slot: number | null])[];
}

export interface PageSeen extends Effort {
  readonly kind: 'page';
  readonly parts: readonly PagePart[];
  /** What was in the slots. */
  readonly values: readonly string[];
}

export type Seen = ItemsSeen | PageSeen;

export function patternsIn(burst: readonly Call[]): readonly Seen[] {
  const calls = [...burst].sort((a, b) => a.startMs - b.startMs);
  const kinds = new Map<string, Call[]>();
  for (const call of calls) {
    const kind = `${call.routeId} ${call.shape}`;
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, [call]);
    else known.push(call);
  }
  const groups = [...kinds.values()];
  const items = groups.flatMap((group) => itemsIn(group) ?? []);
  // What comes several times is no part of a page, whatever else it is.
  const page = pageOf(groups.flatMap((group) => (group.length === 1 ? group : [])));
  return page === null ? items : [...items, page];
}

/** Null: these are no items of one kind. */
function itemsIn(calls: readonly Call[]): ItemsSeen | null {
  const [first] = calls;
  if (first === undefined || calls.length < ITEMS_MIN) return null;
  const at = first.values.findIndex((value, index) => calls.some(({ values }) => values[index] !== value));
  const isOne = (call: Call): boolean => call.values.every((value, i) => i === at || value === first.values[i]);
  const values = new Set(calls.map((call) => call.values[at] ?? ''));
  // The same item again and again is a matter for a cache.
  if (at < 0 || !calls.every(isOne) || values.size < ITEMS_MIN) return null;
  const asked = calls.filter(({ wasAsked }) => wasAsked);
  const windows = windowsOf(asked);
  const isTogether = windows * 2 <= asked.length;
  const meanMs = sum(calls, lengthOf) / calls.length;
  const longestMs = Math.max(...calls.map(lengthOf));
  const waves = Math.ceil(calls.length / BATCH_CONCURRENCY);
  return {
    ...{ kind: 'items', routeId: first.routeId, shape: first.shape, isTogether, values: [...values].sort() },
    ...{ calls: calls.length, asked: asked.length, askedAfter: isTogether ? windows : asked.length },
    spanMs: isTogether ? meanMs : spanOf(calls),
    // Who waits for others waits longer; of a batch each wave takes as long as its longest.
    spanAfterMs: isTogether ? meanMs + WINDOW_MS : waves * longestMs,
  };
}

/** Into how many requests they would be put together. */
function windowsOf(calls: readonly Call[]): number {
  let windows = 0;
  let [beganAtMs, size] = [Number.NEGATIVE_INFINITY, 0];
  for (const { startMs } of calls) {
    if (startMs - beganAtMs > WINDOW_MS || size >= COALESCED_MAX) {
      windows += 1;
      [beganAtMs, size] = [startMs, 0];
    }
    size += 1;
  }
  return windows;
}

function pageOf(calls: readonly Call[]): PageSeen | null {
  if (calls.length < PARTS_MIN || calls.length > PARTS_MAX) return null;
  const values: string[] = [];
  for (const call of calls) for (const value of call.values) if (!values.includes(value)) values.push(value);
  if (values.length > SLOTS_MAX) return null;
  const parts = calls.map(({ routeId, shape, values: own, query }): PagePart => {
    const slotOf = (value: string): number | null => (values.includes(value) ? values.indexOf(value) : null);
    return {
      ...{ routeId, shape, slots: own.map((value) => values.indexOf(value)) },
      query: query.map(([name, value]) => [name, slotOf(value)] as const),
    };
  });
  const asked = calls.filter(({ wasAsked }) => wasAsked).length;
  return {
    ...{ kind: 'page', parts: inOneOrder(parts), values, calls: calls.length, asked, askedAfter: asked },
    ...{ spanMs: spanOf(calls), spanAfterMs: Math.max(...calls.map(lengthOf)) },
  };
}

/** Calls that go side by side come in any order. */
function inOneOrder(parts: readonly PagePart[]): readonly PagePart[] {
  return [...parts].sort((a, b) => (a.shape < b.shape ? -1 : a.shape > b.shape ? 1 : 0));
}

const lengthOf = ({ startMs, endMs }: Call): number => endMs - startMs;

function spanOf(calls: readonly Call[]): number {
  return Math.max(...calls.map(({ endMs }) => endMs)) - Math.min(...calls.map(({ startMs }) => startMs));
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
