/**
 * The consumers in force and how their credentials are checked. What is slow to learn and outlives a snapshot
 * (good passwords, keys of token issuers) is behind CredentialFunctions; the composition root makes that once.
 *
 * API keys are found by their SHA-256. The comparison of a hash may take what time it likes: who varies a key learns
 * nothing from how far its hash agreed with another one. Keys are long and random, so one round of SHA-256 is enough
 * (unlike a password's), and keys that were good lately are remembered, so that the hot path does not even hash.
 * Bad keys are not remembered: they cost a hash each, about a microsecond, and no memory.
 */
import type { ConsumerSpec, JwtKeysSpec } from '@weir/proto/snapshot/snapshot.js';
import { atOnce, type Work } from '../time/slices.js';
import type { Admits } from './admission.js';
import { type BasicEntry, ConsumerIndex, type ConsumerToken } from './consumer-index.js';
import type { JwtKeys } from './jwt-keys.js';
import type { PasswordVerdict } from './passwords.js';

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
  /** Whom a list of consumers, or of their groups as `@GROUP`, means; for as long as it is kept, of those in force. */
  admits(consumers: readonly string[]): Admits;
  /** The same keys for the same definition as long as the node lives. Throws when the definition can't be used. */
  jwtKeys(spec: JwtKeysSpec): JwtKeys;
}

/** What checking needs from outside, and what outlives a snapshot. */
export interface CredentialFunctions {
  sha256Hex(text: string): string;
  /** Checks a password against a scrypt hash. */
  checkPassword(username: string, password: string, hash: string): PasswordVerdict | Promise<PasswordVerdict>;
  jwtKeys(spec: JwtKeysSpec): JwtKeys;
}

const KEY_LENGTH_MAX = 512;

/** Throws when a consumer's hash can't be read. */
export function compileCredentials(consumers: readonly ConsumerSpec[], functions: CredentialFunctions): Credentials {
  const index = atOnce(indexing(consumers, functions));
  return credentialsOf(() => index, functions);
}

/** Some consumers at a time: a hundred thousand of them take longer than a request. */
export function* indexing(
  consumers: readonly ConsumerSpec[],
  { jwtKeys }: Pick<CredentialFunctions, 'jwtKeys'>,
): Work<ConsumerIndex> {
  const index = yield* ConsumerIndex.building(consumers);
  // A key that is none is refused now, and not at the first token; one of an application is its own matter, and nobody's else.
  for (const { tokens = [], isManaged = false } of consumers)
    for (const { keys } of tokens) if (!isManaged && keys.kind === 'publicKey') jwtKeys(keys);
  return index;
}

/** Of whatever index is in force when they are asked. */
export function credentialsOf(inForce: () => ConsumerIndex, functions: CredentialFunctions): Credentials {
  const refused: BasicVerdict = { kind: 'refused' };
  return {
    consumerOfKey: (key) =>
      key === '' || key.length > KEY_LENGTH_MAX ? null : inForce().consumerOfKey(key, functions.sha256Hex),
    admits: (list) => (list.length === 0 ? (consumerId) => inForce().isOwn(consumerId) : amongNamed(list, inForce)),
    tokensOf: (issuer) => inForce().tokens.get(issuer) ?? NO_TOKENS,
    consumerOfBasic(username, password) {
      const { basic, decoy } = inForce();
      const entries = basic.get(username);
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

/** Looked up once for each index. */
function amongNamed(list: readonly string[], inForce: () => ConsumerIndex): Admits {
  let [seen, members]: [ConsumerIndex | null, ReadonlySet<string>] = [null, NOBODY];
  return (consumerId) => {
    const index = inForce();
    if (index !== seen) [seen, members] = [index, index.membersOf(list)];
    return members.has(consumerId);
  };
}

const NOBODY: ReadonlySet<string> = new Set();
const NO_TOKENS: readonly ConsumerToken[] = [];

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
