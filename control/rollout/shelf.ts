/**
 * Which snapshots of the store are still needed: those that the latest record may have nodes run, and for a while those of the records before it,
 * for who is slow. Pure.
 */
import type { RolloutRecord } from '@weir/proto/events/rollout.js';

/**
 * What no record names may be about to be named: it is stored before its record is written. So it stays for this long after it was
 * first seen to be unnamed; by the clock of whoever looks, since no other one's is believed.
 */
export const UNNAMED_MS = 120_000;
/** In one go; the rest is removed in the next. */
export const REMOVED_MAX = 500;

export interface ShelfSight {
  readonly names: readonly string[];
  /** The latest ones, of which the first is in force. */
  readonly records: readonly RolloutRecord[];
  /** Since when a name was seen without a record that names it. */
  readonly unnamedSince: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

export interface ShelfPlan {
  readonly missing: readonly string[];
  readonly remove: readonly string[];
  readonly unnamedSince: ReadonlyMap<string, number>;
}

/** The hashes that a node may be told to run, the one that most do first. */
export function neededBy({ target, base }: RolloutRecord): readonly string[] {
  return base === null || base.hash === target.hash ? [target.hash] : [target.hash, base.hash];
}

export function shelfPlan({ names, records, unnamedSince, nowMs }: ShelfSight): ShelfPlan {
  const [latest] = records;
  const there = new Set(names);
  const missing = latest === undefined ? [] : neededBy(latest).filter((hash) => !there.has(hash));
  // Without a record nobody can say what nodes run.
  if (latest === undefined) return { missing, remove: [], unnamedSince: new Map() };
  const named = new Set(records.flatMap(neededBy));
  const unnamed = names.filter((name) => !named.has(hashOf(name)));
  const since = new Map(unnamed.map((name) => [name, unnamedSince.get(name) ?? nowMs]));
  const remove = unnamed.filter((name) => nowMs - (since.get(name) ?? nowMs) >= UNNAMED_MS).slice(0, REMOVED_MAX);
  return { missing, remove, unnamedSince: since };
}

/** What makes a snapshot of another one stands beside it, as `<hash>-from-<hash>`. */
function hashOf(name: string): string {
  return name.slice(0, 64);
}
