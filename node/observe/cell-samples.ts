/** How cells become samples: their labels, and what is left out. */
import type { Cells } from './cells.js';
import type { Labels, Sample } from './exposition.js';

/** Label value of requests that no route took; parentheses keep it apart from any id. */
export const NO_ROUTE = '(none)';

export const label = (name: string, value: string): Labels[number] => [name, value];

export function* routesOf(cells: Cells) {
  for (const [id, route] of cells.routes) yield [label('route', id === '' ? NO_ROUTE : id), route] as const;
}

/** One sample for each cell of a table that is not zero, or none: a hundred series of what never happened help nobody. */
export function* happened(
  labels: Labels,
  by: string,
  values: readonly string[],
  counts: Float64Array,
): Iterable<Sample | undefined> {
  for (let slot = 0; slot < values.length; slot += 1) {
    const count = counts[slot] ?? 0;
    if (count > 0) yield [[...labels, [by, values[slot] ?? '']], count];
  }
  yield undefined;
}

/** Names of the code as those of labels are written. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
