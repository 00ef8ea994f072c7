/**
 * In which order the parts of a composition can be asked: each part needs those whose answers its request is made of. What it needs is
 * read from its expressions; more can be declared. Pure.
 */
import { type Query, readsOf } from './expression.js';

/** Names that stand for something else than a part in an expression. */
export const reservedNames = ['request', 'item', 'status', 'errors'] as const;

const isReserved = (name: string): boolean => (reservedNames as readonly string[]).includes(name);

/** Where an expression looks: parts, the request (as paths behind it), the element of a list, errors. */
export interface Reads {
  readonly parts: readonly string[];
  readonly request: readonly (readonly string[])[];
  readonly item: boolean;
  readonly errors: boolean;
  /** It looks at everything at once. */
  readonly whole: boolean;
}

export function readsOfAll(queries: readonly Query[]): Reads {
  const paths = queries.flatMap(readsOf);
  const parts = paths.flatMap(([first, second]) => {
    if (first === 'status') return second === undefined ? [] : [second];
    return first === undefined || isReserved(first) ? [] : [first];
  });
  return {
    parts: [...new Set(parts)],
    request: paths.filter(([first]) => first === 'request').map((path) => path.slice(1)),
    item: paths.some(([first]) => first === 'item'),
    errors: paths.some(([first]) => first === 'errors'),
    whole: paths.some((path) => path.length === 0 || (path[0] === 'status' && path.length === 1)),
  };
}

/** Names of parts that need each other in a circle, the first of them once more at its end; null: there is no circle. */
export function circleIn(needs: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const sound = new Set<string>();
  const visit = (name: string, trail: readonly string[]): readonly string[] | null => {
    const from = trail.indexOf(name);
    if (from !== -1) return [...trail.slice(from), name];
    if (sound.has(name)) return null;
    for (const next of needs.get(name) ?? []) {
      const circle = visit(next, [...trail, name]);
      if (circle !== null) return circle;
    }
    sound.add(name);
    return null;
  };
  for (const name of needs.keys()) {
    const circle = visit(name, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** Parts that can be asked now: not asked yet, and all that they need is there. */
export function readyParts(
  needs: ReadonlyMap<string, readonly string[]>,
  asked: ReadonlySet<string>,
  settled: ReadonlySet<string>,
): string[] {
  return [...needs]
    .filter(([name, own]) => !asked.has(name) && own.every((need) => settled.has(need)))
    .map(([name]) => name);
}
