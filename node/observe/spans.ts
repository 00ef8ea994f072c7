/**
 * An exchange as OpenTelemetry spans: one server span for the whole, and below it one client span for each attempt.
 *
 *   SERVER  GET orders-read        span id = exchange.spanId, parent = the caller's
 *   ├─ CLIENT  GET  (attempt 1)    an id of its own; events: when each phase began
 *   └─ CLIENT  GET  (attempt 2)
 *
 * Names and attributes follow the semantic conventions for HTTP spans (1.27 and later). The upstream's own spans have
 * the server span as their parent, since its id is what the gateway sends in traceparent: the forward layer writes
 * that before an attempt exists. Made from the finished timeline, so tracing costs nothing while a request is under way.
 */

import type { Attributes, HrTime, SpanContext, SpanStatus } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { failureTable } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { AiOutcome } from '../ai/gateway/outcome.js';
import { concealJobIds } from '../jobs/job-id.js';
import { attemptPhases, type GatewayRequest } from '../pipeline/dispatch.js';
import type { Attempt, Exchange } from '../pipeline/exchange.js';
import type { Random } from '../time/clock.js';
import { makeSpanId, spanIdOf, traceIdOf } from '../trace/trace-context.js';
import { snake } from './cell-samples.js';
import { redactQuery } from './redaction.js';

export interface SpanOptions {
  readonly resource: Resource;
  readonly random: Random;
  /** Names of query parameters whose values are replaced. */
  readonly secrets: ReadonlySet<string>;
}

/** Spans of one exchange, at most: attempts beyond that are left out, and `weir.attempts` has their number. */
export const SPANS_MAX = 17;

// The numbers of the API's enums. Its code is only loaded when traces are exported, so types are all that is used here.
const SPAN_KIND_SERVER = 1;
const SPAN_KIND_CLIENT = 2;
const STATUS_UNSET: SpanStatus = { code: 0 };
const STATUS_ERROR = 2;
const SAMPLED = 1;

const MS_PER_S = 1_000;
const NS_PER_MS = 1e6;

/** Methods that the conventions know; any other is `_OTHER`, so that a client can't make up span names. */
const methods: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
]);

export function spansOf(request: GatewayRequest, options: SpanOptions): ReadableSpan[] {
  const { exchange } = request;
  const server = serverSpan(request, options);
  const attempts = exchange.attempts.slice(0, SPANS_MAX - 1);
  return [server, ...attempts.map((attempt, index) => attemptSpan(request, attempt, index, options))];
}

function serverSpan(request: GatewayRequest, options: SpanOptions): ReadableSpan {
  const { exchange } = request;
  const failed = exchange.failure;
  const method = methods.has(request.method) ? request.method : '_OTHER';
  // A server span is in error when the server was at fault: what the client did wrong leaves it unset.
  const faulty = failed === null ? exchange.status >= 500 : failureTable[failed.code].source !== 'client';
  const errorType = failed?.code ?? (exchange.status >= 500 ? String(exchange.status) : undefined);
  return span(exchange, options, {
    name: exchange.routeId === '' ? method : `${method} ${exchange.routeId}`,
    kind: SPAN_KIND_SERVER,
    spanId: spanIdOf(exchange.traceparent),
    parentSpanId: exchange.parentSpanId,
    startMs: exchange.receivedAtMs,
    endMs: exchange.endedAtMs,
    status: faulty ? { code: STATUS_ERROR, message: failed?.detail ?? `status ${exchange.status}` } : STATUS_UNSET,
    attributes: known({
      ...serverAttributes(request, method, options.secrets),
      'http.response.status_code': exchange.status,
      'error.type': errorType,
      'weir.timer': failed?.timer,
      ...(exchange.ai === null ? {} : aiAttributes(exchange.ai)),
    }),
    events: [],
  });
}

/** OpenTelemetry's conventions for generative AI; no word of question or answer is in them. */
function aiAttributes(outcome: AiOutcome) {
  const { operation, model, provider, providerModel, usage, costMicros, team, firstTokenMs } = outcome;
  return {
    'gen_ai.operation.name': snake(operation),
    'gen_ai.provider.name': provider === '' ? undefined : provider,
    'gen_ai.request.model': model,
    'gen_ai.response.model': providerModel === '' ? undefined : providerModel,
    'gen_ai.usage.input_tokens': usage?.input,
    'gen_ai.usage.output_tokens': usage?.output,
    'gen_ai.usage.cache_read.input_tokens': usage !== null && usage.cachedInput > 0 ? usage.cachedInput : undefined,
    'gen_ai.usage.cache_creation.input_tokens': usage !== null && usage.cacheWrite > 0 ? usage.cacheWrite : undefined,
    'weir.cost_usd': costMicros === null ? undefined : costMicros / 1_000_000,
    'weir.team': team === '' ? undefined : team,
    'weir.first_token_ms': firstTokenMs >= 0 ? firstTokenMs : undefined,
  };
}

function serverAttributes(request: GatewayRequest, method: string, secrets: ReadonlySet<string>) {
  const { exchange } = request;
  return {
    'http.request.method': method,
    'http.request.method_original': method === '_OTHER' ? request.method : undefined,
    'url.scheme': exchange.scheme,
    'url.path': concealJobIds(request.path),
    'url.query': request.query === '' ? undefined : redactQuery(request.query, secrets),
    ...address('server', request.authority),
    'client.address': exchange.clientAddress,
    'network.peer.address': exchange.peerAddress,
    'user_agent.original': headerValue(request.headers, 'user-agent'),
    'http.request.body.size': exchange.requestBytes,
    'http.response.body.size': exchange.responseBytes,
    'weir.request_id': exchange.id,
    'weir.route': exchange.routeId === '' ? undefined : exchange.routeId,
    'weir.upstream': exchange.upstreamId === '' ? undefined : exchange.upstreamId,
    'weir.consumer': exchange.consumerId ?? undefined,
    'weir.attempts': exchange.attempts.length,
  };
}

function attemptSpan(request: GatewayRequest, attempt: Attempt, index: number, options: SpanOptions): ReadableSpan {
  const { exchange } = request;
  const method = methods.has(request.method) ? request.method : '_OTHER';
  const failed = attempt.failure;
  // For a client span, an answer of 4xx is an error as well.
  const errorType = failed?.code ?? (attempt.status >= 400 ? String(attempt.status) : undefined);
  return span(exchange, options, {
    name: method,
    kind: SPAN_KIND_CLIENT,
    spanId: makeSpanId(options.random),
    parentSpanId: spanIdOf(exchange.traceparent),
    startMs: attempt.startedAtMs,
    endMs: Number.isNaN(attempt.endedAtMs) ? exchange.endedAtMs : attempt.endedAtMs,
    status: errorType === undefined ? STATUS_UNSET : { code: STATUS_ERROR, message: failed?.detail ?? errorType },
    attributes: known({
      'http.request.method': method,
      ...address('server', attempt.targetId),
      'http.response.status_code': attempt.status === 0 ? undefined : attempt.status,
      'http.request.resend_count': index === 0 ? undefined : index,
      'error.type': errorType,
      'weir.upstream': attempt.upstreamId,
      'weir.target': attempt.targetId,
      'weir.timer': failed?.timer,
    }),
    events: attemptPhases
      .filter((phase) => !Number.isNaN(attempt.phaseStartMs[phase]))
      .map((phase) => ({
        name: `weir.phase.${phase}`,
        time: hrTime(exchange, attempt.phaseStartMs[phase]),
        droppedAttributesCount: 0,
      })),
  });
}

interface SpanParts {
  readonly name: string;
  readonly kind: typeof SPAN_KIND_SERVER | typeof SPAN_KIND_CLIENT;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly events: ReadableSpan['events'];
}

function span(exchange: Exchange, options: SpanOptions, parts: SpanParts): ReadableSpan {
  const context = (spanId: string): SpanContext => ({
    traceId: traceIdOf(exchange.traceparent),
    spanId,
    traceFlags: SAMPLED,
  });
  const own = context(parts.spanId);
  return {
    name: parts.name,
    kind: parts.kind,
    spanContext: () => own,
    ...(parts.parentSpanId === '' ? {} : { parentSpanContext: context(parts.parentSpanId) }),
    startTime: hrTime(exchange, parts.startMs),
    endTime: hrTime(exchange, parts.endMs),
    duration: msToHr(Math.max(0, parts.endMs - parts.startMs)),
    status: parts.status,
    attributes: parts.attributes,
    events: parts.events,
    links: [],
    ended: true,
    resource: options.resource,
    instrumentationScope: { name: 'weir' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Wall-clock time of a monotonic moment of this exchange: one anchor for all, so that durations are exact. */
function hrTime(exchange: Exchange, atMs: number): HrTime {
  return msToHr(exchange.receivedWallMs + (atMs - exchange.receivedAtMs));
}

function msToHr(ms: number): HrTime {
  const seconds = Math.floor(ms / MS_PER_S);
  return [seconds, Math.round((ms - seconds * MS_PER_S) * NS_PER_MS)];
}

function address(side: 'server', hostPort: string): Attributes {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(hostPort);
  if (match === null) return { [`${side}.address`]: hostPort };
  const port = match[3] === undefined ? {} : { [`${side}.port`]: Number(match[3]) };
  return { [`${side}.address`]: match[1] ?? match[2] ?? '', ...port };
}

/** Without the members that are undefined. */
function known(attributes: Readonly<Record<string, Attributes[string]>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
