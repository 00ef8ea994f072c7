/** What a public key can verify (RFC 7518 §3.1, RFC 8037 §3.1). An edge: the platform reads the key. */
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Why tokens can't be verified with this key by these algorithms; null when they can. */
export function whyNotKey(pem: string, algorithms: readonly string[]): string | null {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return 'the public key cannot be read: its PEM text is damaged';
  }
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
