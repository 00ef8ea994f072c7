/** Offers tools by MCP: the end of the chain for a route of that kind. What it does is in mcp/mcp-route.ts, which is loaded late. */
import type { Place } from '../pipeline/chain.js';

export const mcp: Place = (route, services) => {
  if (route.action.kind !== 'mcp') return null;
  const compile = services.mcp ?? null;
  if (compile === null) throw new Error(`route "${route.id}" speaks MCP, and that is not loaded`);
  const dispatch = compile(route, route.action, services);
  return () => dispatch;
};
