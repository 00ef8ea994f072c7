/**
 * Consumers, found by what they show: the hash of a key, a name, the issuer of a token; and who is in which group. Where a few of a
 * hundred thousand have changed, the index is changed and not built anew; what it has handed out before is not to be asked any more.
 * Owns all that it has indexed. Pure.
 */
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { ConsumerSpec, ConsumerTokenSpec } from '@weir/proto/snapshot/snapshot.js';
import { LRUCache } from 'lru-cache';
import type { Work } from '../time/slices.js';
import { Admissions } from './admission.js';
import { parseScryptHash } from './scrypt-hash.js';

/** A consumer's word for what signs its tokens. */
export type ConsumerToken = ConsumerTokenSpec & { readonly consumerId: string };

export interface BasicEntry {
  readonly consumerId: string;
  readonly hash: string;
}

/** From one list of consumers to another. */
export interface ConsumerChange {
  readonly gone: readonly ConsumerSpec[];
  readonly come: readonly ConsumerSpec[];
  /** Whether none of those between the first and the last that changed has a password or signs tokens: these have an order. */
  readonly isOfKeys: boolean;
}

/** Good keys that are remembered; with the longest text that can be a key it bounds the memory. */
const REMEMBERED_KEYS_MAX = 10_000;
/** Consumers that are looked at before others get their turn. */
const CONSUMERS_AT_ONCE = 500;
/** Of those that changed: more than these at once, between two requests, would take longer than a request. */
const CHANGED_MAX = 1_000;

/** Whose a key is, for as long as it is anybody's. */
interface Owner {
  consumerId: string | null;
}

export class ConsumerIndex {
  readonly #keys: Map<string, Owner>;
  readonly #admissions: Admissions;
  /** By their names, and by their issuers: of the few that have any. */
  readonly basic: ReadonlyMap<string, readonly BasicEntry[]>;
  readonly tokens: ReadonlyMap<string, readonly ConsumerToken[]>;
  /** A hash that takes as long to check as a real one; null: nobody has a password. */
  readonly decoy: string | null;
  /** No two consumers have an id or a key in common, so it does not matter in which order they came. */
  readonly #isClear: boolean;
  readonly #remembered: LRUCache<string, Owner>;

  private constructor(parts: Parts, remembered: LRUCache<string, Owner> | null) {
    this.#keys = parts.keys;
    this.#admissions = parts.admissions;
    this.basic = parts.basic;
    this.tokens = parts.tokens;
    this.decoy = parts.decoy;
    this.#isClear = parts.isClear;
    // No more good keys can be remembered than there are. The library reserves memory for the whole number at once, which
    // took a millisecond of every reload when it was always the largest.
    const max = Math.max(1, Math.min(REMEMBERED_KEYS_MAX, parts.keys.size));
    this.#remembered = remembered !== null && 2 * remembered.max >= max ? remembered : new LRUCache({ max });
  }

  /** Throws when a consumer's hash can't be read. */
  static *building(consumers: readonly ConsumerSpec[]): Work<ConsumerIndex> {
    const { basic, decoy } = basicOf(consumers);
    const keys = new Map<string, Owner>();
    const admissions = new Admissions();
    let isClear = true;
    for (const [index, consumer] of consumers.entries()) {
      const isNew = !admissions.has(consumer.id);
      isClear = addTo(keys, consumer) && isNew && isClear;
      admissions.add(consumer);
      if (index % CONSUMERS_AT_ONCE === 0) yield;
    }
    const tokens = yield* tokensOf(consumers);
    return new ConsumerIndex({ keys, admissions, basic, tokens, decoy, isClear }, null);
  }

  /** Whose key has that hash, asked where `key` itself is not remembered; null: nobody's. */
  consumerOfKey(key: string, sha256Hex: (text: string) => string): string | null {
    const known = this.#remembered.get(key)?.consumerId ?? null;
    if (known !== null) return known;
    const owner = this.#keys.size === 0 ? undefined : this.#keys.get(sha256Hex(key));
    if (owner === undefined) return null;
    this.#remembered.set(key, owner);
    return owner.consumerId;
  }

  isOwn(id: string): boolean {
    return this.#admissions.isOwn(id);
  }

  membersOf(list: readonly string[]): ReadonlySet<string> {
    return this.#admissions.membersOf(list);
  }

  /** Whether it can be changed so, and comes to what building one anew would. */
  takes({ gone, come, isOfKeys }: ConsumerChange): boolean {
    if (gone === NOBODY && come === NOBODY) return true;
    if (!this.#isClear || !isOfKeys || gone.length + come.length > CHANGED_MAX) return false;
    const left = new Set(gone.map(({ id }) => id));
    const [ids, hashes] = [new Set<string>(), new Map<string, string>()];
    return come.every(({ id, keyHashes }) => {
      if (ids.has(id) || (this.#admissions.has(id) && !left.has(id))) return false;
      ids.add(id);
      return keyHashes.every((hash) => {
        const owner = this.#keys.get(hash)?.consumerId ?? null;
        const isFree = (owner === null || left.has(owner)) && (hashes.get(hash) ?? id) === id;
        hashes.set(hash, id);
        return isFree;
      });
    });
  }

  /** In one turn, of what it takes. The one before is this one from now on, and nobody is to ask it. */
  changed({ gone, come }: ConsumerChange): ConsumerIndex {
    for (const consumer of gone) {
      this.#admissions.remove(consumer);
      for (const hash of consumer.keyHashes) {
        const owner = this.#keys.get(hash);
        if (owner !== undefined) owner.consumerId = null;
        this.#keys.delete(hash);
      }
    }
    for (const consumer of come) {
      addTo(this.#keys, consumer);
      this.#admissions.add(consumer);
    }
    const { basic, tokens, decoy } = this;
    const parts = { keys: this.#keys, admissions: this.#admissions, basic, tokens, decoy, isClear: true };
    return new ConsumerIndex(parts, this.#remembered);
  }
}

interface Parts extends Pick<ConsumerIndex, 'basic' | 'tokens' | 'decoy'> {
  readonly keys: Map<string, Owner>;
  readonly admissions: Admissions;
  readonly isClear: boolean;
}

/** By the objects themselves where a list keeps them (proto/snapshot/snapshot-reader.ts), and by what they say at its two ends. */
export function* comparingConsumers(
  former: readonly ConsumerSpec[],
  next: readonly ConsumerSpec[],
): Work<ConsumerChange> {
  if (former === next) return NO_CHANGE;
  let [begin, end, formerEnd] = [0, next.length, former.length];
  for (; begin < Math.min(end, formerEnd) && isSameValue(former[begin], next[begin]); begin += 1)
    if (begin % CONSUMERS_AT_ONCE === 0) yield;
  for (; Math.min(end, formerEnd) > begin && isSameValue(former[formerEnd - 1], next[end - 1]); end -= 1) {
    formerEnd -= 1;
    if (end % CONSUMERS_AT_ONCE === 0) yield;
  }
  const [before, after] = [former.slice(begin, formerEnd), next.slice(begin, end)];
  if (before.length + after.length === 0) return NO_CHANGE;
  const [were, are] = [new Set(before), new Set(after)];
  yield;
  return {
    gone: before.filter((consumer) => !are.has(consumer)),
    come: after.filter((consumer) => !were.has(consumer)),
    isOfKeys: before.every(hasKeysAlone) && after.every(hasKeysAlone),
  };
}

const NOBODY: readonly ConsumerSpec[] = [];
/** The same in the same order. */
const NO_CHANGE: ConsumerChange = { gone: NOBODY, come: NOBODY, isOfKeys: true };
const hasKeysAlone = ({ basic, tokens }: ConsumerSpec): boolean => basic.length === 0 && tokens === undefined;

/** False: some key is another one's as well, whose it is no longer. */
function addTo(keys: Map<string, Owner>, { id, keyHashes }: ConsumerSpec): boolean {
  const owner: Owner = { consumerId: id };
  let isClear = true;
  for (const hash of keyHashes) {
    const other = keys.get(hash);
    if (other !== undefined && other.consumerId !== id) isClear = false;
    keys.set(hash, owner);
  }
  return isClear;
}

function* tokensOf(consumers: readonly ConsumerSpec[]): Work<ReadonlyMap<string, readonly ConsumerToken[]>> {
  const byIssuer = new Map<string, ConsumerToken[]>();
  for (const [index, { id: consumerId, tokens = [] }] of consumers.entries()) {
    for (const token of tokens) {
      const known = byIssuer.get(token.issuer);
      if (known === undefined) byIssuer.set(token.issuer, [{ ...token, consumerId }]);
      else known.push({ ...token, consumerId });
    }
    if (index % CONSUMERS_AT_ONCE === 0) yield;
  }
  return byIssuer;
}

function basicOf(consumers: readonly ConsumerSpec[]) {
  const basic = new Map<string, BasicEntry[]>();
  let decoy: string | null = null;
  for (const { id, basic: entries } of consumers) {
    for (const { username, hash } of entries) {
      if (parseScryptHash(hash) === null)
        throw new Error(`consumer ${id}: the password hash of ${username} is not scrypt`);
      decoy ??= hash;
      basic.set(username, [...(basic.get(username) ?? []), { consumerId: id, hash }]);
    }
  }
  return { basic, decoy };
}
