/** What control sees of the calls of its nodes, with its charts on disk where something is kept there. */
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { doctorReport } from '@weir/control/api/v1/doctor-asks.js';
import type { InsightSources } from '@weir/control/api/v1/insight.js';
import { Insight } from '@weir/control/insight/insight.js';
import { insightStore } from '@weir/control/insight/insight-store.js';
import { liveNodes } from '@weir/control/insight/live-nodes.js';
import { hasConsumer } from '@weir/control/publish/managed/merge-managed.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { WeirConfig } from '@weir/proto/config/document.js';

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

/** What the routes of /v1 about calls are served from. */
export function insightSources(
  insight: Insight,
  { registry, config }: { registry: InsightSources['registry']; config: () => WeirConfig | null },
  status: () => Promise<ControlStatus>,
): InsightSources {
  return {
    ...{ insight, registry, wallMs: Date.now },
    isOperators(consumerId) {
      const known = config();
      return known === null || hasConsumer(known, consumerId);
    },
    doctor: async () => doctorReport(await status()),
    nodes: async () => liveNodes(await status()),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  };
}
