/**
 * Node → all, several times a second while something is counted: how many requests it has asked for and admitted of shared
 * limits. Counts of one window only grow and are told whole, so that a message may be lost, doubled or late without harm.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface RateCounts {
  readonly kind: 'rate';
  readonly id: string;
  readonly incarnation: number;
  /** Of the stream `rate`. */
  readonly seq: number;
  readonly counts: readonly RateCount[];
}

/**
 * As a list, since there may be thousands in a message: limit and key, window, admitted, asked; and how long the sender's GCRA
 * is in debt, in milliseconds, which none before this release has told.
 */
export type RateCount = readonly [key: string, window: number, admitted: number, asked: number, debtMs?: number];

/** What does not fit goes into the next message. */
export const rateCountsMax = 4_000;
/** Keys are digests or names of limits with a short key behind them. */
export const KEY_MAX = 128;

export function readRateCounts(value: unknown): RateCounts | null {
  if (!isFields(value)) return null;
  const { id, incarnation, seq, counts } = value;
  if (!isName(id) || !isCount(incarnation) || !isCount(seq) || !isListOf(counts, rateCountsMax, isRateCount))
    return null;
  return { kind: 'rate', id, incarnation, seq, counts };
}

function isRateCount(value: unknown): value is RateCount {
  if (!Array.isArray(value)) return false;
  const [key, window, admitted, asked, debtMs = 0]: unknown[] = value;
  if (!isText(key, KEY_MAX) || !isCount(debtMs)) return false;
  return isCount(window) && isCount(admitted) && isCount(asked) && admitted <= asked;
}
