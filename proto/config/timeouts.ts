/**
 * The timers of a request (design: time). One list of names gives the gateway's defaults, and the optional overrides of
 * upstreams and routes: gateway → upstream → route, each level says only what differs.
 */
import * as z from 'zod';
import { duration, integer, leaf, share } from './scalars.js';
import { accept, type Reading, refuse } from './units.js';

const about = {
  total: 'From the request being accepted to the response being complete. A client may shorten it, never lengthen it.',
  queue: 'Waiting for a place at an upstream.',
  connect: 'From asking for a connection to having it.',
  tls: 'The TLS handshake with an upstream.',
  send: 'No progress in sending the request body.',
  firstByte: 'From the request being sent to the head of the response; `adaptive` learns it.',
  idle: 'Between two pieces of a response body.',
  attempt: 'One attempt, whole; `none` leaves it bounded by `total` alone, `adaptive` learns it.',
  firstToken:
    'On AI routes: from the begin of an attempt to its first content, which headers, roles and pings are not.',
  betweenTokens: 'On AI routes: between two pieces of content; pings and comments do not count.',
  clientHeaders: 'A client sending the head of its request.',
  clientBody: 'No progress in a client sending its body.',
  clientIdle:
    'A client that neither sends nor reads, an idle keep-alive connection, and a body still sent after its answer.',
  drain: 'From being asked to stop to the last exchange being done.',
} as const;

/** `none` is 0 in the snapshot. */
function attemptLimit() {
  const bounded = duration();
  const read = (value: unknown): Reading<number> => {
    if (value === 'none') return accept(0);
    const result = bounded.safeParse(value);
    if (result.success) return accept(result.data);
    const [issue] = result.error.issues;
    const cure = issue?.code === 'custom' ? issue.params?.['cure'] : undefined;
    const mismatch = issue?.code === 'custom' && issue.params?.['mismatch'] === true;
    return refuse(issue?.message ?? '', typeof cure === 'string' ? `${cure}, or none` : null, mismatch);
  };
  return leaf(read, { type: 'string', pattern: '^(none|\\d+(\\.\\d+)?(ms|s|m|h))$', examples: ['none', '5s'] });
}

/**
 * A limit that is learnt from the route's own latency. What is not said here comes from the limit that the levels above
 * state: it is the largest, and it holds until enough was seen.
 */
const learntFields = z
  .strictObject({
    quantile: share('the quantile').prefault(0.99).describe("Quantile of the route's own latency."),
    // Three times what one answer in a hundred takes: a limit that cuts off what is merely slow makes work, not answers.
    factor: integer('the factor', 1, 100).prefault(3).describe('Times this.'),
    min: duration().optional().describe('No shorter than this. Left out: 100ms.'),
    max: duration().optional().describe('No longer than this. Left out: the limit that it replaces.'),
    cold: duration().optional().describe('Until enough was seen. Left out: the limit that it replaces.'),
  })
  .superRefine(({ min, max }, context) => {
    if (max === undefined || min === undefined || min <= max) return;
    context.addIssue({ code: 'custom', message: 'min is above max', params: { cure: 'lower min, or raise max' } });
  });

export type LearntTimer = z.output<typeof learntFields>;

/** A stated limit, `adaptive`, or how it is learnt. Of the timers, only these two wait for the upstream to think. */
function learnable<S extends z.ZodType<number>>(stated: S) {
  // The stated form first: a value that is none of them is explained as one that should have been stated.
  return z.union([stated, z.literal('adaptive').transform(() => learntFields.parse({})), learntFields]);
}

/** What an upstream says about timers: any of them, none of them. */
export const timeoutOverrides = z.strictObject({
  total: duration().optional().describe(about.total),
  queue: duration().optional().describe(about.queue),
  connect: duration().optional().describe(about.connect),
  tls: duration().optional().describe(about.tls),
  send: duration().optional().describe(about.send),
  firstByte: learnable(duration()).optional().describe(about.firstByte),
  idle: duration().optional().describe(about.idle),
  attempt: learnable(attemptLimit()).optional().describe(about.attempt),
});

/** What a route says: the same, and those of streams of tokens. */
export const routeTimeouts = timeoutOverrides.extend({
  firstToken: duration().optional().describe(about.firstToken),
  betweenTokens: duration().optional().describe(about.betweenTokens),
});

export const gatewayTimeouts = z.strictObject({
  total: duration().prefault('30s').describe(about.total),
  queue: duration().prefault('1s').describe(about.queue),
  connect: duration().prefault('1s').describe(about.connect),
  tls: duration().prefault('2s').describe(about.tls),
  send: duration().prefault('10s').describe(about.send),
  firstByte: learnable(duration()).prefault('15s').describe(about.firstByte),
  idle: duration().prefault('30s').describe(about.idle),
  attempt: learnable(attemptLimit()).prefault('none').describe(about.attempt),
  firstToken: duration().prefault('30s').describe(about.firstToken),
  betweenTokens: duration().prefault('15s').describe(about.betweenTokens),
  clientHeaders: duration().prefault('10s').describe(about.clientHeaders),
  clientBody: duration().prefault('10s').describe(about.clientBody),
  clientIdle: duration().prefault('60s').describe(about.clientIdle),
  drain: duration().prefault('30s').describe(about.drain),
});

/** What holds where nobody says anything. */
export const timeoutDefaults = gatewayTimeouts.parse({});

export type TimeoutOverrides = z.output<typeof timeoutOverrides>;
export type RouteTimers = z.output<typeof routeTimeouts>;
export type GatewayTimeouts = z.output<typeof gatewayTimeouts>;
