/** `auth`: how a client proves who it is. A request passes when any of the entries accepts it. */
import * as z from 'zod';
import { exactlyOne } from './action.js';
import { consumerNames } from './consumers.js';
import { httpUrl, readFieldName } from './network.js';
import { choice, duration, flag, leaf, oneOrMany, readText, text } from './scalars.js';
import { secret } from './secrets.js';
import { accept, quote, type Reading, refuse } from './units.js';

type KeyPlace = { readonly header: string } | { readonly query: string } | 'bearer';

const PLACE_CURE = 'write bearer, header:x-api-key or query:api_key';

/** Where a key is looked for: `bearer`, `header:x-api-key`, `query:api_key`. */
const keyPlace = leaf(
  (value): Reading<KeyPlace> => {
    const asText = readText(value, 'a place');
    if (!asText.ok) return { ...asText, cure: PLACE_CURE };
    if (asText.value === 'bearer') return accept('bearer');
    const match = /^(header|query):(.{1,256})$/.exec(asText.value);
    const [, kind, name = ''] = match ?? [];
    if (kind === 'query') return accept({ query: name });
    if (kind !== 'header') return refuse(`${quote(asText.value)} is not a place for a key`, PLACE_CURE);
    const field = readFieldName(name);
    return field.ok ? accept({ header: field.value }) : field;
  },
  { type: 'string', examples: ['header:x-api-key', 'bearer', 'query:api_key'] },
);

const consumers = () =>
  consumerNames()
    .prefault([])
    .describe('Consumers, or @GROUP, that may pass. Left out: every one that has such a credential.');

export const apiKeyFields = z.strictObject({
  in: oneOrMany(keyPlace)
    .prefault(['header:x-api-key', 'bearer'])
    .describe('Where the key is looked for, in order: header:NAME, query:NAME, bearer.'),
  consumers: consumers(),
  hide: flag().prefault(true).describe('Remove the key before the request goes upstream.'),
});

/** A quoted string in WWW-Authenticate (RFC 9110 §5.6.4), kept free of what would need escaping. */
const realm = leaf(
  (value) =>
    readText(value, 'a realm', (name) =>
      /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot be a realm`, 'use plain words without quotes'),
    ),
  { type: 'string' },
);

export const basicFields = z.strictObject({
  realm: realm.prefault('weir').describe('Shown to people by their browser.'),
  consumers: consumers(),
  hide: flag().prefault(true).describe('Remove Authorization before the request goes upstream.'),
});

const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

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

const forwardedField = leaf((value) => readText(value, 'a header name', readFieldName), { type: 'string' });

const jwtFields = z
  .strictObject({
    jwks: httpUrl('a key set')
      .optional()
      .describe("URL of the issuer's key set; fetched, kept and rotated by the node."),
    secret: secret('the shared secret').optional().describe(`Shared secret for HS256, HS384, HS512, as \${NAME}.`),
    publicKey: pem.optional().describe('Public key or certificate in PEM.'),
    cache: duration().prefault('10m').describe('How long a fetched key set is used before it is asked for again.'),
    timeout: duration().prefault('5s').describe('Limit for fetching the key set.'),
    issuer: text('an issuer').optional().describe('Required value of `iss`. Left out: not checked.'),
    audience: oneOrMany(text('an audience')).prefault([]).describe('Accepted values of `aud`. Left out: not checked.'),
    algorithms: oneOrMany(choice('an algorithm', [...SYMMETRIC, ...ASYMMETRIC]))
      .optional()
      .describe('Accepted signature algorithms. Left out: all that fit the kind of key.'),
    clockSkew: duration({ min: 0, max: 3_600_000 })
      .prefault('30s')
      .describe('Tolerance for `exp` and `nbf`; whole seconds.'),
    consumerClaim: text('a claim').prefault('sub').describe('Claim that names the consumer.'),
    forwardClaims: z
      .record(z.string(), forwardedField)
      .prefault({})
      .describe('Claims passed upstream as headers: claim → header. The same headers of the client are removed.'),
    hide: flag().prefault(false).describe('Remove the token before the request goes upstream.'),
  })
  .superRefine((fields, context) => {
    exactlyOne(fields, ['jwks', 'secret', 'publicKey'], context);
    // Mixing both kinds is the classic forgery: a public key taken for a shared secret.
    const fitting: readonly string[] = fields.secret === undefined ? ASYMMETRIC : SYMMETRIC;
    const wrong = fields.algorithms?.find((name) => !fitting.includes(name));
    if (wrong === undefined) return;
    const params = { cure: `use ${fitting.join(', ')}` };
    context.addIssue({
      code: 'custom',
      path: ['algorithms'],
      message: `${wrong} does not fit this kind of key`,
      params,
    });
  });

const authFields = z
  .strictObject({
    apiKey: apiKeyFields.optional().describe('A key that a consumer was given.'),
    basic: basicFields.optional().describe('User name and password (RFC 7617).'),
    jwt: jwtFields.optional().describe('A signed token (RFC 7519) in Authorization: Bearer.'),
  })
  .superRefine((fields, context) => exactlyOne(fields, ['apiKey', 'basic', 'jwt'], context));

/** `apiKey` alone is `{ apiKey: {} }`; a jwt cannot stand alone, as it needs a key. */
const authWord = leaf(
  (value): Reading<'apiKey' | 'basic'> => {
    const asText = readText(value, 'a way to authenticate');
    if (!asText.ok) return asText;
    if (asText.value === 'apiKey' || asText.value === 'basic') return accept(asText.value);
    if (asText.value === 'jwt')
      return refuse('jwt needs to know its key', 'write { jwt: { jwks: https://issuer.example/keys } }');
    return refuse(`${quote(asText.value)} is not a way to authenticate`, 'write apiKey, basic, or { jwt: … }');
  },
  { type: 'string', enum: ['apiKey', 'basic'] },
).transform((word) => ({
  apiKey: word === 'apiKey' ? apiKeyFields.parse({}) : undefined,
  basic: word === 'basic' ? basicFields.parse({}) : undefined,
  jwt: undefined,
}));

export const authSchema = oneOrMany(z.union([authWord, authFields]), 20);

export type Auth = z.output<typeof authSchema>[number];
export type Jwt = z.output<typeof jwtFields>;

/** Algorithms of a token whose entry names none. */
export function defaultAlgorithms(jwt: Jwt): readonly string[] {
  return jwt.secret === undefined ? ASYMMETRIC : SYMMETRIC;
}
