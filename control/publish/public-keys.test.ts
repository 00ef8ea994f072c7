import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPublicKey, whyNotKey } from './public-keys.js';

const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ed: generateKeyPairSync('ed25519'),
};
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const jwkOf = (key: KeyObject): string => JSON.stringify(key.export({ format: 'jwk' }));

describe('a public key that somebody registers', () => {
  it('is the same, by the same name, as PEM and as a JWK', () => {
    for (const { publicKey } of Object.values(pairs)) {
      const read = readPublicKey(pemOf(publicKey));
      expect(readPublicKey(jwkOf(publicKey))).toEqual(read);
      expect(readPublicKey(`\n${pemOf(publicKey)}  `)).toEqual(read);
      expect(read.ok && read.key.pem).toBe(pemOf(publicKey));
      expect(read.ok && read.key.kid).toMatch(/^[\w-]{43}$/);
      expect(whyNotKey(read.ok ? read.key.pem : '', [])).toBeNull();
    }
  });

  it('has the thumbprint of the example of RFC 7638 (§3.1)', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const read = readPublicKey(JSON.stringify({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }));
    expect(read.ok && read.key.kid).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    const [bytes] = [createHash('sha256').update(`{"e":"AQAB","kty":"RSA","n":"${n}"}`).digest('base64url')];
    expect(read.ok && read.key.kid).toBe(bytes);
  });

  it('is refused where it is private, a secret, too short, of another kind, or none at all', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
    const other = generateKeyPairSync('x25519').publicKey;
    const refused = [
      ...Object.values(pairs).flatMap(({ privateKey }) => [
        privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        JSON.stringify(privateKey.export({ format: 'jwk' })),
      ]),
      ...[pemOf(short), pemOf(other), '{"kty":"oct","k":"c2VjcmV0"}', '{', '{}', 'null', '', 'x'.repeat(9_000)],
    ];
    for (const text of refused) expect([text.slice(0, 40), readPublicKey(text).ok]).toEqual([text.slice(0, 40), false]);
    expect(readPublicKey(refused[0] ?? '')).toMatchObject({ message: expect.stringContaining('private') });
  });

  it('is read without harm, whatever the text is', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((text) => `-----BEGIN PUBLIC KEY-----${text}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(readPublicKey(text).ok).toBe(false);
      }),
    );
  });
});
