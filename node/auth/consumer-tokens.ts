/**
 * Tokens that consumers sign by keys of their own. Whose a token is, it says itself (`iss`, `kid`), unverified: that only chooses the keys that it is
 * then held to, and whatever else it claims is believed only behind a good signature. The consumer is the one whose key it was, whatever the token calls
 * its subject.
 */
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { LRUCache } from 'lru-cache';
import type { ConsumerToken } from './consumer-index.js';
import type { Credentials } from './credentials.js';
import { compileTokenCheck, TOKEN_LENGTH_MAX, type TokenVerdict, type VerifyToken } from './jwt.js';

export type ConsumerJwtSpec = Extract<AuthSpec, { kind: 'consumerJwt' }>;

/** Signers of which the keys are at hand, for one route; the least recently used one is made ready again. */
const READY_MAX = 1_000;
/** Keys that one token is tried with: several consumers may sign under one name, and few do. */
const TRIED_MAX = 4;

const unknown: TokenVerdict = { kind: 'refused', reason: 'nobody signs tokens under this name here' };
const unusable: TokenVerdict = { kind: 'refused', reason: 'the key that it is signed by cannot be used here' };
const malformed: TokenVerdict = { kind: 'refused', reason: 'the token is malformed' };

export function compileConsumerTokens(
  spec: ConsumerJwtSpec,
  credentials: Pick<Credentials, 'tokensOf' | 'jwtKeys'>,
  wallMs: () => number,
): VerifyToken {
  // With the first such token: it takes its memory at once, and of ten thousand routes that accept them few ever see one.
  let ready: LRUCache<ConsumerToken, VerifyToken> | null = null;
  const checkOf = (signer: ConsumerToken): VerifyToken => {
    ready ??= new LRUCache({ max: READY_MAX });
    const known = ready.get(signer);
    if (known !== undefined) return known;
    const { issuer, keys, algorithms } = signer;
    const { audiences, clockSkewS, forwardClaims, hide } = spec;
    // It has this claim, or it would not have come here.
    const told = {
      kind: 'jwt',
      issuer,
      algorithms,
      audiences,
      clockSkewS,
      forwardClaims,
      consumerClaim: 'iss',
    } as const;
    const made = checkOrNone(() => compileTokenCheck({ ...told, keys, hide }, credentials.jwtKeys(keys), wallMs));
    ready.set(signer, made);
    return made;
  };

  const tried = (
    token: string,
    signers: readonly ConsumerToken[],
    at: number,
  ): TokenVerdict | Promise<TokenVerdict> => {
    const signer = signers[at];
    if (signer === undefined) return unknown;
    const verdict = checkOf(signer)(token);
    const judge = (seen: TokenVerdict): TokenVerdict | Promise<TokenVerdict> => {
      if (seen.kind === 'accepted') return { ...seen, consumerId: signer.consumerId };
      // What the last one says is told: with one signer, as nearly always, that is why.
      return at + 1 < signers.length ? tried(token, signers, at + 1) : seen;
    };
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
  };

  return (token) => {
    if (token.length > TOKEN_LENGTH_MAX) return malformed;
    const claimed = claimsOf(token);
    if (claimed === null) return malformed;
    const { issuer, keyId } = claimed;
    const signers = credentials.tokensOf(issuer).filter((signer) => signer.keyId === null || signer.keyId === keyId);
    return tried(token, signers.slice(0, TRIED_MAX), 0);
  };
}

/** Keys of the operator's own were read when the config was; one of an application that can't be is that application's matter. */
function checkOrNone(make: () => VerifyToken): VerifyToken {
  try {
    return make();
  } catch {
    return () => unusable;
  }
}

function claimsOf(token: string): { readonly issuer: string; readonly keyId: string | null } | null {
  try {
    const { iss } = decodeJwt(token);
    const { kid } = decodeProtectedHeader(token);
    return typeof iss === 'string' ? { issuer: iss, keyId: typeof kid === 'string' ? kid : null } : null;
  } catch {
    return null; // Not a token at all; whatever it is, there is nothing more to say about it.
  }
}
