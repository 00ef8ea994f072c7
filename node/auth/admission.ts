/**
 * Whom a list of consumers means: ids, and `@GROUP` for all that are in a group. An empty one means all of the operator's own; an
 * application of the registry passes only where it, or a group of its, is named, or a team could let itself into any route by a
 * key of its own. Sets are made once and shared by all lists that say the same. Owns who is in which group. Pure.
 */
import type { ConsumerSpec } from '@weir/proto/snapshot/snapshot.js';

export type Admits = (consumerId: string) => boolean;

export class Admissions {
  /** Of each consumer, whether it is an application of the registry. */
  readonly #isManaged = new Map<string, boolean>();
  readonly #groups = new Map<string, Set<string>>();
  /** Of lists that name several; forgotten with each change. */
  readonly #sets = new Map<string, ReadonlySet<string>>();

  has(id: string): boolean {
    return this.#isManaged.has(id);
  }

  add({ id, groups = NO_GROUPS, isManaged }: ConsumerSpec): void {
    this.#sets.clear();
    this.#isManaged.set(id, isManaged === true);
    for (const group of groups) {
      const members = this.#groups.get(group);
      if (members === undefined) this.#groups.set(group, new Set([id]));
      else members.add(id);
    }
  }

  /** As it was added. */
  remove({ id, groups = NO_GROUPS }: ConsumerSpec): void {
    this.#sets.clear();
    this.#isManaged.delete(id);
    for (const group of groups) {
      const members = this.#groups.get(group);
      members?.delete(id);
      if (members?.size === 0) this.#groups.delete(group);
    }
  }

  isOwn(id: string): boolean {
    return this.#isManaged.get(id) !== true;
  }

  /** Of a list that is not empty; good until the next change. */
  membersOf(list: readonly string[]): ReadonlySet<string> {
    const [first = ''] = list;
    // Nearly all lists name one group.
    if (list.length === 1 && first.startsWith('@')) return this.#ofGroup(first);
    const name = list.join('\n');
    const known = this.#sets.get(name);
    if (known !== undefined) return known;
    const made = new Set(list.flatMap((entry) => (entry.startsWith('@') ? [...this.#ofGroup(entry)] : [entry])));
    this.#sets.set(name, made);
    return made;
  }

  #ofGroup(name: string): ReadonlySet<string> {
    return this.#groups.get(name.slice(1)) ?? NOBODY;
  }
}

const NO_GROUPS: readonly string[] = [];
const NOBODY: ReadonlySet<string> = new Set();
