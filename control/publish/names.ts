/**
 * Names for what a config leaves unnamed. They show in metrics, logs and limits, so they say what the thing is
 * (`get-orders`), not where it stood in the file, and adding an entry elsewhere does not rename them.
 */
import { inferUpstreamId } from '@weir/proto/config/cross-references.js';
import { formatPathPattern } from '@weir/proto/config/path-pattern.js';
import type { Route } from '@weir/proto/config/route.js';
import type { Upstream } from '@weir/proto/config/upstream.js';

/** `host:port`, with brackets around an IPv6 address. */
export function targetId(address: { readonly host: string; readonly port: number }): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** Ids of upstreams by position. */
export function upstreamIds(upstreams: readonly Upstream[]): string[] {
  const first = (upstream: Upstream) => upstream.targets[0]?.url ?? { host: 'upstream', port: 0 };
  return distinct(
    upstreams.map((upstream) => upstream.id ?? null),
    (index) => {
      const upstream = upstreams[index];
      return upstream === undefined ? 'upstream' : inferUpstreamId(targetId(first(upstream)));
    },
  );
}

/** Ids of routes by position: methods, host and path, in letters that an id may have. */
export function routeIds(routes: readonly Route[]): string[] {
  return distinct(
    routes.map((route) => route.id ?? null),
    (index) => {
      const route = routes[index];
      return route === undefined ? 'route' : describe(route);
    },
  );
}

function describe({ match }: Route): string {
  const path = formatPathPattern(match.path);
  const words = [...match.methods, match.hosts[0] ?? '', path === '/*' ? 'all' : path === '/' ? 'root' : path];
  const slug = words
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[-._]+|[-._]+$/g, '');
  return slug.slice(0, 60) || 'route';
}

/** Given ids stay; made ones step aside for them and for each other with a number. */
function distinct(given: readonly (string | null)[], make: (index: number) => string): string[] {
  const taken = new Set(given.filter((id) => id !== null));
  return given.map((id, index) => {
    if (id !== null) return id;
    const base = make(index);
    let name = base;
    for (let n = 2; taken.has(name); n += 1) name = `${base.slice(0, 58)}-${n}`;
    taken.add(name);
    return name;
  });
}
