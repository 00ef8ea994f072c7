/**
 * Whom a list of consumers means: ids, and `@GROUP` for all that are in a group. An empty one means all of the operator's own; an
 * application of the registry passes only where it, or a group of its, is named, or a team could let itself into any route by a
 * key of its own. Sets are made once for a snapshot and shared by all lists that say the same. Pure.
 */
import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Work } from '../time/slices.js';

export type Admits = (consumerId: string) => boolean;

/** Consumers that are looked at before others get their turn. */
export const CONSUMERS_AT_ONCE = 500;

export function* compilingAdmissions(consumers: readonly ConsumerSpec[]): Work<(list: readonly string[]) => Admits> {
  const groups = new Map<string, Set<string>>();
  const managed = new Set<string>();
  for (const [index, { id, groups: named = NO_GROUPS, isManaged = false }] of consumers.entries()) {
    if (isManaged) managed.add(id);
    for (const group of named) {
      const members = groups.get(group);
      if (members === undefined) groups.set(group, new Set([id]));
      else members.add(id);
    }
    if (index % CONSUMERS_AT_ONCE === 0) yield;
  }
  const sets = new Map<string, ReadonlySet<string>>();
  const own: Admits = managed.size === 0 ? () => true : (consumerId) => !managed.has(consumerId);
  return (list) => {
    if (list.length === 0) return own;
    const name = list.join('\n');
    const set = sets.get(name) ?? setOf(list, groups);
    sets.set(name, set);
    return (consumerId) => set.has(consumerId);
  };
}

const NO_GROUPS: readonly string[] = [];
const NOBODY: ReadonlySet<string> = new Set();

function setOf(list: readonly string[], groups: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const membersOf = (name: string): ReadonlySet<string> => groups.get(name.slice(1)) ?? NOBODY;
  const [first = ''] = list;
  // Nearly all lists name one group.
  if (list.length === 1 && first.startsWith('@')) return membersOf(first);
  return new Set(list.flatMap((name) => (name.startsWith('@') ? [...membersOf(name)] : [name])));
}
