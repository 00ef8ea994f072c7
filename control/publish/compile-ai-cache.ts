/** What the snapshot says of answers that are given again, and of streams that outlive their connection; see compile-ai.ts. Pure. */
import type { AiCache, AiDurable } from '@weir/proto/config/ai-cache.js';
import type { AiCacheSpec, AiDurableSpec } from '@weir/proto/snapshot/ai.js';

export function compileAiCache(cache: AiCache | null): AiCacheSpec | null {
  if (cache === null) return null;
  const { semantic } = cache;
  return {
    ttlMs: cache.ttl,
    isShared: cache.shared,
    tokensPerSecond: cache.replay,
    temperatureMax: cache.temperatureMax,
    keepsFiltered: cache.filtered,
    collapses: cache.collapse,
    answerBytesMax: cache.maxAnswer,
    semantic:
      semantic === undefined
        ? null
        : {
            ...semantic.model,
            threshold: semantic.threshold,
            timeoutMs: semantic.timeout,
            entriesMax: semantic.entries,
            store: semantic.store,
          },
  };
}

export function compileAiDurable(durable: AiDurable | null): AiDurableSpec | null {
  if (durable === null) return null;
  const { keep, withoutClient, size, streams } = durable;
  return { keepMs: keep, withoutClientMs: withoutClient, bytesMax: size, streamsMax: streams };
}
