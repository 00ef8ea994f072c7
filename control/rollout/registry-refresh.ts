/**
 * What becomes of a rollout when the registry has changed: the same configs, made anew with what people have changed since, and no trial of
 * them. A key that is revoked can't wait for a canary, and what was taken back stays taken back. Pure.
 *
 *     everywhere, done    target' for all, target is what is gone back to
 *     canary, paused      target' for those who try it out, base' for all others
 *     rolledBack          base' for all; target stays what was taken back
 */
import type { Release, RolloutRecord } from '@weir/proto/events/rollout.js';
import { type Author, atOnce, begin, forAll } from './rollout.js';

/** What a control knows of the registry. */
export interface RegistryPosition {
  /** Number of the last entry that nodes are concerned by. */
  readonly number: number;
  /** When the latest of the keys expired that have; 0: none has. */
  readonly expiredWallMs: number;
}

function isBehind({ registry }: Release, { number, expiredWallMs }: RegistryPosition): boolean {
  return registry === undefined ? number > 0 : registry.number < number || registry.atWallMs < expiredWallMs;
}

/** The releases that nodes run or try out. */
export function inUse(record: RolloutRecord): { readonly all: Release; readonly tried: Release | null } {
  const isTried = (record.stage === 'canary' || record.stage === 'paused') && record.base !== null;
  return { all: forAll(record), tried: isTried ? record.target : null };
}

export function needsRefresh(record: RolloutRecord, position: RegistryPosition): boolean {
  const { all, tried } = inUse(record);
  return isBehind(all, position) || (tried !== null && isBehind(tried, position));
}

/** Nothing goes back: whether a release was made with less of the registry than what runs. */
export function isOlder(release: Release, than: Release | null): boolean {
  return (release.registry?.number ?? 0) < (than?.registry?.number ?? 0);
}

/** `all` and `tried` in place of what is in use; their versions are higher than any before, that of `tried` the highest. */
export function refreshed(
  record: RolloutRecord,
  { all, tried }: { readonly all: Release; readonly tried: Release | null },
  author: Author,
): RolloutRecord {
  const why = `the registry up to entry ${all.registry?.number ?? 0}`;
  if (tried !== null) return { ...record, ...author, by: record.by, target: tried, base: all };
  if (record.stage === 'rolledBack') return { ...record, ...author, by: record.by, base: all };
  return { ...begin(record, all, atOnce, [], author), why };
}
