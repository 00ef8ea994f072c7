/** Names in `mcp` of a route that must exist: prompts, and routes that tools ask. On raw values, as cross-references.ts, which asks for it. */
import { type Finding, findError, type Path } from './faults.js';
import { valueAt } from './issues.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

export function checkMcpRoute(value: unknown, route: unknown, path: Path): Finding[] {
  const prompts = Object.keys(valueAt(value, ['ai', 'prompts']) ?? {});
  const routes = listOf(valueAt(value, ['routes'])).flatMap((one) => {
    const id = valueAt(one, ['id']);
    return typeof id === 'string' ? [id] : [];
  });
  const named = valueAt(route, ['mcp', 'prompts']);
  const at: Path = [...path, 'mcp', 'prompts'];
  return [
    ...listOf(named).flatMap((name, index) =>
      checkName('prompt', name, Array.isArray(named) ? [...at, index] : at, prompts, 'add it under ai.prompts'),
    ),
    ...listOf(valueAt(route, ['mcp', 'tools'])).flatMap((tool, index) => {
      const place: Path = [...path, 'mcp', 'tools', index, 'route'];
      return checkName('route', valueAt(tool, ['route']), place, routes, 'give the route that is meant this `id`');
    }),
  ];
}

function checkName(what: string, name: unknown, path: Path, known: readonly string[], otherwise: string): Finding[] {
  if (typeof name !== 'string' || known.includes(name)) return [];
  const meant = closest(name, known);
  return [findError(path, `there is no ${what} ${quote(name)}`, meant === null ? otherwise : `did you mean ${meant}?`)];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
