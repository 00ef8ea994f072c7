/** `priority`, `retry`, `hedge`, `protect`, `fallback` and `show` of a route: what is done when an attempt is not enough. */
import * as z from 'zod';
import type { LearntLimitSpec } from '../snapshot/resilience.js';
import { location, respondSchema } from './action.js';
import { editsSchema } from './header-edits.js';
import { fieldName } from './network.js';
import { choice, duration, flag, identifier, integer, leaf, oneOrMany, share, size } from './scalars.js';
import { accept, type Reading, refuse } from './units.js';

const MIB = 1024 * 1024;

/** The delay of a hedge until enough was seen. */
const COLD_MS = 200;

const learntFields = z
  .strictObject({
    quantile: share('the quantile').prefault(0.95).describe("Quantile of the route's own latency."),
    factor: integer('the factor', 1, 100).prefault(1).describe('Times this.'),
    min: duration().prefault('5ms').describe('No sooner than this.'),
    max: duration().prefault('10s').describe('No later than this.'),
    cold: duration().optional().describe('Until enough was seen.'),
  })
  .transform(
    ({ quantile, factor, min, max, cold = COLD_MS }): LearntLimitSpec => ({
      kind: 'adaptive',
      quantile,
      factor,
      minMs: min,
      maxMs: max,
      coldMs: Math.min(max, Math.max(min, cold)),
    }),
  );

/** A duration, `adaptive`, or how it is learnt. */
const hedgeDelay = z.union([
  z.literal('adaptive').transform(() => learntFields.parse({})),
  duration().transform((ms): LearntLimitSpec => ({ kind: 'fixed', ms })),
  learntFields,
]);

const level = choice('the priority', ['critical', 'default', 'background']);

export const prioritySchema = z.union([
  level.transform((word) => ({ level: word, header: undefined })),
  z.strictObject({
    level: level.prefault('default').describe('critical goes first, background last.'),
    header: fieldName()
      .optional()
      .describe('Request header by which a client may lower its priority: background, default.'),
  }),
]);

const conditions = ['connect-failure', 'reset', 'refused', 'timeout', 'incomplete', 'status'] as const;

const retryFields = z.strictObject({
  attempts: integer('the number of retries', 0, 10).prefault(2).describe('Attempts after the first one, at most.'),
  on: oneOrMany(choice('a condition', conditions))
    .prefault([...conditions])
    .describe('What is tried again: connect-failure, reset, refused, timeout, incomplete, status.'),
  statuses: oneOrMany(integer('a status', 400, 599))
    .prefault([502, 503, 504])
    .describe('Answers that are tried again, for `status`.'),
  budget: share('the budget').prefault(0.1).describe('Retries as a share of the requests of the last ten seconds.'),
  floor: integer('the floor', 0, 10_000)
    .prefault(1)
    .describe('Retries per second that are allowed beside it, of all routes of an upstream together.'),
  backoff: duration({ min: 0 })
    .prefault('10ms')
    .describe('Largest pause before the first retry; it doubles, and is drawn at random.'),
  backoffMax: duration().prefault('500ms').describe('Largest pause of all.'),
  body: size({ min: 0, max: 16 * MIB })
    .prefault('64KiB')
    .describe('A request body up to this is kept for another attempt.'),
});

export const retrySchema = z.union([flag().transform((on) => (on ? retryFields.parse({}) : null)), retryFields]);

const hedgeFields = z.strictObject({
  after: hedgeDelay
    .prefault('adaptive')
    .describe('A second attempt starts when there is no answer by then: a duration, or `adaptive`.'),
  budget: share('the budget').prefault(0.1).describe('Hedges as a share of the requests of the last ten seconds.'),
  floor: integer('the floor', 0, 10_000)
    .prefault(1)
    .describe('Hedges per second that are allowed beside it, of all routes of an upstream together.'),
});

export const hedgeSchema = z.union([flag().transform((on) => (on ? hedgeFields.parse({}) : null)), hedgeFields]);

/** Off, on with the usual bound, or with another. */
export const protectSchema = z.union([flag().transform((on) => (on ? 64 * 1024 : 0)), size({ min: 1, max: 16 * MIB })]);

/** Nothing about a failure is for good, so no permanent redirect stands for one. */
const passingStatus = leaf(
  (value): Reading<302 | 303 | 307> => {
    for (const status of [302, 303, 307] as const) if (value === status) return accept(status);
    return refuse('a fallback redirects with 302, 303 or 307', '307 keeps the method, 303 makes it a GET');
  },
  { type: 'integer', minimum: 302, maximum: 307 },
);

const elsewhere = z.union([
  location.transform((to) => ({ to, status: 307 as const })),
  z.strictObject({
    to: location.describe('Where to: an absolute URL, or a path on the same host.'),
    status: passingStatus.prefault(307).describe('302, 303 or 307.'),
  }),
]);

export const fallbackSchema = z
  .array(
    z
      .strictObject({
        upstream: identifier().optional().describe('Ask this upstream instead.'),
        repeats: flag()
          .optional()
          .describe('Ask it also what the first one may have done already, where the method is idempotent.'),
        headers: editsSchema
          .optional()
          .describe(
            'Edits of the request for this upstream: { set, add, remove }, such as credentials it must not see.',
          ),
        respond: respondSchema.optional().describe('Answer this.'),
        redirect: elsewhere.optional().describe('Send the client there.'),
      })
      .superRefine((value, context) => {
        const { upstream, respond, redirect, ...ofUpstream } = value;
        if ([upstream, respond, redirect].filter((part) => part !== undefined).length !== 1) {
          const params = { cure: 'write one of upstream, respond, redirect' };
          context.addIssue({ code: 'custom', message: 'a fallback is one thing', params });
        } else if (upstream === undefined && Object.values(ofUpstream).some((part) => part !== undefined)) {
          const params = { cure: 'name an upstream, or leave them out' };
          context.addIssue({ code: 'custom', message: 'repeats and headers are about another upstream', params });
        }
      }),
  )
  .max(5);

export const showSchema = z.strictObject({
  serverTiming: flag().prefault(false).describe('Server-Timing on answers: queue, attempts and upstream times.'),
  attempts: flag().prefault(false).describe('X-Weir-Attempts on answers.'),
});

export type Retry = NonNullable<z.output<typeof retrySchema>>;
export type Hedge = NonNullable<z.output<typeof hedgeSchema>>;
