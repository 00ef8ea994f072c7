/**
 * Ring hash: each target owns points on a circle of hashes, and a key belongs to the next point (consistent hashing
 * after Karger et al., STOC 1997; points per target after libketama).
 *
 *   0 ──●a──●c────●b──●a───●c──●b──▶ 2³²        A target that leaves gives each of its stretches to whoever is next;
 *          key ──▲ b                             no other key moves.
 *
 * A target's points depend on nothing but its id and its weight: that is what makes the disruption minimal. With 160
 * points per unit of weight, shares are even to about 8 % (their deviation falls with the root of the number of points).
 */
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import { hash32 } from './hash.js';
import type { HashTable } from './hash-table.js';

const POINTS_PER_WEIGHT = 160;

/**
 * Points on one ring, at most: 1.5 MiB. Beyond it, all targets get proportionately fewer, and a target that comes or
 * goes then changes the number of points of the others: some more keys move than need be.
 */
const POINTS_MAX = 262_144;

/** Ranks are packed behind hashes into one float, which holds 53 bits: 32 for the hash, the rest for these. */
const RANKS = 0x10_0000;

export function ringHash(targets: readonly Pick<TargetSpec, 'id' | 'weight'>[]): HashTable {
  const weightSum = targets.reduce((sum, target) => sum + target.weight, 0);
  const perWeight = Math.min(POINTS_PER_WEIGHT, POINTS_MAX / weightSum);
  // By rank of their ids: two points with one hash are then in the same order whatever the order in the configuration.
  const ranked = targets.map(({ id, weight }, position) => ({ id, weight, position })).sort(byId);
  const packed: number[] = [];
  ranked.forEach(({ id, weight }, rank) => {
    const points = Math.max(1, Math.round(weight * perWeight));
    for (let i = 0; i < points; i += 1) packed.push(hash32(`${id}#${i}`) * RANKS + rank);
  });
  const sorted = Float64Array.from(packed).sort();
  const hashes = Uint32Array.from(sorted, (point) => Math.floor(point / RANKS));
  const positions = Uint32Array.from(sorted, (point) => ranked[point % RANKS]?.position ?? 0);
  return {
    size: hashes.length,
    placeOf: (hash) => firstAtOrAfter(hashes, hash) % Math.max(1, hashes.length),
    targetAt: (place) => positions[place] ?? 0,
  };
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** The number of points before this hash: the place of the point that the hash belongs to, one past the end for none. */
function firstAtOrAfter(hashes: Uint32Array, hash: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
