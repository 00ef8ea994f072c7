/** `balance` of an upstream: how a target is picked. A word names the policy; the long form has its settings. */
import * as z from 'zod';
import { balancePolicies, type HashKeySpec } from '../snapshot/resilience.js';
import { readFieldName } from './network.js';
import { choice, duration, leaf, readText, share, text } from './scalars.js';
import { keptReferences, secret } from './secrets.js';
import { accept, quote, type Reading, refuse } from './units.js';

const COOKIE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;

function readHashKey(written: string): Reading<HashKeySpec> {
  if (written === 'address' || written === 'path') return accept({ kind: written });
  const [kind, name = ''] = written.split(':', 2);
  if (kind === 'cookie' && COOKIE.test(name)) return accept({ kind, name });
  const field = kind === 'header' ? readFieldName(name) : null;
  if (field?.ok === true) return accept({ kind: 'header', name: field.value });
  return refuse(
    `${quote(written)} is nothing that a request can be hashed by`,
    'write address, path, header:X-Tenant or cookie:session',
  );
}

const hashKey = leaf(
  (value): Reading<HashKeySpec> => {
    const asText = readText(value, 'what to hash by');
    return asText.ok ? readHashKey(asText.value) : asText;
  },
  { type: 'string', examples: ['address', 'path', 'header:X-Tenant', 'cookie:session'] },
);

const cookieName = leaf(
  (value) =>
    readText(value, 'a cookie name', (name) =>
      COOKIE.test(name)
        ? accept(name)
        : refuse(`${quote(name)} cannot name a cookie`, 'use a token of up to 64 letters'),
    ),
  { type: 'string' },
);

const sticky = z.strictObject({
  cookie: cookieName.prefault('weir-target').describe('Name of the cookie.'),
  secret: secret('the secret that signs the cookie')
    .describe(`Signs the cookie, as \${NAME}; the same on all nodes.`)
    // A description makes a schema of its own, which has lost the mark.
    .register(keptReferences, { kept: true }),
  maxAge: duration({ min: 0 }).prefault('0s').describe('How long a client stays with its target; 0s: until it closes.'),
});

const policy = choice('the balance', balancePolicies);

const balanceFields = z
  .strictObject({
    policy: policy
      .prefault('peak-ewma')
      .describe(
        'peak-ewma: the better of two at random by latency and load; least-request: by load; round-robin; weighted; ring-hash and maglev: the same client to the same target; sticky: by a signed cookie.',
      ),
    hashBy: hashKey
      .prefault('address')
      .describe('What ring-hash and maglev hash: address, path, header:NAME, cookie:NAME.'),
    sticky: sticky.optional().describe('The cookie of sticky.'),
    decay: duration().prefault('10s').describe('How long a latency is remembered (peak-ewma).'),
    slowStart: duration({ min: 0 })
      .prefault('0s')
      .describe('Time in which a new or recovered target grows to its share.'),
    panic: share('the panic threshold')
      .prefault(0.5)
      .describe('Below this share of targets that are well, all of them are used.'),
    zone: text('a zone').optional().describe('Zone of the nodes: its targets are preferred while enough are well.'),
  })
  .superRefine((value, context) => {
    if ((value.policy === 'sticky') === (value.sticky !== undefined)) return;
    const [message, cure] =
      value.policy === 'sticky'
        ? ['sticky needs the cookie that it goes by', `add sticky: { secret: \${NAME} }`]
        : ['a sticky cookie is set, but the policy is another', 'write policy: sticky, or remove it'];
    context.addIssue({ code: 'custom', message: message ?? '', params: { cure } });
  });

export const balanceSchema = z.union([
  policy.transform((word) => balanceFields.parse({ policy: word })),
  balanceFields,
]);
