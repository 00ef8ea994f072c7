/**
 * Loads what answers by MCP when the first snapshot has such a route; until then a node has nothing of it but this file. Owns the loaded
 * function.
 */
import type { McpRouteSpec } from '@weir/proto/snapshot/mcp.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

export type CompileMcp = (route: RouteSpec, spec: McpRouteSpec, services: ChainServices) => Dispatch;

let loaded: CompileMcp | null = null;

/** Null: the snapshot has no such route. */
export async function lateMcp({ routes }: Pick<Snapshot, 'routes'>): Promise<CompileMcp | null> {
  if (!routes.some(({ action }) => action.kind === 'mcp')) return null;
  loaded ??= (await import('./mcp-route.js')).compileMcp;
  return loaded;
}
