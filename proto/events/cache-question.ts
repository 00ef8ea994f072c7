/**
 * Control → one node, and back: what has your cache stored for this request, and what would you do with it? The same question that
 * `weir up` asks its processes (`cache.ts`), for members of a cluster.
 */
import { z } from 'zod';
import { type CacheInspection, cacheInspection, type InspectedRequest, inspectedRequest } from './cache.js';

/** What nodes answer under. */
export const INSPECT_QUESTION = 'cache-inspect';
/** Of one node's answer: variants beyond it are left out, and it says that it is not complete. */
export const inspectionBytesMax = 256 * 1024;

export interface CacheQuestion {
  readonly kind: 'cache.question';
  readonly request: InspectedRequest;
}

export interface CacheReply {
  readonly kind: 'cache.reply';
  /** Null: it could not be told. */
  readonly inspection: CacheInspection | null;
  /** Why not, in words; else empty. */
  readonly reason: string;
}

export const replyReasonMax = 1_000;

const question: z.ZodType<CacheQuestion> = z.object({ kind: z.literal('cache.question'), request: inspectedRequest });

const reply: z.ZodType<CacheReply> = z.object({
  kind: z.literal('cache.reply'),
  inspection: cacheInspection.nullable(),
  reason: z.string().max(replyReasonMax),
});

export function readCacheQuestion(value: unknown): CacheQuestion | null {
  const parsed = question.safeParse(value);
  return parsed.success ? parsed.data : null;
}

export function readCacheReply(value: unknown): CacheReply | null {
  const parsed = reply.safeParse(value);
  return parsed.success ? parsed.data : null;
}
