/**
 * Gives each exchange its place in a trace (trace/trace-context.ts). Owns the three trace fields of the exchange; the
 * forward layer writes them upstream, the observer exports them.
 *
 * A caller's trace is joined when the caller is a trusted proxy. From anyone else the trace is started anew, as
 * Trace Context §4.3 provides for a front gateway: a stranger could otherwise force sampling on us, or join its
 * requests to a trace that is not its own. The sampling decision of a trace that was joined is kept. What the gateway asks of its own
 * routes hangs below the exchange that it is asked for.
 */
import { combinedValue, countField, type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import type { Exchange, OuterExchange } from '../pipeline/exchange.js';
import {
  formatTraceparent,
  makeSpanId,
  makeTraceparent,
  parseTraceparent,
  parseTracestate,
  spanIdOf,
  type TraceParent,
  withSpanId,
} from '../trace/trace-context.js';

export const trace: Place = (_route, services) => {
  const { random } = services;
  const sampleShare = services.gateway.tracing?.sample ?? 0;
  return (next) => (request, handler) => {
    const { exchange, headers } = request;
    const caller = exchange.peerTrusted ? callersTrace(headers) : null;
    if (exchange.outer !== null) joinOuter(exchange, exchange.outer, makeSpanId(random));
    else if (caller === null) exchange.traceparent = makeTraceparent(random, sampleShare > 0 && random() < sampleShare);
    else {
      exchange.traceparent = formatTraceparent({ ...caller, parentId: makeSpanId(random) });
      exchange.parentSpanId = caller.parentId;
      exchange.traceState = parseTracestate(combinedValue(headers, 'tracestate') ?? '');
    }
    return next(request, handler);
  };
};

function joinOuter(exchange: Exchange, { traceparent, traceState }: OuterExchange, spanId: string): void {
  exchange.traceparent = withSpanId(traceparent, spanId);
  exchange.parentSpanId = spanIdOf(traceparent);
  exchange.traceState = traceState;
}

/** Two traceparent fields are an error of the caller (§3.2.2): which one is meant can't be told. */
function callersTrace(headers: HeaderList): TraceParent | null {
  const field = headerValue(headers, 'traceparent');
  return field === undefined || countField(headers, 'traceparent') > 1 ? null : parseTraceparent(field);
}
