/**
 * Where a service may lie: no two of them share a base path, nor lies one below the other, on a host that both have. So who is meant by a
 * request is never a question of order. A retired service holds its place no longer. Pure.
 */
import type { DecisionContext, ModelState } from './decision.js';
import type { Service } from './entities.js';

type Place = Pick<Service, 'id' | 'basePath' | 'hosts'>;

/** `/shop` and `/shop/v2` lie in each other's way, `/shop` and `/shopping` don't. */
export function areNear(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/** Empty: any host. `*.example.com` has all names below, of any depth. */
export function haveCommonHost(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return a.some((one) => b.some((other) => one === other || covers(one, other) || covers(other, one)));
}

function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  return host.endsWith(pattern.slice(1));
}

/** Whether whoever is served on some hosts is served on others as well. */
export function coversHosts(hosts: readonly string[], before: readonly string[]): boolean {
  if (hosts.length === 0) return true;
  return before.length > 0 && before.every((host) => hosts.some((one) => one === host || covers(one, host)));
}

export interface Taken {
  readonly message: string;
  readonly cure: string;
}

/** Null: it is free. The other service is not named to whoever may not know of it: its path is all that is said. */
export function takenBy(
  state: ModelState,
  place: Place,
  { reservedPaths }: Pick<DecisionContext, 'reservedPaths'>,
): Taken | null {
  const reserved = reservedPaths.find((path) => areNear(path, place.basePath));
  if (reserved !== undefined)
    return { message: `${reserved} belongs to the gateway itself`, cure: 'choose another base path' };
  for (const other of state.servicesNear(place.basePath)) {
    if (other.id === place.id || other.stage === 'retired') continue;
    if (!haveCommonHost(other.hosts, place.hosts)) continue;
    const hosts = other.hosts.length === 0 ? 'every host' : other.hosts.join(', ');
    return {
      message: `another service lies at ${other.basePath} on ${hosts}`,
      cure: 'choose a path that is neither the same, nor above, nor below it, or other hosts',
    };
  }
  return null;
}
