/**
 * Verifies a JSON Web Token (RFC 7519, with the advice of RFC 8725): signature by an algorithm that the route allows,
 * never `none`, and of the family that the key belongs to; issuer, audience, expiry and not-before with the allowed skew
 * of clocks. One without an expiry would be good for ever, and is refused. The claim that names the consumer must be there.
 *
 * A token that was good is remembered for a short while, never past its expiry, so that a client's next requests cost
 * no signature. A key that an issuer withdraws is believed that much longer at most.
 */
import type { HeaderList, MutableHeaderList } from '@weir/proto/http/headers.js';
import { referencesIn } from '@weir/proto/snapshot/secret-text.js';
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { boundedKeys } from '../limit/local-limiter.js';
import type { JwtKeys } from './jwt-keys.js';

export type JwtAuthSpec = Extract<AuthSpec, { kind: 'jwt' }>;

export type TokenVerdict =
  | {
      readonly kind: 'accepted';
      readonly consumerId: string;
      readonly vouchedBy: string;
      readonly claimFields: HeaderList;
    }
  /** `reason` is shown to the client; it says nothing that the token's holder does not know. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The issuer's keys can't be had, or too many tokens are being verified. */
  | { readonly kind: 'busy' };

export type VerifyToken = (token: string) => TokenVerdict | Promise<TokenVerdict>;

/** Longer ones are refused unread. */
export const TOKEN_LENGTH_MAX = 16 * 1024;
const REMEMBERED_TOKENS_MAX = 2_000;
const REMEMBERED_LENGTH_MAX = 4 * 1024;
const REMEMBER_MS = 30_000;
/** Verifications at the same time, those that wait for an issuer's keys included. */
const UNDERWAY_MAX = 1_024;

const refused = (reason: string): TokenVerdict => ({ kind: 'refused', reason });
const busy: TokenVerdict = { kind: 'busy' };

/** Throws when no algorithm is left that fits the keys. */
export function compileTokenCheck(spec: JwtAuthSpec, keys: JwtKeys, wallMs: () => number): VerifyToken {
  const algorithms = allowedAlgorithms(spec, keys);
  const good = boundedKeys<{ readonly verdict: TokenVerdict; readonly untilWallMs: number }>(REMEMBERED_TOKENS_MAX);
  let underway = 0;

  const verify = async (token: string): Promise<TokenVerdict> => {
    const header = readHeader(token);
    if (header === null || !algorithms.includes(header.alg))
      return refused('the token is malformed or its algorithm is not allowed');
    const found = await keys.find(header);
    if (found.kind === 'unavailable') return busy;
    if (found.kind === 'unknown') return refused('the key of the token is not known');
    const nowWallMs = wallMs();
    try {
      const { payload } = await jwtVerify(token, found.key, {
        algorithms,
        clockTolerance: spec.clockSkewS,
        currentDate: new Date(nowWallMs),
        requiredClaims: ['exp'],
        ...(spec.issuer === null ? {} : { issuer: spec.issuer }),
        ...(spec.audiences.length === 0 ? {} : { audience: [...spec.audiences] }),
      });
      const verdict = judge(payload, spec);
      if (verdict.kind === 'accepted' && token.length <= REMEMBERED_LENGTH_MAX) {
        const endsWallMs = ((payload.exp ?? 0) + spec.clockSkewS) * 1000;
        good.set(token, { verdict, untilWallMs: Math.min(endsWallMs, nowWallMs + REMEMBER_MS) });
      }
      return verdict;
    } catch (error) {
      return refused(reasonOf(error));
    }
  };

  return (token) => {
    if (token.length > TOKEN_LENGTH_MAX) return refused('the token is too long');
    const known = good.get(token);
    if (known !== undefined) {
      const nowWallMs = wallMs();
      // A wall clock that was set back must not make a token remembered for longer.
      if (nowWallMs < known.untilWallMs && nowWallMs >= known.untilWallMs - REMEMBER_MS) return known.verdict;
      good.delete(token);
    }
    if (underway >= UNDERWAY_MAX) return busy;
    underway += 1;
    return verify(token).finally(() => {
      underway -= 1;
    });
  };
}

function allowedAlgorithms(spec: JwtAuthSpec, keys: JwtKeys): string[] {
  const isHmac = (algorithm: string): boolean => algorithm.startsWith('HS');
  const fitting = spec.algorithms.filter((algorithm) => isHmac(algorithm) === (keys.family === 'symmetric'));
  const algorithms = fitting.filter((algorithm) => algorithm.toLowerCase() !== 'none');
  if (algorithms.length === 0) throw new Error(`none of the algorithms ${spec.algorithms.join(', ')} fits the keys`);
  return algorithms;
}

function readHeader(token: string): { alg: string; kid?: string } | null {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (typeof alg !== 'string') return null;
    return typeof kid === 'string' ? { alg, kid } : { alg };
  } catch {
    return null; // Not a token at all; whatever it is, there is nothing more to say about it.
  }
}

function judge(payload: JWTPayload, spec: JwtAuthSpec): TokenVerdict {
  const consumer = payload[spec.consumerClaim];
  if (typeof consumer !== 'string' || consumer === '') return refused(`the token has no claim "${spec.consumerClaim}"`);
  const claimFields: MutableHeaderList = [];
  for (const [claim, field] of Object.entries(spec.forwardClaims)) {
    const text = Object.hasOwn(payload, claim) ? fieldText(payload[claim]) : null;
    if (text !== null) claimFields.push(field, text);
  }
  return { kind: 'accepted', consumerId: consumer, vouchedBy: voucherOf(payload, spec), claimFields };
}

/** Letters of a public key that tell it from others: its end, since its beginning is of its kind. */
const KEY_LETTERS = 64;

/**
 * Who says that the consumer is who he is. Where the route names no issuer, it is whoever holds the keys, by what the
 * configuration calls them, and the issuer that he claims for this token: keys may be shared by several.
 */
function voucherOf({ iss = '' }: JWTPayload, { issuer, keys }: JwtAuthSpec): string {
  if (issuer !== null) return `issuer ${issuer}`;
  switch (keys.kind) {
    case 'jwks':
      return `jwks ${keys.url} ${iss}`;
    case 'publicKey':
      return `key ${keys.pem.replace(/-----[^-]*-----|\s/g, '').slice(-KEY_LETTERS)} ${iss}`;
    case 'secret':
      return `secret ${referencesIn(keys.secret).names.join(' ')} ${iss}`;
  }
}

/**
 * A claim as a field value: text as it is, lists joined by commas, anything else as JSON; then percent-encoded where a
 * field may not hold it (control characters, so also line breaks; beyond ASCII; and `%`, so that it can be undone).
 */
function fieldText(claim: unknown): string | null {
  if (claim === undefined || claim === null) return null;
  const isTexts = Array.isArray(claim) && claim.every((member) => typeof member === 'string');
  const text = typeof claim === 'string' ? claim : isTexts ? claim.join(',') : JSON.stringify(claim);
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent)
    .trim();
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the claim "${error.claim}" of the token is not accepted`;
  return 'the signature of the token is not accepted';
}
