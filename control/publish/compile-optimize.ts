/** `optimize` of a route as nodes run it. Pure. */
import type { List } from '@weir/proto/config/list.js';
import type { Optimize } from '@weir/proto/config/optimize.js';
import type { Route } from '@weir/proto/config/route.js';
import type { ListSpec, OptimizeSpec, UpstreamPaging } from '@weir/proto/snapshot/optimize.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';

/** Undefined where answers are sent on as they come. */
export function compileOptimize({ fields, minify, compress, etag, list }: Optimize): OptimizeSpec | undefined {
  if (fields === null && !minify && compress === null && etag === null && list === null) return undefined;
  return {
    fields,
    minify,
    compress:
      compress === null
        ? null
        : {
            ...{ minBytes: compress.min, types: compress.types, keptBytes: compress.keep },
            encodings: [...new Set(compress.encodings)],
          },
    etagBytesMax: etag?.upTo ?? 0,
    ...(list === null ? {} : { list: compileList(list) }),
  };
}

/** What a route hides of its answers, if it does. */
export function compileMask({ mask }: Pick<Route, 'mask'>): Pick<RouteSpec, 'mask'> {
  if (mask === undefined) return {};
  const { fields, pii, patterns, instead, keep, others } = mask;
  const own = patterns.map(({ name, pattern, maxLength, spaces }) => ({
    ...{ name, pattern, lengthMax: maxLength, hasSpaces: spaces },
  }));
  return { mask: { fields, pii: [...new Set(pii)], patterns: own, instead, keep, others } };
}

function compileList({ at, limit, max, upTo, parameters, wrap, secret, upstream }: List): ListSpec {
  return {
    ...{ path: at, limit, limitMax: max, pageBytesMax: upTo, parameters, wrap },
    secret: secret ?? null,
    upstream: compilePaging(upstream),
  };
}

function compilePaging(upstream: List['upstream']): UpstreamPaging {
  if (upstream?.pages !== undefined) return { kind: 'pages', ...upstream.pages };
  if (upstream?.offset !== undefined) return { kind: 'offset', ...upstream.offset };
  if (upstream?.cursor !== undefined)
    return { kind: 'cursor', ...upstream.cursor, limit: upstream.cursor.limit ?? null };
  return { kind: 'whole' };
}

/** What a route changes of bodies and queries, as far as it does. */
export function compileConversions(
  { convert, graphql }: Pick<Route, 'convert' | 'graphql'>,
  sha256Hex: (text: string) => string,
): Pick<RouteSpec, 'convert' | 'graphql'> {
  return {
    ...(convert === undefined
      ? {}
      : {
          convert: {
            ...{ request: convert.request ?? null, response: convert.response ?? null },
            ...{ root: convert.root, bytesMax: convert.upTo },
          },
        }),
    ...(graphql === undefined
      ? {}
      : {
          graphql: {
            only: graphql.only,
            queries: graphql.queries.map(({ name, text }) => ({ name, sha256: sha256Hex(text), text })),
          },
        }),
  };
}
