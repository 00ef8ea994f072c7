/**
 * The key set of one issuer (RFC 7517 §5): fetched, cached, and fetched again when it is old or when a token names a
 * key that is not in it, which is how an issuer's rotation shows.
 *
 *   age  0 ────────── 0.8 × cacheMs ─────────── cacheMs ──────▶
 *        used as it is │ used, and fetched behind │ fetched first; the old keys stand in
 *                      │ the request's back       │ when the issuer can't be asked
 *
 * One fetch at a time, whoever asks. Between two fetches lies at least a pause, so neither tokens with invented key ids
 * nor an issuer that is down turn requests into a flood on the issuer. The last good keys are kept: an issuer that is
 * down must not take down whoever holds a good token.
 */
import type { JwtKeysSpec } from '@weir/proto/snapshot/snapshot.js';
import { createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import type { JwtKeys, KeyVerdict, KeyWish } from './jwt-keys.js';

/** Resolves to null when the issuer could not be asked, or did not answer with JSON, in time. Never rejects. */
export type FetchJwks = (url: string, timeoutMs: number) => Promise<unknown>;

export interface JwksFunctions {
  readonly fetchJwks: FetchJwks;
  readonly nowMs: () => number;
}

/** Pause after a fetch before a token with an unknown key id may cause the next one. */
export const UNKNOWN_KEY_PAUSE_MS = 5_000;
/** Pause before an issuer that failed is asked again. */
export const RETRY_PAUSE_MS = 1_000;
/** Tokens with an unknown key id that may wait for a fetch at once. Invented ones must not fill the places of good ones. */
export const UNKNOWN_WAITING_MAX = 64;
const EARLY_SHARE = 0.8;
/** Keys of one set that are looked at. */
const KEYS_MAX = 100;

const unknownKey: KeyVerdict = { kind: 'unknown' };
const unavailable: KeyVerdict = { kind: 'unavailable' };

export function createJwks(spec: Extract<JwtKeysSpec, { kind: 'jwks' }>, functions: JwksFunctions): JwtKeys {
  const { fetchJwks, nowMs } = functions;
  let keys: LocalJWKSet | null = null;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let endedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | null = null;
  let unknownWaiting = 0;

  const fetchOnce = async (): Promise<void> => {
    try {
      const answer = keySetOf(await fetchJwks(spec.url, spec.timeoutMs));
      if (answer === null) return;
      keys = answer;
      fetchedAtMs = nowMs();
    } finally {
      endedAtMs = nowMs();
      fetching = null;
    }
  };
  /** Resolves when a fetch has ended, or at once when it is too soon for another one. */
  const refresh = (pauseMs: number): Promise<void> => {
    if (fetching === null && nowMs() - endedAtMs >= pauseMs) fetching = fetchOnce();
    return fetching ?? Promise.resolve();
  };

  return {
    family: 'asymmetric',
    async find(wish) {
      const ageMs = nowMs() - fetchedAtMs;
      if (ageMs >= spec.cacheMs) await refresh(RETRY_PAUSE_MS);
      else if (ageMs >= EARLY_SHARE * spec.cacheMs) void refresh(RETRY_PAUSE_MS);
      if (keys === null) return unavailable;
      const found = await keyIn(keys, wish);
      if (found !== null) return found;
      if (unknownWaiting >= UNKNOWN_WAITING_MAX) return unknownKey;
      const before = keys;
      unknownWaiting += 1;
      try {
        await refresh(UNKNOWN_KEY_PAUSE_MS);
      } finally {
        unknownWaiting -= 1;
      }
      return keys === before ? unknownKey : ((await keyIn(keys, wish)) ?? unknownKey);
    },
  };
}

/**
 * Null: not a key set. Members that are not even objects are left out, since one of them must not cost the others; that
 * only public keys of the family which the algorithm asks for are used, jose sees to when a key is picked.
 */
function keySetOf(answer: unknown): LocalJWKSet | null {
  if (typeof answer !== 'object' || answer === null || !('keys' in answer) || !Array.isArray(answer.keys)) return null;
  const usable = answer.keys.slice(0, KEYS_MAX).filter((key: unknown) => typeof key === 'object' && key !== null);
  // The filter above has seen to it that each member is an object, which is all that jose asks of it here.
  return createLocalJWKSet({ keys: usable } as JSONWebKeySet);
}

/** Null: no key of the set fits, or more than one does, or the one that fits is broken. */
async function keyIn(keys: LocalJWKSet, wish: KeyWish): Promise<KeyVerdict | null> {
  try {
    return { kind: 'key', key: await keys({ ...wish }) };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return null;
    throw error;
  }
}
