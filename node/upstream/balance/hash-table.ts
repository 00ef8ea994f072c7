/**
 * What ring hash and Maglev have in common: places in a circle, each of one target. Both are pure functions of the
 * targets, whatever their order, so all nodes with the same targets send a key to the same one.
 *
 * A key goes to the target of its place, and where that may not be used now, to the next place whose target may. So
 * only the keys of a target that is out move, they spread over the others, and they come back when it does.
 */
export interface HashTable {
  readonly size: number;
  /** The place of a hash of 32 bits. */
  placeOf(hash: number): number;
  /** The target at a place, by its position in the list of targets. */
  targetAt(place: number): number;
}
