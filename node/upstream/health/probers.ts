/**
 * Which nodes probe a target: those with the highest hash of target and node together (rendezvous hashing; Thaler and
 * Ravishankar, "Using name-based mappings to increase hit rates", 1998). All nodes come to the same answer from the same
 * members, and one that dies leaves its targets to others and moves none besides.
 *
 * Three of them, because one may be the node whose network is broken: a target whose failing only one sees is looked at by
 * the others from their own place (hearsay.ts). Two would be enough to notice a dead target, and leave nobody to do it in
 * the seconds after the first of them has died of the same cause.
 */
import { hash32, mix32 } from '../balance/hash.js';

export const PROBERS = 3;

export interface Prober {
  readonly id: string;
  readonly hash: number;
}

export const proberOf = (id: string): Prober => ({ id, hash: hash32(id) });

/** Whether `own` is among the `count` of `nodes` that probe this target; `nodes` include it. Costs one pass. */
export function isProberOf(targetKey: string, own: Prober, nodes: readonly Prober[], count = PROBERS): boolean {
  if (nodes.length <= count) return true;
  const target = hash32(targetKey);
  const ownRank = mix32(target ^ own.hash);
  let before = 0;
  for (const node of nodes) {
    if (node.id === own.id) continue;
    const rank = mix32(target ^ node.hash);
    // Names decide between equal hashes: all must come to the same.
    if (rank > ownRank || (rank === ownRank && node.id < own.id)) before += 1;
    if (before === count) return false;
  }
  return true;
}
