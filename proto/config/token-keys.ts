/** By what the signature of a token is believed: a key set, a shared secret, or a public key. Of issuers, and of consumers that sign for themselves. */
import { httpUrl } from './network.js';
import { choice, duration, leaf, oneOrMany, readText } from './scalars.js';
import { secret } from './secrets.js';
import { accept, refuse } from './units.js';

const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** A public key or a certificate, which is no secret. */
const pem = leaf(
  (value) =>
    readText(value, 'a public key', (key) => {
      const cure = 'give the key in PEM (-----BEGIN PUBLIC KEY-----), as a block text (|)';
      if (key.includes('PRIVATE KEY')) return refuse('a private key stands where a public key belongs', cure);
      const valid = /^\s*-----BEGIN (PUBLIC KEY|CERTIFICATE)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*$/.test(key);
      return valid && key.length <= 16_384 ? accept(`${key.trim()}\n`) : refuse('the public key is not in PEM', cure);
    }),
  { type: 'string' },
);

/** Whose signature is believed, and by what. */
export const tokenKeys = {
  jwks: httpUrl('a key set').optional().describe("URL of the issuer's key set; fetched, kept and rotated by the node."),
  secret: secret('the shared secret').optional().describe(`Shared secret for HS256, HS384, HS512, as \${NAME}.`),
  publicKey: pem.optional().describe('Public key or certificate in PEM.'),
  cache: duration().prefault('10m').describe('How long a fetched key set is used before it is asked for again.'),
  timeout: duration().prefault('5s').describe('Limit for fetching the key set.'),
  algorithms: oneOrMany(choice('an algorithm', [...SYMMETRIC, ...ASYMMETRIC]))
    .optional()
    .describe('Accepted signature algorithms. Left out: all that fit the kind of key.'),
};

interface TokenKeys {
  readonly secret?: string | undefined;
  readonly algorithms?: readonly string[] | undefined;
}

interface Context {
  addIssue(issue: { code: 'custom'; path?: string[]; message: string; params: { cure: string } }): void;
}

/** Mixing both kinds is the classic forgery: a public key taken for a shared secret. */
export function refuseMixedKeys({ secret: shared, algorithms }: TokenKeys, context: Context): void {
  const fitting: readonly string[] = shared === undefined ? ASYMMETRIC : SYMMETRIC;
  const wrong = algorithms?.find((name) => !fitting.includes(name));
  if (wrong === undefined) return;
  const params = { cure: `use ${fitting.join(', ')}` };
  context.addIssue({ code: 'custom', path: ['algorithms'], message: `${wrong} does not fit this kind of key`, params });
}

/** Algorithms of a token whose entry names none. */
export function defaultAlgorithms({ secret: shared }: Pick<TokenKeys, 'secret'>): readonly string[] {
  return shared === undefined ? ASYMMETRIC : SYMMETRIC;
}
