/**
 * Node → all, several times a second while something changes, and once a second of what stays: how many requests it has in
 * flight of shared limits. Told whole, so that one that is lost is made good by the next; who is silent for a while holds none.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface HoldCounts {
  readonly kind: 'holds';
  readonly id: string;
  readonly incarnation: number;
  readonly counts: readonly HoldCount[];
}

export type HoldCount = readonly [key: string, held: number];

/** What does not fit goes into the next message. */
export const holdCountsMax = 4_000;
const KEY_MAX = 128;

export function readHoldCounts(value: unknown): HoldCounts | null {
  if (!isFields(value)) return null;
  const { id, incarnation, counts } = value;
  if (!isName(id) || !isCount(incarnation) || !isListOf(counts, holdCountsMax, isHoldCount)) return null;
  return { kind: 'holds', id, incarnation, counts };
}

function isHoldCount(value: unknown): value is HoldCount {
  return Array.isArray(value) && isText(value[0], KEY_MAX) && isCount(value[1]);
}
