/** The numbers that calls of tools move. Series are bounded by the configuration: a name that no tool has is counted nowhere. */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { DurationCells } from './duration-cells.js';

/** `error`: its result says so, as it does of wrong arguments and of answers that are failures; `cancelled`: nobody waited for it. */
export const toolOutcomes = ['ok', 'error', 'cancelled'] as const;
export type ToolOutcome = (typeof toolOutcomes)[number];

export class ToolSeries {
  readonly route: string;
  readonly tool: string;
  readonly outcomes: Record<ToolOutcome, number> = { ok: 0, error: 0, cancelled: 0 };
  readonly durations = new DurationCells();

  constructor(route: string, tool: string) {
    this.route = route;
    this.tool = tool;
  }
}

export class McpCells {
  readonly series = new Map<string, ToolSeries>();

  called(route: string, tool: string, outcome: ToolOutcome, ms: number): void {
    const key = `${route}\0${tool}`;
    let series = this.series.get(key);
    if (series === undefined) {
      series = new ToolSeries(route, tool);
      this.series.set(key, series);
    }
    series.outcomes[outcome] += 1;
    series.durations.observe(ms);
  }

  /** Forgets the tools that the configuration names no more. */
  retain({ routes }: Pick<Snapshot, 'routes'>): void {
    if (this.series.size === 0) return;
    const named = new Set<string>();
    for (const { id, action } of routes)
      if (action.kind === 'mcp') for (const { name } of action.tools) named.add(`${id}\0${name}`);
    for (const key of this.series.keys()) if (!named.has(key)) this.series.delete(key);
  }
}
