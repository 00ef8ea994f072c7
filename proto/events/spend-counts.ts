/**
 * Node → all, several times a second while something is spent: what a life of a node has reserved, settled and spent of shared budgets.
 * Counts of one window only grow and are told whole, so a message may be lost, doubled or late without harm; and whoever has heard
 * them may tell them on to a node that has just come.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface SpendCounts {
  readonly kind: 'spend';
  /** Who tells. */
  readonly id: string;
  readonly incarnation: number;
  /** Whose counts they are. */
  readonly of: string;
  readonly ofIncarnation: number;
  readonly counts: readonly SpendCount[];
}

/** As a list, since there may be thousands in a message: budget and key, window, and what only grows. */
export type SpendCount = readonly [key: string, window: number, reserved: number, released: number, spent: number];

/** What does not fit goes into the next message. */
export const spendCountsMax = 4_000;
/** Keys are digests. */
const KEY_MAX = 128;

export function readSpendCounts(value: unknown): SpendCounts | null {
  if (!isFields(value)) return null;
  const { id, incarnation, of, ofIncarnation, counts } = value;
  if (!isName(id) || !isCount(incarnation) || !isName(of) || !isCount(ofIncarnation)) return null;
  if (!isListOf(counts, spendCountsMax, isSpendCount)) return null;
  return { kind: 'spend', id, incarnation, of, ofIncarnation, counts };
}

function isSpendCount(value: unknown): value is SpendCount {
  if (!Array.isArray(value) || value.length < 5) return false;
  const [key, window, reserved, released, spent]: unknown[] = value;
  if (!isText(key, KEY_MAX) || !isCount(window)) return false;
  return isCount(reserved) && isCount(released) && isCount(spent) && released <= reserved;
}
