/** `consumers`: who may call. Keys and passwords are references or hashes, never the secrets themselves. */
import * as z from 'zod';
import { exactlyOne } from './action.js';
import { hasControl, identifier, idPattern, leaf, oneOrMany, readText, text } from './scalars.js';
import { secret } from './secrets.js';
import { refuseMixedKeys, tokenKeys } from './token-keys.js';
import { accept, quote, type Reading, refuse } from './units.js';

const sha256 = leaf(
  (value) =>
    readText(value, 'a SHA-256 hash', (hex) =>
      /^[0-9A-Fa-f]{64}$/.test(hex)
        ? accept(hex.toLowerCase())
        : refuse('a SHA-256 hash has 64 hexadecimal digits', 'printf %s "$KEY" | sha256sum'),
    ),
  { type: 'string', pattern: '^[0-9A-Fa-f]{64}$' },
);

const key = z.union([
  secret('an API key', ', or give { sha256: … }').transform((template) => ({ template, sha256: undefined })),
  z
    .strictObject({ sha256: sha256.describe('SHA-256 of the key, in hexadecimal.') })
    .transform((hash) => ({ ...hash, template: undefined })),
]);

/** RFC 7617 §2: a user name holds no colon. */
const username = leaf(
  (value) =>
    readText(value, 'a user name', (name) =>
      /^[^:]{1,128}$/.test(name) && !hasControl(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot be a user name`, 'use a name without colons'),
    ),
  { type: 'string' },
);

export const scryptPattern =
  /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9_-]{16,128})\$([A-Za-z0-9_-]{22,128})$/;

/** Work above this would let a login stall a node: N × r × 128 bytes of memory, and as much computing. */
const scryptMemoryMax = 64 * 1024 * 1024;

const passwordHash = leaf(
  (value): Reading<string> =>
    readText(value, 'a password hash', (hash) => {
      const match = scryptPattern.exec(hash);
      const cure = `give it as scrypt$N$r$p$salt$hash, or write password: \${NAME}`;
      if (match === null) return refuse('this is not a scrypt hash', cure);
      const [n, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
      const isPowerOfTwo = n >= 2 && Number.isInteger(Math.log2(n));
      const withinReach = n * r * 128 <= scryptMemoryMax && r >= 1 && p >= 1 && p <= 16;
      return isPowerOfTwo && withinReach
        ? accept(hash)
        : refuse('the scrypt parameters are out of bounds', 'use N=16384, r=8, p=1');
    }),
  { type: 'string' },
);

const credential = z
  .strictObject({
    username: username.describe('User name.'),
    password: secret('the password', ', or give { hash: scrypt$… }').optional().describe(`Password, as \${NAME}.`),
    hash: passwordHash.optional().describe('Password hash: scrypt$N$r$p$salt$hash, salt and hash in base64url.'),
  })
  .superRefine((fields, context) => {
    if ((fields.password === undefined) !== (fields.hash === undefined)) return;
    const params = { cure: 'state exactly one of password, hash' };
    context.addIssue({ code: 'custom', message: 'a credential needs a password or a hash', params });
  });

const signer = z
  .strictObject({
    issuer: text('an issuer').describe('What its tokens call themselves in `iss`.'),
    keyId: text('the id of a key')
      .optional()
      .describe('The `kid` of the tokens that this key is for, where it has several. Left out: any.'),
    ...tokenKeys,
  })
  .superRefine((fields, context) => {
    exactlyOne(fields, ['jwks', 'secret', 'publicKey'], context);
    refuseMixedKeys(fields, context);
  });

/** A consumer, or all of a group as `@GROUP`. */
const consumerName = leaf(
  (value) =>
    readText(value, 'a consumer', (name) => {
      const bare = name.startsWith('@') ? name.slice(1) : name;
      const cure = 'write the id of a consumer, or @ and the name of a group';
      return idPattern.test(bare) ? accept(name) : refuse(`${quote(name)} is no consumer and no group`, cure);
    }),
  { type: 'string', examples: ['mobile', '@partners'] },
);

export const consumerNames = () => oneOrMany(consumerName);

export const consumerSchema = z.strictObject({
  id: identifier().describe('Name of the consumer in limits, logs and metrics.'),
  team: identifier().optional().describe('Team that it belongs to: budgets of AI may count by it.'),
  groups: oneOrMany(identifier(), 1000)
    .optional()
    .describe('Groups that it is in: lists of consumers may name them as @GROUP. Left out: none.'),
  keys: oneOrMany(key, 100).prefault([]).describe(`API keys: \${NAME}, or { sha256: … }.`),
  basic: oneOrMany(credential, 100).prefault([]).describe('User names and passwords.'),
  jwt: oneOrMany(signer, 100)
    .prefault([])
    .describe('Who signs its tokens: { issuer, jwks | secret | publicKey }; for routes with `auth: jwt`.'),
});

export type Consumer = z.output<typeof consumerSchema>;
