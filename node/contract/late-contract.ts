/**
 * Loads what holds requests to contracts when the first snapshot has a route that does; until then a node has nothing of it but this file. Owns the
 * loaded module.
 */
import type { RouteContractSpec } from '@weir/proto/snapshot/contract.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Layer } from '../pipeline/dispatch.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';

export type HoldToContract = (spec: RouteContractSpec, bodies: HeldBytes) => Layer;

let loaded: typeof import('./contract-store.js') | null = null;

/** Null: no route of the snapshot does. */
export async function lateContracts(snapshot: Pick<Snapshot, 'routes' | 'contracts'>): Promise<HoldToContract | null> {
  if (!snapshot.routes.some(({ contract }) => contract !== null)) return null;
  loaded ??= await import('./contract-store.js');
  return loaded.holdToContracts(snapshot.contracts);
}
