/** What calls of tools show to Prometheus. What their requests do at the routes of the tools is counted there. */
import { label } from './cell-samples.js';
import type { Cells } from './cells.js';
import { type Family, family, histogramFamily } from './exposition.js';
import { type ToolSeries, toolOutcomes } from './mcp-cells.js';

const CALLS =
  'Calls of tools by MCP; `error`: the result says so; `cancelled`: its client had left, or its time was over.';

export function mcpFamilies({ cells: { mcp } }: { readonly cells: Cells }): Family[] {
  const labels = ({ route, tool }: ToolSeries) => [label('route', route), label('tool', tool)];
  return [
    family('counter', 'weir_mcp_calls_total', CALLS, function* () {
      for (const series of mcp.series.values())
        for (const outcome of toolOutcomes)
          if (series.outcomes[outcome] > 0)
            yield [[...labels(series), label('outcome', outcome)], series.outcomes[outcome]];
    }),
    histogramFamily('weir_mcp_call_duration_seconds', 'Time from a call of a tool to its result.', function* () {
      for (const series of mcp.series.values()) yield [labels(series), series.durations];
    }),
  ];
}
