/** `health` and `concurrency` of an upstream: who is believed to be well, and how much all of them are asked at once. */
import * as z from 'zod';
import { CONCURRENCY_DEFAULTS } from '../snapshot/resilience.js';
import { hostPattern } from './network.js';
import { duration, flag, integer, leaf, nameKind, oneOrMany, readText, share, text } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

/** Both ends included. Not a pair: a list of one would be taken for a list of several. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** `204`, `2xx` or `200-399`. */
const statuses = leaf(
  (value): Reading<StatusRange> => {
    const written = typeof value === 'number' ? String(value) : value;
    const cure = 'write 200, 2xx or 200-399';
    if (typeof written !== 'string') return refuse(`a status was expected, not ${nameKind(value)}`, cure);
    const [, from, to, hundreds] = /^(?:([1-5]\d\d)(?:-([1-5]\d\d))?|([1-5])xx)$/.exec(written) ?? [];
    if (hundreds !== undefined) return accept({ from: Number(hundreds) * 100, to: Number(hundreds) * 100 + 99 });
    if (from === undefined || Number(to ?? from) < Number(from)) return refuse(`${quote(written)} is no status`, cure);
    return accept({ from: Number(from), to: Number(to ?? from) });
  },
  { type: ['string', 'integer'], examples: [200, '2xx', '200-399'] },
);

const probePath = leaf(
  (value) =>
    readText(value, 'a path', (path) =>
      /^\/[\x21-\x7e]{0,2047}$/.test(path) && !path.includes('#')
        ? accept(path)
        : refuse(`${quote(path)} is not a path`, 'write one such as /healthz'),
    ),
  { type: 'string', pattern: '^/', examples: ['/healthz'] },
);

const probe = z.strictObject({
  path: probePath.optional().describe('Path that is asked for. Left out: a TCP connection is proof enough.'),
  host: hostPattern().optional().describe("Host field of the probe. Left out: the target's."),
  status: oneOrMany(statuses).prefault(['2xx']).describe('Statuses that are well: 200, 2xx, 200-399, or several.'),
  contains: text('a text').optional().describe('Text that the first 64 KiB of the answer must hold.'),
  every: duration({ min: 100 }).prefault('5s').describe('From one probe to the next, give or take a tenth.'),
  timeout: duration().prefault('1s').describe('A probe that takes longer has failed.'),
  unhealthyAfter: integer('the number of probes', 1, 100)
    .prefault(3)
    .describe('Failed probes in a row that take it out.'),
  healthyAfter: integer('the number of probes', 1, 100)
    .prefault(2)
    .describe('Good probes in a row that bring it back.'),
});

const every5xx = flag()
  .prefault(false)
  .describe(
    'Whether a 500 is a failure, too, as each 5xx but 501 and 505; else only 502, 503, 504 and what Weir itself met: a 500 may be a bug of one path.',
  );

const outlierFields = z.strictObject({
  consecutiveFailures: integer('the number of failures', 0, 1000)
    .prefault(5)
    .describe('Failures in a row that eject a target; 0: not looked at.'),
  successRateDeviations: integer('the number of deviations', 0, 100)
    .prefault(3)
    .describe(
      'Ejects a target whose share of good answers is this many standard deviations below its peers; 0: not looked at.',
    ),
  latencyFactor: integer('the factor', 0, 1000)
    .prefault(0)
    .describe("Ejects a target whose median latency is this many times its peers'; 0: not looked at."),
  every: duration({ min: 100 }).prefault('5s').describe('How often targets are compared with each other.'),
  requestsMin: integer('the number of requests', 1, 1_000_000)
    .prefault(20)
    .describe('Answers since the last comparison below which a target is left alone.'),
  ejection: duration({ min: 100 })
    .prefault('5s')
    .describe('The first ejection; each further one lasts as much longer.'),
  ejectionMax: duration({ min: 100 }).prefault('2m').describe('The longest ejection.'),
  ejectedShareMax: share('the share of targets')
    .prefault(0.5)
    .describe('Targets that may be ejected at once; never all of them.'),
  every5xx,
});

const breakerFields = z.strictObject({
  failureShare: share('the share of failures').prefault(0.5).describe('Opens at this share of failures in the window.'),
  requestsMin: integer('the number of requests', 1, 1_000_000)
    .prefault(20)
    .describe('Requests below which it stays shut.'),
  window: duration({ min: 100 }).prefault('10s').describe('What counts as now.'),
  open: duration({ min: 100 })
    .prefault('1s')
    .describe('Stays open this long, then lets one request try; doubles when that fails.'),
  openMax: duration({ min: 100 }).prefault('30s').describe('The longest it stays open.'),
  every5xx,
});

const onOr = <F extends z.ZodType>(fields: F) =>
  z.union([
    flag().transform((on) => (on ? fields.parse({}) : null)),
    fields.transform((value): z.output<F> | null => value),
  ]);

export const healthSchema = z.strictObject({
  probe: probe.optional().describe('Probes of each target. Left out: none.'),
  outlier: onOr(outlierFields)
    .prefault(true)
    .describe('Take targets out that fail real requests: true, false, or its settings.'),
  breaker: onOr(breakerFields)
    .prefault(true)
    .describe('Stop asking when most requests fail, target by target and as a whole: true, false, or its settings.'),
});

const limit = (what: string) => integer(what, 1, 1_000_000);

const concurrencyFields = z
  .strictObject({
    limit: z
      .union([z.literal('adaptive'), limit('the limit')])
      .prefault('adaptive')
      .describe('Requests at once: a number, or `adaptive`, which finds it from latency.'),
    min: limit('the smallest limit').prefault(CONCURRENCY_DEFAULTS.limitMin).describe('`adaptive` goes no lower.'),
    max: limit('the largest limit').prefault(CONCURRENCY_DEFAULTS.limitMax).describe('`adaptive` goes no higher.'),
    start: limit('the first limit')
      .optional()
      .describe('Where `adaptive` begins. Left out: at the largest, so nothing waits before the upstream was overrun.'),
    queue: integer('the length of the queue', 0, 1_000_000)
      .prefault(1024)
      .describe('Requests that may wait (503 above).'),
  })
  .superRefine((value, context) => {
    const { limit: kind, min, max, start = max } = value;
    if (kind !== 'adaptive' || (min <= start && start <= max)) return;
    const params = { cure: 'order them as min, start, max' };
    context.addIssue({ code: 'custom', message: 'start is not between min and max', params });
  });

export const concurrencySchema = z.union([
  z.literal('none').transform(() => null),
  z.literal('adaptive').transform(() => concurrencyFields.parse({})),
  limit('the limit').transform((count) => concurrencyFields.parse({ limit: count })),
  concurrencyFields,
]);

export type Health = z.output<typeof healthSchema>;
export type Concurrency = NonNullable<z.output<typeof concurrencySchema>>;
