/** `auth`: how a client proves who it is. A request passes when any of the entries accepts it. */
import * as z from 'zod';
import { exactlyOne } from './action.js';
import { consumerNames } from './consumers.js';
import { readFieldName } from './network.js';
import { duration, flag, leaf, oneOrMany, readText, text } from './scalars.js';
import { refuseMixedKeys, tokenKeys } from './token-keys.js';
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

const forwardedField = leaf((value) => readText(value, 'a header name', readFieldName), { type: 'string' });

const jwtFields = z
  .strictObject({
    ...tokenKeys,
    consumers: consumers().describe(
      'Where no key is stated, and tokens are those that consumers sign (their `jwt`): who may pass, or @GROUP. Left out: every one that has such a credential.',
    ),
    issuer: text('an issuer').optional().describe('Required value of `iss`. Left out: not checked.'),
    audience: oneOrMany(text('an audience')).prefault([]).describe('Accepted values of `aud`. Left out: not checked.'),
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
    if (isByConsumers(fields)) {
      const stray = (['issuer', 'algorithms'] as const).find((name) => fields[name] !== undefined);
      if (stray === undefined) return;
      const params = { cure: `remove \`${stray}\`, or state jwks, secret or publicKey` };
      const message = 'where consumers sign, each of them says this';
      context.addIssue({ code: 'custom', path: [stray], message, params });
      return;
    }
    exactlyOne(fields, ['jwks', 'secret', 'publicKey'], context);
    refuseMixedKeys(fields, context);
    if (fields.consumers.length === 0) return;
    const params = { cure: 'remove `consumers`, or the key' };
    const message = 'the tokens are an issuer’s, who names whom he likes';
    context.addIssue({ code: 'custom', path: ['consumers'], message, params });
  });

interface StatedKeys {
  readonly jwks?: unknown;
  readonly secret?: unknown;
  readonly publicKey?: unknown;
}

/** Tokens are those of consumers, which have keys of their own for them. */
export function isByConsumers({ jwks, secret: shared, publicKey }: StatedKeys): boolean {
  return jwks === undefined && shared === undefined && publicKey === undefined;
}

const authFields = z
  .strictObject({
    apiKey: apiKeyFields.optional().describe('A key that a consumer was given.'),
    basic: basicFields.optional().describe('User name and password (RFC 7617).'),
    jwt: jwtFields.optional().describe('A signed token (RFC 7519), with an expiry, in Authorization: Bearer.'),
  })
  .superRefine((fields, context) => exactlyOne(fields, ['apiKey', 'basic', 'jwt'], context));

/** `apiKey` alone is `{ apiKey: {} }`; `jwt` alone is for tokens that consumers sign. */
const authWord = leaf(
  (value): Reading<'apiKey' | 'basic' | 'jwt'> => {
    const asText = readText(value, 'a way to authenticate');
    if (!asText.ok) return asText;
    for (const word of ['apiKey', 'basic', 'jwt'] as const) if (asText.value === word) return accept(word);
    return refuse(`${quote(asText.value)} is not a way to authenticate`, 'write apiKey, basic, jwt, or { jwt: … }');
  },
  { type: 'string', enum: ['apiKey', 'basic', 'jwt'] },
).transform((word) => ({
  apiKey: word === 'apiKey' ? apiKeyFields.parse({}) : undefined,
  basic: word === 'basic' ? basicFields.parse({}) : undefined,
  jwt: word === 'jwt' ? jwtFields.parse({}) : undefined,
}));

export const authSchema = oneOrMany(z.union([authWord, authFields]), 20);

export type Auth = z.output<typeof authSchema>[number];
export type Jwt = z.output<typeof jwtFields>;
