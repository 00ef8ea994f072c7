/** Names in `compose` and `batch` of a route that must exist: the routes that are asked. On raw values, as cross-references.ts, which asks for it. */
import { type Finding, findError, type Path } from './faults.js';
import { valueAt } from './issues.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

export function checkComposeRoute(value: unknown, route: unknown, path: Path): Finding[] {
  const known = routeIdsIn(value);
  const parts = valueAt(route, ['compose', 'parts']);
  if (typeof parts !== 'object' || parts === null) return checkBatch(route, path, known);
  return Object.entries(parts).flatMap(([name, part]) =>
    checkRouteName(valueAt(part, ['route']), [...path, 'compose', 'parts', name, 'route'], known),
  );
}

function checkBatch(route: unknown, path: Path, known: readonly string[]): Finding[] {
  const named = valueAt(route, ['batch', 'routes']);
  const at: Path = [...path, 'batch', 'routes'];
  if (!Array.isArray(named)) return checkRouteName(named, at, known);
  return named.flatMap((name: unknown, index) => checkRouteName(name, [...at, index], known));
}

function routeIdsIn(value: unknown): string[] {
  const routes = valueAt(value, ['routes']);
  if (!Array.isArray(routes)) return [];
  return routes.map((one: unknown) => valueAt(one, ['id'])).filter((id) => typeof id === 'string');
}

function checkRouteName(name: unknown, path: Path, known: readonly string[]): Finding[] {
  if (typeof name !== 'string' || known.includes(name)) return [];
  const meant = closest(name, known);
  const cure = meant === null ? 'give the route that is meant this `id`' : `did you mean ${meant}?`;
  return [findError(path, `there is no route ${quote(name)}`, cure)];
}
