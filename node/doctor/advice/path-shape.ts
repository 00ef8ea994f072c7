/**
 * What is the same in the paths of several requests, and what is an item of each: `/users/7/orders` has the shape `/users/{}/orders` and the
 * value 7. Only what looks like a word of an API stays in a shape; whatever else a path holds (numbers, keys, tokens) is a value, and values
 * are never told. Pure.
 */

export interface ShapedPath {
  readonly shape: string;
  /** In their order, as they were sent. */
  readonly values: readonly string[];
}

const PATH_LENGTH_MAX = 512;
const VALUES_MAX = 8;
/** Letters alone, as names of resources are; and versions. A token is longer, or has digits. */
const WORD = /^(?:[A-Za-z][A-Za-z._~-]{0,23}|v\d{1,2})$/;

/** Null: it is too long to be looked at. `params` are those of the route, which knows better where its items are. */
export function shapeOf(path: string, params: Readonly<Record<string, string>>): ShapedPath | null {
  if (path.length > PATH_LENGTH_MAX) return null;
  const named = new Set<string>();
  for (const name in params) if (name !== '*') named.add(params[name] ?? '');
  const values: string[] = [];
  const shaped = path.split('/').map((segment) => {
    if (segment === '' || (WORD.test(segment) && !named.has(segment))) return segment;
    values.push(segment);
    return '{}';
  });
  return values.length > VALUES_MAX ? null : { shape: shaped.join('/'), values };
}

/** The shape with other texts in its places. */
export function filledShape(shape: string, texts: readonly string[]): string {
  let next = 0;
  return shape.replace(/\{\}/g, () => {
    const text = texts[next] ?? '';
    next += 1;
    return text;
  });
}
