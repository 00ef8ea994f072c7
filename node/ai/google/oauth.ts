/**
 * A short-lived token for a Google service account (RFC 7523): a claim that the account's key signs is exchanged for it. Pure: what
 * is signed and sent is built here, and what comes back is read; signing and sending is the caller's.
 *
 *   key file → assertion ── signed (RS256) ──► token request ── POST ──► token, for an hour
 *
 * Source: "Using OAuth 2.0 for server to server applications" in Google's identity documentation.
 */
import { kindOfStatus, type ProviderError, providerError } from '../chat/provider-error.js';
import { isObject, numberOf, textOf } from '../json.js';
import { objectOf, parsed, spoken } from '../providers/untrusted.js';

export interface ServiceAccount {
  readonly email: string;
  /** PEM (PKCS #8). */
  readonly privateKey: string;
  /** Which of the account's keys it is. */
  readonly keyId: string | null;
  readonly tokenUrl: string;
  /** Null: the file names none. */
  readonly project: string | null;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

export const DEFAULT_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** As long as Google allows. */
const ASSERTION_S = 3_600;
/** A token is renewed so long before it ends that no request with it can be under way when it does. */
const RENEWAL_MS = 5 * 60 * 1_000;

/** A key file as Google gives it out. A text: what is wrong with it, which never quotes it. */
export function readServiceAccount(file: string): ServiceAccount | string {
  const read = parsed(file);
  if (!isObject(read)) return 'The key file of the service account is not a JSON object.';
  if (read['type'] !== 'service_account')
    return 'The key file is not that of a service account: its `type` is another.';
  const email = textOf(read['client_email']);
  const privateKey = textOf(read['private_key']);
  if (email === null || privateKey === null) return 'The key file has no `client_email` or no `private_key`.';
  const tokenUrl = textOf(read['token_uri']) ?? DEFAULT_TOKEN_URL;
  // The signed claim is as good as a key while it lasts; it is shown to nobody but the one it is for.
  if (!/^https:\/\/|^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/]/.test(tokenUrl)) {
    return 'The `token_uri` of the key file has to begin with https.';
  }
  return { email, privateKey, keyId: textOf(read['private_key_id']), tokenUrl, project: textOf(read['project_id']) };
}

/** What the account's key has to sign: header and claims of a JWT. */
export function assertionToSign(account: ServiceAccount, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(account.keyId === null ? {} : { kid: account.keyId }) };
  const claims = { iss: account.email, scope: SCOPE, aud: account.tokenUrl, iat, exp: iat + ASSERTION_S };
  return [header, claims].map((part) => base64url(new TextEncoder().encode(JSON.stringify(part)))).join('.');
}

export interface TokenRequest {
  readonly url: string;
  /** `application/x-www-form-urlencoded` */
  readonly body: string;
}

export function tokenRequest(account: ServiceAccount, assertion: string, signature: Uint8Array): TokenRequest {
  const signed = `${assertion}.${base64url(signature)}`;
  return { url: account.tokenUrl, body: new URLSearchParams({ grant_type: GRANT, assertion: signed }).toString() };
}

/** `nowMs` is when the request was sent, so that the way of the answer shortens the token's life and never lengthens it. */
export function readToken(status: number, body: string, nowMs: number): AccessToken | ProviderError {
  const read = objectOf(parsed(body));
  const token = textOf(read['access_token']);
  const seconds = numberOf(read['expires_in']);
  if (status === 200 && token !== null && token !== '' && seconds !== null && seconds > 0) {
    return { token, expiresAtMs: nowMs + seconds * 1_000 };
  }
  if (status === 200) return providerError('malformed', 'Google answered with no token where one was asked for');
  const native = textOf(read['error']);
  const said = textOf(read['error_description']) ?? native ?? `Google answered ${status} where a token was asked for`;
  // 400 `invalid_grant`: the key was revoked, the account is gone, or this clock is wrong.
  const kind = status === 400 ? 'authentication' : kindOfStatus(status);
  return providerError(kind, spoken(said), { native });
}

/** Whether a token should be got anew before it is used once more. */
export function isStale(token: AccessToken, nowMs: number): boolean {
  return nowMs >= token.expiresAtMs - RENEWAL_MS;
}

function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
