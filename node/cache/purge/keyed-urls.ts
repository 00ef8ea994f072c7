/**
 * Which URLs have to be marked when one is purged. A route may leave parameters out of its keys, and what is stored under
 * such a key has the URL without them; so a purge of `/x?page=2&utm=a` means that very URL for a route where all
 * parameters count, and `/x?page=2` where `utm` does not. Each is marked.
 *
 *   purged: /x?page=2&utm=a ──▶ all parameters     /x?page=2&utm=a
 *                           ├─▶ except utm         /x?page=2
 *                           └─▶ only lang          /x
 *
 * Requests that began under an earlier snapshot still make keys by its rules, so the rules of the latest ones are kept for a
 * while. Sole owner of the rules that are in use. Pure.
 */
import type { PurgeTarget } from '@weir/proto/events/cache.js';
import type { CacheKeySpec, QueryKeySpec } from '@weir/proto/snapshot/cache.js';
import { purgedQuery } from '../cache-key.js';

/** Rules that went out of use and are kept, the latest first. */
const FORMER_MAX = 8;
/** URLs that one purge of a URL may become; beyond it all that begins with its path is meant. */
export const MARKED_MAX = 32;

const ALL_COUNT: QueryKeySpec = { mode: 'all' };

export class KeyedUrls {
  /** Those in use, then those before them; the first one is for purges of what no rule has shortened. */
  #rules: ReadonlyMap<string, QueryKeySpec> = new Map([[JSON.stringify(ALL_COUNT), ALL_COUNT]]);
  #inUse = 1;

  /** The keys of the routes that are in force from now on. */
  use(keys: Iterable<Pick<CacheKeySpec, 'query'>>): void {
    const rules = new Map([[JSON.stringify(ALL_COUNT), ALL_COUNT]]);
    for (const { query } of keys) rules.set(JSON.stringify(query), query);
    this.#inUse = rules.size;
    for (const [name, rule] of this.#rules) {
      if (rules.size >= this.#inUse + FORMER_MAX) break;
      rules.set(name, rule);
    }
    this.#rules = rules;
  }

  /** What to mark so that all that is meant is. */
  marked(target: PurgeTarget): readonly PurgeTarget[] {
    if (target.kind !== 'url' || target.query === '') return [target];
    const { authority, path } = target;
    const queries = this.queries(target.query);
    if (queries.length > MARKED_MAX) return [{ kind: 'prefix', authority, prefix: path }];
    return queries.map((query) => ({ kind: 'url', authority, path, query }));
  }

  /** A query as each rule leaves it, each once. */
  queries(query: string): readonly string[] {
    const kept = new Set<string>();
    for (const rule of this.#rules.values()) kept.add(purgedQuery(query, rule));
    return [...kept];
  }
}
