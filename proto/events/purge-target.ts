/** What a purge means, for everything that carries one: control's orders to its node, and the purge log of a cluster. */
import { z } from 'zod';

/** An authority is a host in lower case, with its port where that is no usual one. */
export type PurgeTarget =
  | { readonly kind: 'url'; readonly authority: string; readonly path: string; readonly query: string }
  /** All paths that begin so. */
  | { readonly kind: 'prefix'; readonly authority: string; readonly prefix: string }
  | { readonly kind: 'tag'; readonly tag: string }
  /** Without a port: on all of them. */
  | { readonly kind: 'host'; readonly authority: string }
  | { readonly kind: 'all' };

/** Targets of one order. */
export const purgeTargetsMax = 256;

const text = z.string().max(16 * 1024);

export const purgeTarget: z.ZodType<PurgeTarget> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('url'), authority: text, path: text, query: text }),
  z.object({ kind: z.literal('prefix'), authority: text, prefix: text }),
  z.object({ kind: z.literal('tag'), tag: text }),
  z.object({ kind: z.literal('host'), authority: text }),
  z.object({ kind: z.literal('all') }),
]);
