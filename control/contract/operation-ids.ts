/** Ids of routes from operationIds, which may be any text. Pure. */

const LENGTH_MAX = 64;

/** Letters, digits, dots, hyphens and underscores, begins with a letter or digit, and not one that is taken. */
export function routeIdOf(wanted: string, taken: ReadonlySet<string>): string {
  const word = wanted
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|[-._]+$/g, '')
    .slice(0, LENGTH_MAX);
  const base = word === '' ? 'operation' : word;
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) {
    const tail = `-${number}`;
    const other = `${base.slice(0, LENGTH_MAX - tail.length)}${tail}`;
    if (!taken.has(other)) return other;
  }
}
