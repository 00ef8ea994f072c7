/**
 * Whose keys are whose. Two routes may take the same URL (by a header, say) and ask other upstreams, and a route whose key
 * is made of other parts since a reload means something else by the same text. So each key begins with a number that
 * stands for its route, the rule that makes it, and what is made of answers before they are stored: what has been masked since a reload
 * is never given as it was before, nor a cookie that is not for all any more. One that went out of use never comes back. Owns these numbers.
 */
import type { CacheKeySpec, CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';

/** A route as keys know it. */
export interface ScopedRoute extends Pick<RouteSpec, 'id' | 'mask' | 'convert'> {
  readonly key: CacheKeySpec;
  /** Cookies are stored for all who ask. */
  readonly keepsCookies?: boolean;
}

export function scopedRoute(route: Omit<ScopedRoute, 'key' | 'keepsCookies'>, spec: CacheSpec): ScopedRoute {
  return { ...route, key: spec.key, keepsCookies: spec.setCookie === 'keep' };
}

interface Scope {
  readonly number: number;
  readonly routeId: string;
}

export class Scopes {
  readonly #scopes = new Map<string, Scope>();
  readonly #routes = new Map<string, string>();
  #count = 0;

  /** What keys of this route begin with. */
  prefix(route: ScopedRoute): string {
    const name = nameOf(route);
    let scope = this.#scopes.get(name);
    if (scope === undefined) {
      this.#count += 1;
      scope = { number: this.#count, routeId: route.id };
      this.#scopes.set(name, scope);
      this.#routes.set(String(scope.number), route.id);
    }
    return `${scope.number} `;
  }

  /** The route of a key; null when it is out of use. */
  routeOf(key: string): string | null {
    return this.#routes.get(key.slice(0, key.indexOf(' '))) ?? null;
  }

  /** Forgets all others. What is stored under their keys is not found any more, and goes when it has grown old. */
  retain(routes: Iterable<ScopedRoute>): void {
    const kept = new Set<string>();
    for (const route of routes) kept.add(nameOf(route));
    for (const [name, { number }] of this.#scopes) {
      if (kept.has(name)) continue;
      this.#scopes.delete(name);
      this.#routes.delete(String(number));
    }
  }
}

/** The same on all nodes: what keys begin with that are shared. */
export const sharedPrefix = (route: ScopedRoute): string => `${nameOf(route)} `;

function nameOf({ id, key, mask, convert, keepsCookies }: ScopedRoute): string {
  const made = { mask, convert, ...(keepsCookies === true ? { keepsCookies } : {}) };
  const isAsItCame = Object.values(made).every((value) => value === undefined);
  return JSON.stringify(isAsItCame ? [id, key] : [id, key, made]);
}
