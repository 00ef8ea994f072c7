/**
 * Lines of places in a document, looked up when there is something to say of them: one walk over the events of the text for all that is
 * asked. JSON is YAML enough for that. Pure.
 */

import { stepsOf } from '@weir/proto/contract/json-value.js';
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml';
import { eventsOf } from './yaml-values.js';

interface Wanted {
  readonly below: Map<string, Wanted>;
  readonly pointers: string[];
}

/** Pointer → line; of one that is not in the text, that of what it would be in. */
export function linesOf(text: string, pointers: readonly string[]): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const read = eventsOf(text);
  if (!read.ok) return lines;
  const root: Wanted = { below: new Map(), pointers: [] };
  for (const pointer of pointers) {
    let at = root;
    for (const step of stepsOf(pointer) ?? []) {
      const next = at.below.get(step) ?? { below: new Map<string, Wanted>(), pointers: [] };
      at.below.set(step, next);
      at = next;
    }
    at.pointers.push(pointer);
  }
  const lineAt = lineCounter(text);
  const start = read.events.findIndex(({ type }) => type !== EVENT_ID.DOCUMENT);
  if (start >= 0) new Walk(text, read.events, lineAt, lines).node(start, root, 1);
  return lines;
}

class Walk {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #lineAt: (offset: number) => number;
  readonly #lines: Map<string, number>;

  constructor(text: string, events: readonly Event[], lineAt: (offset: number) => number, lines: Map<string, number>) {
    this.#text = text;
    this.#events = events;
    this.#lineAt = lineAt;
    this.#lines = lines;
  }

  /** Returns the index behind the node. Depth is bounded, for the parser bounds it. */
  node(index: number, wanted: Wanted | undefined, line: number): number {
    if (wanted !== undefined) this.#tell(wanted, line);
    const event = this.#events[index];
    if (event === undefined) return index;
    if (event.type !== EVENT_ID.MAPPING && event.type !== EVENT_ID.SEQUENCE) return index + 1;
    let at = index + 1;
    for (let position = 0; ; position += 1) {
      const next = this.#events[at];
      if (next === undefined || next.type === EVENT_ID.POP) return at + 1;
      const offset = offsetOf(next);
      const ownLine = offset < 0 ? line : this.#lineAt(offset);
      if (event.type === EVENT_ID.SEQUENCE) {
        at = this.node(at, wanted?.below.get(String(position)), ownLine);
        continue;
      }
      const key = next.type === EVENT_ID.SCALAR && wanted !== undefined ? getScalarValue(this.#text, next) : null;
      const afterKey = this.node(at, undefined, ownLine);
      at = this.node(afterKey, key === null ? undefined : wanted?.below.get(key), ownLine);
    }
  }

  /** What is below may not be there; then this is as near as it gets. */
  #tell(wanted: Wanted, line: number): void {
    for (const pointer of wanted.pointers) this.#lines.set(pointer, line);
    for (const below of wanted.below.values()) this.#tell(below, line);
  }
}

function offsetOf(event: Event): number {
  if (event.type === EVENT_ID.SCALAR) return event.valueStart;
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart;
  return event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE ? event.start : -1;
}

export function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
