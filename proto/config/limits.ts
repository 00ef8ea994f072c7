/** `limits`: how often. Each entry is one limiter (GCRA): so many requests in a period, so many at once. */
import * as z from 'zod';
import { readFieldName } from './network.js';
import { choice, integer, leaf, oneOrMany, rate, readText } from './scalars.js';
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

const limitFields = z.strictObject({
  rate: rate().describe('Requests per second, minute or hour: 100/s, 1000/m, 5/h.'),
  burst: integer('the burst', 1, 1_000_000_000)
    .optional()
    .describe('Requests that may come at once. Left out: as many as the rate allows in one period.'),
  by: limitKey
    .optional()
    .describe(
      'Whom the limit counts: consumer, address, route, or header:NAME. Left out: consumer where the route authenticates, else address.',
    ),
  mode: choice('the mode', ['local'], ['shared', 'strict'])
    .prefault('local')
    .describe('`local`: each node counts for itself.'),
  keys: integer('the number of keys', 1, 10_000_000)
    .prefault(100_000)
    .describe('Distinct callers that are remembered, at most; the one unseen for longest is forgotten.'),
});

const limit = z.union([
  rate().transform((value): z.output<typeof limitFields> => ({ rate: value, mode: 'local', keys: 100_000 })),
  limitFields,
]);

export const limitsSchema = oneOrMany(limit, 20);

export type Limit = z.output<typeof limitFields>;
