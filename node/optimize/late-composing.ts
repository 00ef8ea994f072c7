/**
 * Loads what composes answers, takes batches and puts requests together when the first snapshot has such a route; until then a node has
 * nothing of it but this file. Owns what was loaded.
 */
import type { BatchRouteSpec, CoalesceSpec, ComposeRouteSpec } from '@weir/proto/snapshot/compose.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch, Layer } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

export interface Composers {
  compose(route: RouteSpec, spec: ComposeRouteSpec, services: ChainServices): Dispatch;
  batch(route: RouteSpec, spec: BatchRouteSpec, services: ChainServices): Dispatch;
  coalesce(route: RouteSpec, spec: CoalesceSpec, services: ChainServices): Layer;
}

let loaded: Composers | null = null;

/** Null: the snapshot has no such route. */
export async function lateComposers({ routes }: Pick<Snapshot, 'routes'>): Promise<Composers | null> {
  const isNeeded = routes.some(
    ({ action, coalesce }) => action.kind === 'compose' || action.kind === 'batch' || coalesce !== null,
  );
  if (!isNeeded) return null;
  loaded ??= await load();
  return loaded;
}

async function load(): Promise<Composers> {
  const [{ compileCompose }, { compileBatch }, { compileCoalescing }] = await Promise.all([
    import('./compose/compose-route.js'),
    import('./batch/batch-route.js'),
    import('./coalesce/coalescing.js'),
  ]);
  return { compose: compileCompose, batch: compileBatch, coalesce: compileCoalescing };
}
