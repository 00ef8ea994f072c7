/** `cache` of a route and of the gateway: what of an upstream's answers is kept, for whom, and for how long. */
import * as z from 'zod';
import type { QueryKeySpec, StaleIfSlowSpec } from '../snapshot/cache.js';
import { headerMap } from './header-map.js';
import { named, type ValueTest, valueTest } from './match.js';
import { fieldName } from './network.js';
import { choice, duration, flag, identifier, integer, oneOrMany, share, size, text } from './scalars.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A year, which RFC 2616 recommended as the longest that makes sense, and servers still write for "for ever". */
const SPAN_MAX_MS = 365 * 24 * 3_600_000;

const span = () => duration({ min: 0, max: SPAN_MAX_MS, wholeSeconds: true });

const negativeFields = z
  .strictObject({
    default: span().prefault('0s').describe('How long they are fresh where the origin does not say.'),
    max: span().prefault('5m').describe('No longer than this, whatever the origin says.'),
  })
  .superRefine((negative, context) => {
    if (negative.default <= negative.max) return;
    const params = { cure: 'lower default, or raise max' };
    context.addIssue({ code: 'custom', path: ['default'], message: 'default is above max', params });
  });

/** A duration alone is for where the origin does not say. */
const negative = z.union([
  span().transform((ms) => ({ default: ms, max: Math.max(ms, negativeFields.parse({}).max) })),
  negativeFields,
]);

const heuristicFields = z.strictObject({
  share: share('the share').prefault(0.1).describe('Fresh for this share of the time since it was last modified.'),
  max: span().prefault('24h').describe('And no longer than this.'),
});

const heuristic = z.union([flag().transform((on) => heuristicFields.parse(on ? {} : { share: 0 })), heuristicFields]);

const learntFields = z
  .strictObject({
    min: duration().prefault('50ms').describe('No sooner than this.'),
    max: duration().prefault('1s').describe('No later than this; also until enough was seen.'),
  })
  .superRefine(({ min, max }, context) => {
    if (min <= max) return;
    context.addIssue({ code: 'custom', message: 'min is above max', params: { cure: 'lower min, or raise max' } });
  })
  .transform(({ min, max }): StaleIfSlowSpec => ({ kind: 'learnt', minMs: min, maxMs: max }));

const staleIfSlow = z.union([
  z.literal('adaptive').transform(() => learntFields.parse({})),
  duration().transform((ms): StaleIfSlowSpec => ({ kind: 'after', afterMs: ms })),
  learntFields,
]);

const parameters = () => oneOrMany(text('the name of a parameter'));

const queryKey = z
  .strictObject({
    only: parameters().optional().describe('These parameters count, and no others; an empty list: none.'),
    except: parameters().optional().describe('All parameters count but these.'),
  })
  .transform(({ only, except }, context): QueryKeySpec => {
    if ((only === undefined) !== (except === undefined)) {
      return only === undefined ? { mode: 'except', names: except ?? [] } : { mode: 'only', names: only };
    }
    const params = { cure: 'keep one of them' };
    const message =
      only === undefined ? 'neither `only` nor `except` is stated' : 'both `only` and `except` are stated';
    context.addIssue({ code: 'custom', message, params });
    return z.NEVER;
  });

const bodyKeyFields = z.strictObject({
  max: size({ min: 1, max: 16 * MIB })
    .prefault('64KiB')
    .describe('A request with a longer body goes past the cache.'),
  members: oneOrMany(text('the name of a member'))
    .prefault([])
    .describe('Members of the JSON object that count, such as [query, variables]. Left out: every byte of the body.'),
});

const keyFields = z.strictObject({
  query: queryKey.optional().describe('Which parameters count: { only } or { except }. Left out: all of them.'),
  sort: flag().prefault(false).describe('Parameters in another order are the same request.'),
  headers: oneOrMany(fieldName()).prefault([]).describe('Request headers that count, whatever Vary says.'),
  cookies: oneOrMany(text('the name of a cookie')).prefault([]).describe('Cookies that count.'),
  device: flag()
    .prefault(false)
    .describe('Phones, tablets and everything else each have a copy of their own (User-Agent, Sec-CH-UA-Mobile).'),
  byConsumer: flag()
    .optional()
    .describe('Each consumer has a cache of its own. Left out: where the route authenticates.'),
  body: z
    .union([flag().transform((on) => (on ? bodyKeyFields.parse({}) : null)), bodyKeyFields])
    .prefault(false)
    .describe('Cache answers to POST, by a hash of the body (GraphQL): true, false, or its settings.'),
});

/** As for `match`, and `true` for one that is there. */
const condition = z.union([
  flag().transform((on): ValueTest => ({ op: on ? 'present' : 'absent', values: [] })),
  valueTest,
]);

const plainMap = () => z.record(z.string(), condition).transform((tests) => named(Object.entries(tests)));

const bypass = z.strictObject({
  headers: headerMap(condition)
    .transform(named)
    .prefault({})
    .describe(
      'Header fields: true where they are there, or a value, or { prefix | suffix | contains | in | matches | present | not }.',
    ),
  cookies: plainMap().prefault({}).describe('Cookies, as for headers.'),
  query: plainMap().prefault({}).describe('Query parameters, as for headers.'),
});

const collapseFields = z.strictObject({
  waiters: integer('the number of waiters', 1, 1_000_000)
    .prefault(10_000)
    .describe('Requests that wait for one answer, at most; those beyond ask by themselves.'),
  wait: duration().prefault('5s').describe('One that has waited so long for the answer to begin asks by itself.'),
});

const purgeFields = z.strictObject({
  consumers: oneOrMany(identifier()).describe('Consumers that may purge.'),
});

/** Who may purge by the method PURGE; the route authenticates them. */
const purgeMethod = z.union([z.literal(false).transform(() => null), purgeFields]);

const cacheFields = z.strictObject({
  ttl: span().optional().describe('Fresh for so long, whatever the origin says of what may be stored.'),
  defaultTtl: span().optional().describe('Fresh for so long where the origin does not say.'),
  negative: negative
    .prefault({})
    .describe('Answers of 400 and above: how long where the origin does not say, or { default, max }.'),
  heuristic: heuristic
    .prefault(false)
    .describe('Guess how long from Last-Modified where the origin does not say: true, false, or { share, max }.'),
  staleWhileRevalidate: span()
    .prefault('0s')
    .describe('How long a stale copy is used while it is revalidated, where the origin does not say.'),
  staleIfError: span()
    .optional()
    .describe(
      'How long a stale copy stands in for an upstream that fails or is too slow, where the origin does not say. Left out: not at all, or an hour with staleIfSlow.',
    ),
  staleIfSlow: staleIfSlow
    .optional()
    .describe('Use the stale copy when there is no answer by then: a duration, `adaptive`, or { min, max }.'),
  key: keyFields.prefault({}).describe('What tells two requests apart beside scheme, host, path and query.'),
  bypass: bypass.prefault({}).describe('Requests that are neither answered from the cache nor stored; any will do.'),
  setCookie: choice('what to do', ['refuse', 'strip', 'keep'])
    .prefault('refuse')
    .describe(
      'An answer that sets cookies: refuse to store it, store it without them, or keep them, so that all who ask get the same ones.',
    ),
  obeyRequests: flag().prefault(true).describe('Let clients ask for more or less than what is stored (Cache-Control).'),
  maxBody: size({ min: 1, max: 1024 * MIB })
    .optional()
    .describe('Longest body that is stored. Left out: that of gateway.cache.'),
  tags: z
    .strictObject({ pass: flag().prefault(true).describe('Let Surrogate-Key and Cache-Tag go on to clients.') })
    .prefault({})
    .describe('Tags of answers, by which they can be purged.'),
  targets: oneOrMany(fieldName())
    .prefault(['weir-cache-control', 'cdn-cache-control'])
    .describe(
      'Headers that take the place of Cache-Control for this cache, most particular first; surrogate-control may be one.',
    ),
  collapse: z
    .union([flag().transform((on) => (on ? collapseFields.parse({}) : null)), collapseFields])
    .prefault(true)
    .describe('Answer identical requests that come together by one request to the upstream: true, false, or bounds.'),
  purge: purgeMethod
    .optional()
    .describe('Who may purge by the method PURGE: { consumers }, or false. Left out: as gateway.cache says.'),
});

export const cacheSchema = z.union([flag().transform((on) => (on ? cacheFields.parse({}) : null)), cacheFields]);

/** Longer than a node leads any fetch. */
const LEASE_MAX_MS = 60_000;

const collapseAcrossNodesFields = z.strictObject({
  lease: duration({ min: 100, max: LEASE_MAX_MS })
    .prefault('2s')
    .describe('A node that was not heard of for so long fetches for nobody any more.'),
  wait: duration({ max: LEASE_MAX_MS })
    .prefault('1s')
    .describe('Nodes that have waited so long for what another one fetches ask by themselves.'),
});

const redisFields = z.strictObject({
  readTimeout: duration({ max: 1_000 }).prefault('10ms').describe('A look-up that takes longer is skipped.'),
  pieceTimeout: duration({ max: 250 })
    .prefault('100ms')
    .describe('Likewise each further 64 KiB of a body, which takes 250ms as a whole at most.'),
  writeTimeout: duration({ max: 10_000 }).prefault('250ms').describe('One step of a write, behind the answer.'),
  writeQueue: size({ min: 64 * KIB, max: 64 * 1024 * MIB })
    .prefault('16MiB')
    .describe('What waits to be written, bodies included; what finds no place is not shared.'),
  writeQueueEntries: integer('the number of answers', 1, 1_000_000)
    .prefault(10_000)
    .describe('Answers that wait to be written; those beyond are not shared.'),
  maxBody: size({ min: 1, max: 64 * MIB })
    .prefault('8MiB')
    .describe('Longer bodies are neither written nor read.'),
  maxTtl: duration({ min: 1_000, max: SPAN_MAX_MS, wholeSeconds: true })
    .prefault('24h')
    .describe('Nothing is kept there for longer, whatever its origin says.'),
  collapse: z
    .union([flag().transform((on) => (on ? collapseAcrossNodesFields.parse({}) : null)), collapseAcrossNodesFields])
    .prefault(true)
    .describe('One node fetches for all that ask for the same at once: true, false, or { lease, wait }.'),
});

export const cacheMemorySchema = z.strictObject({
  memory: size({ min: MIB, max: 1024 * 1024 * MIB })
    .prefault('256MiB')
    .describe('Stored answers of one node, heads and keys included; what spares the upstreams least goes first.'),
  writing: size({ min: MIB, max: 64 * 1024 * MIB })
    .prefault('64MiB')
    .describe('Bodies that are being stored, or given up and still read; what finds no place passes by unstored.'),
  maxBody: size({ min: 1, max: 1024 * MIB })
    .prefault('16MiB')
    .describe('Longest body that is stored, where a route does not say.'),
  purge: purgeMethod
    .prefault(false)
    .describe('Who may purge by the method PURGE, on routes that authenticate: { consumers }, or false.'),
  redis: z
    .union([flag().transform((on) => (on ? redisFields.parse({}) : null)), redisFields])
    .optional()
    .describe(
      'What nodes share in the Redis of `--redis`: true, false, or its limits. Left out: on where there is one.',
    ),
});

export type Cache = NonNullable<z.output<typeof cacheSchema>>;
export type CacheMemory = z.output<typeof cacheMemorySchema>;
