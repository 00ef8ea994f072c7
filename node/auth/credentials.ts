/**
 * The consumers of one snapshot and how their credentials are checked. What is slow to learn and outlives a snapshot
 * (good passwords, keys of token issuers) is behind CredentialFunctions; the composition root makes that once.
 *
 * API keys are found by their SHA-256. The comparison of a hash may take what time it likes: who varies a key learns
 * nothing from how far its hash agreed with another one. Keys are long and random, so one round of SHA-256 is enough
 * (unlike a password's), and keys that were good lately are remembered, so that the hot path does not even hash.
 * Bad keys are not remembered: they cost a hash each, about a microsecond, and no memory.
 */
import type { ConsumerSpec, ConsumerTokenSpec, JwtKeysSpec } from '@weir/proto/snapshot/snapshot.js';
import { LRUCache } from 'lru-cache';
import { atOnce, type Work } from '../time/slices.js';
import { type Admits, CONSUMERS_AT_ONCE, compilingAdmissions } from './admission.js';
import type { JwtKeys } from './jwt-keys.js';
import type { PasswordVerdict } from './passwords.js';
import { parseScryptHash } from './scrypt-hash.js';

export type BasicVerdict =
  | { readonly kind: 'accepted'; readonly consumerId: string }
  | { readonly kind: 'refused' }
  /** As many passwords are being checked as may be; try again. */
  | { readonly kind: 'busy' };

export interface Credentials {
  /** Consumer id of an API key, or null. Synchronous: this is on the hot path. */
  consumerOfKey(key: string): string | null;
  /** A password check is slow on purpose, so known good ones are remembered and answered at once. */
  consumerOfBasic(username: string, password: string): BasicVerdict | Promise<BasicVerdict>;
  /** Who signs tokens under that name, and for which consumer. */
  tokensOf(issuer: string): readonly ConsumerToken[];
  /** Whom a list of consumers, or of their groups as `@GROUP`, means. */
  admits(consumers: readonly string[]): Admits;
  /** The same keys for the same definition as long as the node lives. Throws when the definition can't be used. */
  jwtKeys(spec: JwtKeysSpec): JwtKeys;
}

/** A consumer's word for what signs its tokens. */
export type ConsumerToken = ConsumerTokenSpec & { readonly consumerId: string };

/** What checking needs from outside, and what outlives a snapshot. */
export interface CredentialFunctions {
  sha256Hex(text: string): string;
  /** Checks a password against a scrypt hash. */
  checkPassword(username: string, password: string, hash: string): PasswordVerdict | Promise<PasswordVerdict>;
  jwtKeys(spec: JwtKeysSpec): JwtKeys;
}

/** Good keys that are remembered, and the longest text that can be a key; together they bound the memory. */
const REMEMBERED_KEYS_MAX = 10_000;
const KEY_LENGTH_MAX = 512;

/** Throws when a consumer's hash can't be read. */
export function compileCredentials(consumers: readonly ConsumerSpec[], functions: CredentialFunctions): Credentials {
  return atOnce(compilingCredentials(consumers, functions));
}

/** The same, some consumers at a time: a hundred thousand of them take longer than a request. */
export function* compilingCredentials(
  consumers: readonly ConsumerSpec[],
  functions: CredentialFunctions,
): Work<Credentials> {
  const { basicOf, decoy } = compileBasic(consumers);
  const refused: BasicVerdict = { kind: 'refused' };
  const consumerOfKey = yield* compilingKeys(consumers, functions);
  const admits = yield* compilingAdmissions(consumers);
  const tokens = yield* compilingTokens(consumers, functions);
  return {
    consumerOfKey,
    admits,
    tokensOf: (issuer) => tokens.get(issuer) ?? NO_TOKENS,
    consumerOfBasic(username, password) {
      const entries = basicOf.get(username);
      const { checkPassword } = functions;
      if (entries !== undefined) return checkEntries(entries, (hash) => checkPassword(username, password, hash));
      if (decoy === null) return refused;
      // An unknown name takes as long as a wrong password, so that names can't be told by the clock.
      const verdict = checkPassword(username, password, decoy);
      const conceal = (seen: PasswordVerdict): BasicVerdict => (seen === 'busy' ? { kind: 'busy' } : refused);
      return verdict instanceof Promise ? verdict.then(conceal) : conceal(verdict);
    },
    jwtKeys: (spec) => functions.jwtKeys(spec),
  };
}

function* compilingKeys(
  consumers: readonly ConsumerSpec[],
  { sha256Hex }: CredentialFunctions,
): Work<Credentials['consumerOfKey']> {
  const consumerOfHash = new Map<string, string>();
  for (const [index, { id, keyHashes }] of consumers.entries()) {
    for (const hash of keyHashes) consumerOfHash.set(hash, id);
    if (index % CONSUMERS_AT_ONCE === 0) yield;
  }
  // No more good keys can be remembered than there are. The library reserves memory for the whole number at once, which
  // took a millisecond of every reload when it was always the largest.
  const max = Math.max(1, Math.min(REMEMBERED_KEYS_MAX, consumerOfHash.size));
  const remembered = new LRUCache<string, string>({ max });
  return (key) => {
    if (key === '' || key.length > KEY_LENGTH_MAX || consumerOfHash.size === 0) return null;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const consumerId = consumerOfHash.get(sha256Hex(key)) ?? null;
    if (consumerId !== null) remembered.set(key, consumerId);
    return consumerId;
  };
}

const NO_TOKENS: readonly ConsumerToken[] = [];

function* compilingTokens(
  consumers: readonly ConsumerSpec[],
  { jwtKeys }: CredentialFunctions,
): Work<ReadonlyMap<string, readonly ConsumerToken[]>> {
  const byIssuer = new Map<string, ConsumerToken[]>();
  for (const [index, { id: consumerId, tokens = [], isManaged = false }] of consumers.entries()) {
    for (const token of tokens) {
      // A key that is none is refused now, and not at the first token; one of an application is its own matter, and nobody's else.
      if (!isManaged && token.keys.kind === 'publicKey') jwtKeys(token.keys);
      const known = byIssuer.get(token.issuer);
      if (known === undefined) byIssuer.set(token.issuer, [{ ...token, consumerId }]);
      else known.push({ ...token, consumerId });
    }
    if (index % CONSUMERS_AT_ONCE === 0) yield;
  }
  return byIssuer;
}

interface BasicEntry {
  readonly consumerId: string;
  readonly hash: string;
}

function compileBasic(consumers: readonly ConsumerSpec[]) {
  const basicOf = new Map<string, BasicEntry[]>();
  let decoy: string | null = null;
  for (const { id, basic } of consumers) {
    for (const { username, hash } of basic) {
      if (parseScryptHash(hash) === null)
        throw new Error(`consumer ${id}: the password hash of ${username} is not scrypt`);
      decoy ??= hash;
      basicOf.set(username, [...(basicOf.get(username) ?? []), { consumerId: id, hash }]);
    }
  }
  return { basicOf, decoy };
}

/** One entry after the other: a name may have two while its password is being changed. */
function checkEntries(
  entries: readonly BasicEntry[],
  check: (hash: string) => PasswordVerdict | Promise<PasswordVerdict>,
): BasicVerdict | Promise<BasicVerdict> {
  const [entry, ...others] = entries;
  if (entry === undefined) return { kind: 'refused' };
  const judge = (seen: PasswordVerdict): BasicVerdict | Promise<BasicVerdict> => {
    if (seen === 'right') return { kind: 'accepted', consumerId: entry.consumerId };
    return seen === 'busy' ? { kind: 'busy' } : checkEntries(others, check);
  };
  const verdict = check(entry.hash);
  return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
}
