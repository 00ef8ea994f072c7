/**
 * Shows in an answer what the gateway did for it: `Server-Timing` (W3C Server Timing, §3) and `X-Weir-Attempts`.
 *
 *   Server-Timing: queue;dur=0.2, attempt1;dur=1001.4;desc="connect_timeout", attempt2;dur=12.1;desc="retry, 200",
 *                  attempt2-first-byte;dur=11.8, weir;dur=1016.3
 *
 * Durations are milliseconds, up to the moment of the head: what has not ended lasts till then. `queue` is all waiting
 * for a place, `part-NAME` a part of a composed answer, `weir` the whole since the request was received. An upstream's own Server-Timing stays, before ours.
 * Failures show the same, and there it matters most. Off unless a route asks for it, for it tells strangers how many
 * targets were tried and how they failed, though never which.
 */
import { withField } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import { editedResponse, type HeaderEdit } from '../pipeline/edited-response.js';
import { type Attempt, type Exchange, phaseDurations } from '../pipeline/exchange.js';

/** Attempts that are listed; `X-Weir-Attempts` has their true number. */
const ATTEMPTS_MAX = 16;

export const show: Place = (route, services) => {
  const { serverTiming, attempts } = route.shown;
  if (!serverTiming && !attempts) return null;
  const { clock } = services;
  const edit: HeaderEdit<Exchange> = (headers, _of, exchange) => {
    // An upstream that is a gateway, too, has counted its own attempts; this answer's number is ours.
    const counted = attempts ? withField(headers, 'x-weir-attempts', String(exchange.attempts.length)) : headers;
    return serverTiming ? [...counted, 'server-timing', serverTimingOf(exchange, clock.nowMs())] : counted;
  };
  return (next) => (request, handler) => next(request, editedResponse(handler, edit, request.exchange));
};

function serverTimingOf(exchange: Exchange, nowMs: number): string {
  const shown = exchange.attempts.slice(0, ATTEMPTS_MAX);
  const queuedMs = shown.reduce((sum, attempt) => sum + (phaseDurations(attempt, nowMs).queue ?? 0), exchange.queuedMs);
  return [
    metric('queue', queuedMs),
    ...(exchange.parts ?? []).map(({ part, outcome, status, ms }) =>
      metric(`part-${part}`, ms, status > 0 ? `${outcome}, ${status}` : outcome),
    ),
    ...shown.flatMap((attempt, index) => attemptMetrics(attempt, `attempt${index + 1}`, nowMs)),
    metric('weir', nowMs - exchange.receivedAtMs),
  ].join(', ');
}

function attemptMetrics(attempt: Attempt, name: string, nowMs: number): string[] {
  const { startedAtMs, endedAtMs, phaseStartMs } = attempt;
  const whole = metric(name, (Number.isNaN(endedAtMs) ? nowMs : endedAtMs) - startedAtMs, outcomeOf(attempt));
  const firstByteMs = phaseStartMs.body - startedAtMs;
  return Number.isNaN(firstByteMs) ? [whole] : [whole, metric(`${name}-first-byte`, firstByteMs)];
}

/** Why it was made, where it is not the first, and what came of it: words of our own tables, never of an upstream. */
function outcomeOf({ cause, failure, status, endedAtMs }: Attempt): string {
  const isPending = status === 0 && Number.isNaN(endedAtMs);
  const came = failure?.code ?? (status > 0 ? String(status) : isPending ? 'pending' : 'cancelled');
  return cause === null ? came : `${cause}, ${came}`;
}

function metric(name: string, ms: number, description = ''): string {
  const dur = Math.max(0, Math.round(ms * 10) / 10);
  return description === '' ? `${name};dur=${dur}` : `${name};dur=${dur};desc="${description}"`;
}
