/** Public keys: how people write them, and what they can verify (RFC 7518 §3.1, RFC 8037 §3.1). An edge: the platform reads the key. */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { publicKeyCharsMax } from '../model/bounds.js';
import type { PublicKey } from '../model/entities.js';

/** Why tokens can't be verified with this key by these algorithms; null when they can. */
export function whyNotKey(pem: string, algorithms: readonly string[]): string | null {
  const key = keyIn(pem);
  if (key === null) return 'the public key cannot be read: its PEM text is damaged';
  const fitting = algorithmsOf(key);
  if (fitting.length === 0) return `tokens are not signed with keys of the type ${key.asymmetricKeyType ?? 'unknown'}`;
  const wrong = algorithms.find((algorithm) => !fitting.includes(algorithm));
  return wrong === undefined ? null : `${wrong} does not fit this public key, which is for ${fitting.join(', ')}`;
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmsOf(key: KeyObject): readonly string[] {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
    case 'ec': {
      const algorithm = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
      return algorithm === undefined ? [] : [algorithm];
    }
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}

export type ReadKey =
  | { readonly ok: true; readonly key: PublicKey }
  | { readonly ok: false; readonly message: string; readonly cure: string };

const KEY_CURE =
  'give a public key in PEM (-----BEGIN PUBLIC KEY-----), or as a JWK: RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519';
/** NIST SP 800-131A. Above, one check takes a node longer than a request. */
const RSA_BITS = { min: 2_048, max: 8_192 };

/** Of whoever registers it: as PEM, or as a JWK. Nobody's private key is taken, for it would be one no longer. */
export function readPublicKey(text: string): ReadKey {
  const refuse = (message: string): ReadKey => ({ ok: false, message, cure: KEY_CURE });
  if (text.length > publicKeyCharsMax) return refuse('is longer than any public key');
  if (/PRIVATE KEY|"(d|k)"\s*:/.test(text))
    return refuse('holds a private key or a secret; whoever has seen it can sign');
  const key = keyIn(text.trim());
  if (key === null) return refuse('cannot be read as a public key');
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (algorithmsOf(key).length === 0 || (bits !== undefined && (bits < RSA_BITS.min || bits > RSA_BITS.max)))
    return refuse('is of a kind or a length that tokens are not signed with here');
  return { ok: true, key: { pem: key.export({ type: 'spki', format: 'pem' }).toString(), kid: thumbprintOf(key) } };
}

function keyIn(text: string): KeyObject | null {
  try {
    return text.startsWith('{')
      ? createPublicKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) // What is no key throws.
      : createPublicKey(text);
  } catch {
    return null;
  }
}

/** RFC 7638 §3: of the members that make the key, in the order of their names. */
function thumbprintOf(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
