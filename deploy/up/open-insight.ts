/** What control sees of the calls of its nodes, with its charts on disk where something is kept there. */
import { Insight } from '@weir/control/insight/insight.js';
import { insightStore } from '@weir/control/insight/insight-store.js';
import type { Presence } from '@weir/proto/cluster/presence.js';

/** `file`: null where charts end with this process. */
export function openInsight(presence: Presence, file: string | null, say: (text: string) => void): Insight {
  return new Insight({
    presence,
    wallMs: () => Date.now(),
    every(intervalMs, task) {
      const timer = setInterval(task, intervalMs).unref();
      return () => clearInterval(timer);
    },
    ...(file === null ? {} : { store: insightStore(file, say) }),
  });
}
