import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { expect, it } from 'vitest';
import { Cells } from './cells.js';
import { mcpFamilies } from './mcp-families.js';

const page = (cells: Cells): string =>
  mcpFamilies({ cells })
    .flatMap((one) => [...one.lines()])
    .join('');

it('calls of tools are counted by how they ended, and forgotten with the tools that the configuration names no more', () => {
  const cells = new Cells();
  for (const tool of ['a', 'b']) {
    cells.mcp.called('r', tool, 'ok', 3);
    cells.mcp.called('r', tool, 'error', 20);
  }
  cells.mcp.called('r', 'a', 'ok', 700);
  cells.mcp.called('gone', 'a', 'cancelled', 1);
  expect(page(cells)).toContain('weir_mcp_calls_total{route="r",tool="a",outcome="ok"} 2\n');
  expect(page(cells)).toContain('weir_mcp_calls_total{route="r",tool="a",outcome="error"} 1\n');
  expect(page(cells)).toContain('weir_mcp_calls_total{route="gone",tool="a",outcome="cancelled"} 1\n');
  expect(page(cells)).toContain('weir_mcp_call_duration_seconds_count{route="r",tool="a"} 3\n');
  const routes = [{ id: 'r', action: { kind: 'mcp', tools: [{ name: 'a' }] } }] as unknown as Snapshot['routes']; // All that is looked at.
  cells.mcp.retain({ routes });
  expect([...cells.mcp.series.values()].map(({ route, tool }) => `${route} ${tool}`)).toEqual(['r a']);
});
