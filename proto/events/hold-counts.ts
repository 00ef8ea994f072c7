/**
 * Node → all, several times a second while something changes, and once a second of what stays: how many requests it has in
 * flight of shared limits. Told whole, so that one that is lost is made good by the next; who is silent for a while holds none.
 * How long that is, only the sender can say: its pauses grow with the cluster and with what it has to tell.
 */
import { isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface HoldCounts {
  readonly kind: 'holds';
  readonly id: string;
  readonly incarnation: number;
  readonly counts: readonly HoldCount[];
  /** All that it holds is told again within this time. Not said by earlier releases. */
  readonly everyMs?: number;
}

export type HoldCount = readonly [key: string, held: number];

/** What does not fit goes into the next message. */
export const holdCountsMax = 4_000;
const KEY_MAX = 128;
/** Twice what the longest pause comes to with as many keys as a node may hold (node/cluster/rates.ts). */
const EVERY_MS_MAX = 600_000;

export function readHoldCounts(value: unknown): HoldCounts | null {
  if (!isFields(value)) return null;
  const { id, incarnation, counts, everyMs } = value;
  if (!isName(id) || !isCount(incarnation) || !isListOf(counts, holdCountsMax, isHoldCount)) return null;
  const told: HoldCounts = { kind: 'holds', id, incarnation, counts };
  if (everyMs === undefined) return told;
  return isCount(everyMs) && everyMs <= EVERY_MS_MAX ? { ...told, everyMs } : null;
}

function isHoldCount(value: unknown): value is HoldCount {
  return Array.isArray(value) && isText(value[0], KEY_MAX) && isCount(value[1]);
}
