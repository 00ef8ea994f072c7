/**
 * `limits`: how often, or how many at once. Each entry is one limiter: so many requests in a period (GCRA), or so many in flight.
 * Whether an entry has the fields that go together is looked at here; what they come to is decided by control/publish.
 */
import * as z from 'zod';
import { exactlyOne } from './action.js';
import { consumerNames } from './consumers.js';
import { readFieldName } from './network.js';
import { choice, duration, identifier, integer, leaf, oneOrMany, rate, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

export type LimitKey = 'route' | 'address' | 'consumer' | { readonly header: string };

const limitKey = leaf(
  (value): Reading<LimitKey> => {
    const cure = 'write consumer, address, route, or header:x-tenant';
    const asText = readText(value, 'whom the limit counts');
    if (!asText.ok) return { ...asText, cure };
    const written = asText.value;
    if (written === 'route' || written === 'address' || written === 'consumer') return accept(written);
    if (!written.startsWith('header:')) return refuse(`${quote(written)} is nothing a limit can count by`, cure);
    const field = readFieldName(written.slice('header:'.length));
    return field.ok ? accept({ header: field.value }) : field;
  },
  { type: 'string', examples: ['consumer', 'address', 'route', 'header:x-tenant'] },
);

/** How long a request waits for Redis, unless the limit says otherwise. */
export const redisTimeoutDefaultMs = 10;

const limitFields = z
  .strictObject({
    rate: rate().optional().describe('Requests per second, minute or hour: 100/s, 1000/m, 5/h.'),
    concurrent: integer('the number of requests at once', 1, 10_000_000)
      .optional()
      .describe('Requests in flight at once, in place of `rate`.'),
    burst: integer('the burst', 1, 1_000_000_000)
      .optional()
      .describe('Requests of a `rate` that may come at once. Left out: as many as it allows in one period.'),
    by: limitKey
      .optional()
      .describe(
        'Whom the limit counts: consumer, address, route, or header:NAME. Left out: consumer where the route authenticates, else address.',
      ),
    mode: choice('the mode', ['local', 'shared', 'strict'])
      .prefault('shared')
      .describe(
        '`local`: each node counts for itself. `shared`: nodes tell each other what they count, several times a second; a node by itself counts as `local` does. `strict`: counted in Redis, which each request waits for.',
      ),
    onRedisLoss: choice('what is done without Redis', ['open', 'closed'])
      .optional()
      .describe('Of a `strict` limit, which has to say it. `open`: counted as `shared` meanwhile. `closed`: 503.'),
    redisTimeout: duration({ min: 1, max: 1_000 })
      .optional()
      .describe('Of a `strict` limit: how long a request waits for Redis. Left out: 10ms.'),
    keys: integer('the number of keys', 1, 10_000_000)
      .prefault(100_000)
      .describe('Of a `rate`: distinct callers that are remembered, at most; the one unseen for longest is forgotten.'),
    consumers: consumerNames()
      .optional()
      .describe('Consumers, or @GROUP, that the limit is for; others pass it by. Left out: everybody.'),
    scope: identifier()
      .optional()
      .describe(
        'Limits of several routes that name the same scope, and are the same otherwise, are one. Left out: none.',
      ),
  })
  .superRefine((fields, context) => {
    exactlyOne(fields, ['rate', 'concurrent'], context);
    const refuseField = (field: string, message: string, cure: string): void =>
      context.addIssue({ code: 'custom', path: [field], message, params: { cure } });
    const { concurrent, burst, mode, onRedisLoss, redisTimeout } = fields;
    if (concurrent !== undefined && burst !== undefined)
      refuseField('burst', 'a burst belongs to a rate', 'remove it, or state a rate');
    if (concurrent !== undefined && mode === 'strict')
      refuseField('mode', 'what is in flight is not counted in Redis', 'write shared or local');
    else if (mode === 'strict' && onRedisLoss === undefined) {
      const cure = 'add onRedisLoss: open (counted as shared meanwhile) or closed (503)';
      refuseField('mode', 'a strict limit has to say what it does without Redis', cure);
    }
    if (mode === 'strict') return;
    if (onRedisLoss !== undefined)
      refuseField('onRedisLoss', 'only a strict limit asks Redis', 'remove it, or write mode: strict');
    if (redisTimeout !== undefined)
      refuseField('redisTimeout', 'only a strict limit asks Redis', 'remove it, or write mode: strict');
  });

const limit = z.union([
  rate().transform((value): z.output<typeof limitFields> => ({ rate: value, mode: 'shared', keys: 100_000 })),
  limitFields,
]);

export const limitsSchema = oneOrMany(limit, 20);

export type Limit = z.output<typeof limitFields>;
