/**
 * The timers of a request (design: time). One list of names gives the gateway's defaults, and the optional overrides of
 * upstreams and routes: gateway → upstream → route, each level says only what differs.
 */
import * as z from 'zod';
import { laterKeys } from './later.js';
import { duration, leaf } from './scalars.js';
import { accept, type Reading } from './units.js';

const about = {
  total: 'From the request being accepted to the response being complete. A client may shorten it, never lengthen it.',
  queue: 'Waiting for a place at an upstream.',
  connect: 'From asking for a connection to having it.',
  tls: 'The TLS handshake with an upstream.',
  send: 'No progress in sending the request body.',
  firstByte: 'From the request being sent to the head of the response.',
  idle: 'Between two pieces of a response body.',
  attempt: 'One attempt, whole; `none` leaves it bounded by `total` alone.',
  clientHeaders: 'A client sending the head of its request.',
  clientBody: 'No progress in a client sending its body.',
  clientIdle: 'A client that neither sends nor reads, and an idle keep-alive connection.',
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
    return { ok: false, message: issue?.message ?? '', cure: typeof cure === 'string' ? `${cure}, or none` : null };
  };
  return leaf(read, { type: 'string', pattern: '^(none|\\d+(\\.\\d+)?(ms|s|m|h))$', examples: ['none', '5s'] });
}

const LATER = { keys: ['firstToken', 'betweenTokens'] };

/** What an upstream or a route says about timers: any of them, none of them. */
export const timeoutOverrides = z
  .strictObject({
    total: duration().optional().describe(about.total),
    queue: duration().optional().describe(about.queue),
    connect: duration().optional().describe(about.connect),
    tls: duration().optional().describe(about.tls),
    send: duration().optional().describe(about.send),
    firstByte: duration().optional().describe(about.firstByte),
    idle: duration().optional().describe(about.idle),
    attempt: attemptLimit().optional().describe(about.attempt),
  })
  .register(laterKeys, LATER);

export const gatewayTimeouts = z
  .strictObject({
    total: duration().prefault('30s').describe(about.total),
    queue: duration().prefault('1s').describe(about.queue),
    connect: duration().prefault('1s').describe(about.connect),
    tls: duration().prefault('2s').describe(about.tls),
    send: duration().prefault('10s').describe(about.send),
    firstByte: duration().prefault('15s').describe(about.firstByte),
    idle: duration().prefault('30s').describe(about.idle),
    attempt: attemptLimit().prefault('none').describe(about.attempt),
    clientHeaders: duration().prefault('10s').describe(about.clientHeaders),
    clientBody: duration().prefault('10s').describe(about.clientBody),
    clientIdle: duration().prefault('60s').describe(about.clientIdle),
    drain: duration().prefault('30s').describe(about.drain),
  })
  .register(laterKeys, LATER);

export type TimeoutOverrides = z.output<typeof timeoutOverrides>;
export type GatewayTimeouts = z.output<typeof gatewayTimeouts>;
