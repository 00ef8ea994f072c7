/** The keys that tokens are verified with: a shared secret, a public key, or the key set of an issuer. */
import type { JwtKeysSpec, SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { CryptoKey, KeyObject } from 'jose';
import { LRUCache } from 'lru-cache';
import { createJwks, type FetchJwks } from './jwks.js';

export type JwtKey = CryptoKey | KeyObject | Uint8Array;

/** What of a token's protected header says which key it wants. */
export interface KeyWish {
  readonly alg: string;
  readonly kid?: string;
}

export type KeyVerdict =
  | { readonly kind: 'key'; readonly key: JwtKey }
  /** No key of the issuer fits this token. */
  | { readonly kind: 'unknown' }
  /** The issuer's keys could never be had yet. */
  | { readonly kind: 'unavailable' };

export interface JwtKeys {
  /** A secret signs by HMAC, and never anything else: a public key must not be taken for a shared secret. */
  readonly family: 'symmetric' | 'asymmetric';
  find(wish: KeyWish): KeyVerdict | Promise<KeyVerdict>;
}

export interface JwtKeyFunctions {
  readonly fetchJwks: FetchJwks;
  readonly nowMs: () => number;
  readonly reveal: (text: SecretText) => string;
  /** Throws when the text is no key. */
  readonly publicKeyOfPem: (pem: string) => KeyObject;
}

/** Issuers of all snapshots since the node began, the least recently compiled forgotten first. */
const ISSUERS_MAX = 100;

/** The same keys for the same definition, so that a reload does not ask every issuer again. */
export function createJwtKeyStore(functions: JwtKeyFunctions): (spec: JwtKeysSpec) => JwtKeys {
  const issuers = new LRUCache<string, JwtKeys>({ max: ISSUERS_MAX });
  return (spec) => {
    switch (spec.kind) {
      case 'secret':
        return fixedKey('symmetric', longEnough(new TextEncoder().encode(functions.reveal(spec.secret))));
      case 'publicKey':
        return fixedKey('asymmetric', functions.publicKeyOfPem(spec.pem));
      case 'jwks': {
        const identity = JSON.stringify([spec.url, spec.cacheMs, spec.timeoutMs]);
        const known = issuers.get(identity);
        if (known !== undefined) return known;
        const made = createJwks(spec, functions);
        issuers.set(identity, made);
        return made;
      }
    }
  };
}

/** As long as the shortest hash that it signs by (RFC 7518 §3.2, HS256): what is shorter can be guessed from any token. Throws. */
const SECRET_BYTES_MIN = 32;

function longEnough(secret: Uint8Array): Uint8Array {
  if (secret.length >= SECRET_BYTES_MIN) return secret;
  const cure = 'draw one with: openssl rand -base64 48';
  throw new Error(`the secret of jwt has ${secret.length} bytes, and ${SECRET_BYTES_MIN} are needed; ${cure}`);
}

function fixedKey(family: JwtKeys['family'], key: JwtKey): JwtKeys {
  const verdict: KeyVerdict = { kind: 'key', key };
  return { family, find: () => verdict };
}
