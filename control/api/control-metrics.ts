/** What a control tells Prometheus of itself, on the port of its admin API: whether there is room for what people change. Pure. */
import type { WriteCounts } from '../registry/registry.js';

/** `troubles`: those of `/status`. */
export function controlMetrics({ made, refused }: WriteCounts, troubles: readonly string[] = []): string {
  const by = Object.entries(refused).map(
    ([what, count]) => `weir_control_refused_writes_total{by="${what}"} ${count}\n`,
  );
  return [
    '# HELP weir_control_writes_total Changes of the registry that this control has made.\n',
    '# TYPE weir_control_writes_total counter\n',
    `weir_control_writes_total ${made}\n`,
    '# HELP weir_control_refused_writes_total Changes that were refused for want of room, by what had none: the rate of a user or a team, the queue of those that wait, the log.\n',
    '# TYPE weir_control_refused_writes_total counter\n',
    ...by,
    '# HELP weir_control_troubles What this control lacks now: a log that it can not read or write, a permission. Its /status has the reasons.\n',
    '# TYPE weir_control_troubles gauge\n',
    `weir_control_troubles ${troubles.length}\n`,
  ].join('');
}
