/** Answers controls that ask what this node has stored for a request (`weir cache inspect`). */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { CacheInspection, InspectedRequest } from '@weir/proto/events/cache.js';
import { INSPECT_QUESTION, inspectionBytesMax, replyReasonMax } from '@weir/proto/events/cache-question.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';

/** What is no such question is not answered. A node by itself has nobody who asks. */
export function answerInspections(
  presence: Pick<Presence, 'answer'> | null,
  inspect: (request: InspectedRequest) => CacheInspection,
): void {
  presence?.answer(INSPECT_QUESTION, (bytes) => {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok || decoded.message.kind !== 'cache.question') return null;
    try {
      return replyOf(inspect(decoded.message.request));
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).slice(0, replyReasonMax);
      return encodeMessage({ kind: 'cache.reply', inspection: null, reason });
    }
  });
}

/** With as many variants as fit into an answer: they may have long names, and many tags. */
function replyOf(whole: CacheInspection): Uint8Array {
  for (let inspection = whole; ; ) {
    const bytes = encodeMessage({ kind: 'cache.reply', inspection, reason: '' });
    const { variants } = inspection;
    if (bytes.length <= inspectionBytesMax || variants.length === 0) return bytes;
    inspection = { ...inspection, variants: variants.slice(0, Math.floor(variants.length / 2)), isComplete: false };
  }
}
