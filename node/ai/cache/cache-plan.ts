/** What the cache may do for a question, and which answers it keeps. Pure. */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import type { AiCacheSpec } from '@weir/proto/snapshot/ai.js';
import type { ChatAnswer, FinishReason } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';

export type CachePlan =
  | { readonly kind: 'bypass'; readonly why: 'no-store' | 'temperature' }
  /** What is stored may be as old as this; below zero: nothing is looked up, and the answer is kept. */
  | { readonly kind: 'use'; readonly ageMaxMs: number; readonly onlyIfCached: boolean };

/** Who states no temperature has left it to the model, and is not taken for one who wants another answer each time. */
export function cachePlan(
  { temperature }: Pick<ChatRequest, 'temperature'>,
  asked: CacheDirectives,
  { ttlMs, temperatureMax }: Pick<AiCacheSpec, 'ttlMs' | 'temperatureMax'>,
): CachePlan {
  if (asked.noStore) return { kind: 'bypass', why: 'no-store' };
  if (temperature !== null && temperature > temperatureMax) return { kind: 'bypass', why: 'temperature' };
  const { noCache, maxAgeS, onlyIfCached } = asked;
  if (noCache !== false || maxAgeS === 0) return { kind: 'use', ageMaxMs: -1, onlyIfCached };
  return { kind: 'use', ageMaxMs: Math.min(ttlMs, (maxAgeS ?? Number.POSITIVE_INFINITY) * 1_000), onlyIfCached };
}

/** An answer that is whole. One that was cut at its length, or that wants to go on, may be another the next time. */
const good: ReadonlySet<FinishReason> = new Set(['stop', 'toolCalls']);
const filtered: ReadonlySet<FinishReason> = new Set(['contentFilter', 'refusal']);

export function isKept(answer: ChatAnswer, { keepsFiltered }: Pick<AiCacheSpec, 'keepsFiltered'>): boolean {
  return (
    answer.choices.length > 0 &&
    answer.choices.every(({ finish: { reason } }) => good.has(reason) || (keepsFiltered && filtered.has(reason)))
  );
}
