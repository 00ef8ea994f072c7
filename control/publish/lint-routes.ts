/**
 * Routes that no request can reach, because an earlier one matches exactly the same.
 *
 * The router takes the most specific route and, among equals, the first in the file. Two routes are equal for a host and
 * a method when their path has the same shape (names of parameters aside) and their conditions are the same. A route
 * whose every host and method is taken is dead, which cannot be meant; one that is partly taken may be, and is a warning.
 */
import { type Finding, findError, findWarning } from '@weir/proto/config/faults.js';
import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';

/** Combinations of host and method per route that are looked at; more than this only a generated file has. */
const COMBINATIONS_MAX = 4096;

const ANY = '*';

export function lintRouteOrder(routes: readonly (Route | null)[]): Finding[] {
  // Shape of path and conditions, then host, then method, to the position of the route that has it.
  const taken = new Map<string, number>();
  return routes.flatMap((route, index) => {
    if (route === null) return [];
    const slots = slotsOf(route);
    const owners = slots.map(({ key, anyMethod }) => taken.get(key) ?? taken.get(anyMethod));
    slots.forEach(({ key }, position) => {
      if (owners[position] === undefined) taken.set(key, index);
    });
    const owner = owners.find((found) => found !== undefined);
    if (owner === undefined) return [];
    const name = routes[owner]?.id ?? `routes[${owner}]`;
    if (owners.every((found) => found !== undefined)) {
      const message = `this route can never match: ${name} takes the same requests and comes first`;
      return [findError(['routes', index], message, 'remove one of them, or match more narrowly')];
    }
    const message = `some requests that this route matches go to ${name}, which matches them equally and comes first`;
    return [findWarning(['routes', index], message, 'match by other methods or hosts')];
  });
}

interface Slot {
  readonly key: string;
  /** The slot of an earlier route that takes every method, and with them this one. */
  readonly anyMethod: string;
}

function slotsOf({ match }: Route): Slot[] {
  const path = formatPathPattern(match.path).replace(/\{[^}]*\}/g, '{}');
  const conditions = [match.headers, match.query, match.cookies ?? []].map((list) =>
    list
      .map(({ name, op, values, isNegated = false }) => JSON.stringify([name, op, [...values].sort(), isNegated]))
      .sort(),
  );
  const shape = JSON.stringify([path, match.path.kind === 'exact', conditions, match.share ?? null]);
  const hosts = match.hosts.length === 0 ? [ANY] : match.hosts;
  const methods = match.methods.length === 0 ? [ANY] : match.methods;
  return hosts
    .flatMap((host) =>
      methods.map((method) => ({ key: `${shape} ${host} ${method}`, anyMethod: `${shape} ${host} ${ANY}` })),
    )
    .slice(0, COMBINATIONS_MAX);
}
