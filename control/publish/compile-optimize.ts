/** `optimize` of a route as nodes run it. Pure. */
import type { Optimize } from '@weir/proto/config/optimize.js';
import type { OptimizeSpec } from '@weir/proto/snapshot/optimize.js';

/** Undefined where answers are sent on as they come. */
export function compileOptimize({ fields, minify, compress, etag }: Optimize): OptimizeSpec | undefined {
  if (fields === null && !minify && compress === null && etag === null) return undefined;
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
  };
}
