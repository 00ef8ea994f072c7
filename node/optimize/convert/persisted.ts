/**
 * What a GET asks of a GraphQL server by the name of a query, as the POST that the server takes. Pure.
 *
 *     ?id=top&variables={"n":3}                                            by name, or by the SHA-256 of the text
 *     ?extensions={"persistedQuery":{"version":1,"sha256Hash":"…"}}        as Apollo's clients ask
 */
import type { PersistedSpec } from '@weir/proto/snapshot/convert.js';

export type Asked =
  /** The body of the POST. */
  | { readonly kind: 'query'; readonly body: string }
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'malformed'; readonly why: string }
  /** Nothing is asked by name. */
  | { readonly kind: 'other' };

export function askedQuery(search: string, queries: ReadonlyMap<string, string>): Asked {
  const parameters = new URLSearchParams(search);
  const extensions = readObject(parameters.get('extensions'));
  if (extensions === undefined) return { kind: 'malformed', why: '`extensions` is no object of JSON' };
  const persisted = extensions?.['persistedQuery'];
  const hash = typeof persisted === 'object' && persisted !== null ? Reflect.get(persisted, 'sha256Hash') : undefined;
  const name = parameters.get('id') ?? (typeof hash === 'string' ? hash : null);
  if (name === null) return { kind: 'other' };
  const query = queries.get(name);
  if (query === undefined) return { kind: 'unknown', name: name.slice(0, 128) };
  const variables = readObject(parameters.get('variables'));
  if (variables === undefined) return { kind: 'malformed', why: '`variables` is no object of JSON' };
  const operationName = parameters.get('operationName');
  const body = {
    query,
    ...(variables === null ? {} : { variables }),
    ...(operationName === null ? {} : { operationName }),
  };
  return { kind: 'query', body: JSON.stringify(body) };
}

/** Null: it is not there; undefined: it is no object. */
function readObject(text: string | null): Readonly<Record<string, unknown>> | null | undefined {
  if (text === null || text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    // Checked to be an object of JSON in the line above.
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function queriesOf({ queries }: PersistedSpec): ReadonlyMap<string, string> {
  return new Map(queries.flatMap(({ name, sha256, text }) => [[name, text] as const, [sha256, text] as const]));
}

/** As Apollo's clients know it: they send the whole query next. */
export const notFoundBody = JSON.stringify({
  errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
});
