/**
 * Tables by host name: exact names first, then wildcards from the longest suffix to the shortest, then any host.
 * `*.example.com` stands for one or more labels before `example.com`, never for `example.com` itself.
 */

/** RFC 1035 §2.3.4. Longer ones match `any` only, which also bounds the walk over suffixes below. */
const NAME_LENGTH_MAX = 253;

/** The name or address of an authority: without port, and without the root's trailing dot. */
export function hostOf(authority: string): string {
  if (authority !== last.authority) {
    last.host = namedBy(authority);
    last.authority = authority;
  }
  return last.host;
}

/** Nearly all requests of a listener name the same few. */
const last = { authority: '', host: '' };

function namedBy(authority: string): string {
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.indexOf(':');
  const host = end > 0 ? authority.slice(0, end) : end === 0 ? '' : authority;
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

export interface HostTables<T> {
  readonly exact: Map<string, T>;
  /** Keyed by the suffix with its leading dot. */
  readonly wildcard: Map<string, T>;
  any: T | null;
}

export function createHostTables<T>(): HostTables<T> {
  return { exact: new Map(), wildcard: new Map(), any: null };
}

/** The table of one pattern (null: any host), made where it is not there yet. */
export function tableOf<T>(tables: HostTables<T>, pattern: string | null, make: () => T): T {
  if (pattern === null) {
    tables.any ??= make();
    return tables.any;
  }
  const isWildcard = pattern.startsWith('*.');
  const [map, key] = isWildcard ? [tables.wildcard, pattern.slice(1)] : [tables.exact, hostOf(pattern)];
  let table = map.get(key);
  if (table === undefined) {
    table = make();
    map.set(key, table);
  }
  return table;
}

/** The first answer that is not null, asking the tables of this host from the most specific one on. */
export function firstOfHost<T, R>(tables: HostTables<T>, host: string, ask: (table: T) => R | null): R | null {
  if (host.length <= NAME_LENGTH_MAX) {
    const table = tables.exact.get(host);
    const answer = table === undefined ? null : ask(table);
    if (answer !== null) return answer;
    if (tables.wildcard.size > 0) {
      // The first label is what the star stands for, so the search for a dot begins behind it.
      for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const suffixTable = tables.wildcard.get(host.slice(dot));
        const suffixAnswer = suffixTable === undefined ? null : ask(suffixTable);
        if (suffixAnswer !== null) return suffixAnswer;
      }
    }
  }
  return tables.any === null ? null : ask(tables.any);
}
