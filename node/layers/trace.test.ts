import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeGateway, makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { isSampled } from '../trace/trace-context.js';
import { trace } from './trace.js';

const T = '4bf92f3577b34da6a3ce929d0e0e4736';
const P = '00f067aa0ba902b7';

function traced(peerTrusted: boolean, headers: string[], sample: number | null = null, random = () => 0.5) {
  const tracing = sample === null ? null : { endpoint: 'http://127.0.0.1', headers: {}, sample, serviceName: 'weir' };
  const services = makeServices({ random, gateway: makeGateway({ tracing }) });
  const bottom = scriptedDispatch();
  trace(makeRoute(), services)?.(bottom.dispatch)(
    makeRequest({ headers, exchange: makeExchange({ peerTrusted }) }),
    recordingHandler(),
  );
  return bottom.last().request.exchange;
}

describe('the trace layer', () => {
  it('joins the trace of a trusted proxy and keeps its decision', () => {
    const joined = traced(true, ['traceparent', `00-${T}-${P}-01`, 'tracestate', 'a=1', 'tracestate', 'b=2'], 0);
    expect(joined).toMatchObject({ parentSpanId: P, traceState: 'a=1,b=2' });
    expect(joined.traceparent).toMatch(new RegExp(`^00-${T}-[0-9a-f]{16}-01$`));
    expect(joined.traceparent).not.toContain(P);
    expect(traced(true, ['traceparent', `00-${T}-${P}-00`], 1).traceparent).toMatch(/-00$/);
  });

  it.each([
    ['a stranger', false, ['traceparent', `00-${T}-${P}-01`, 'tracestate', 'a=1']],
    ['nobody', true, []],
    ['a malformed field', true, ['traceparent', `00-${T}-${P}`, 'tracestate', 'a=1']],
    ['two fields', true, ['traceparent', `00-${T}-${P}-01`, 'traceparent', `00-${T}-${P}-00`]],
  ])('starts anew for %s', (_, trusted, headers) => {
    const started = traced(trusted, headers);
    expect(started).toMatchObject({ parentSpanId: '', traceState: '' });
    expect(started.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(started.traceparent).not.toContain(T);
  });

  it('samples its share of the traces that it starts, and none when nothing is exported', () => {
    expect(isSampled(traced(false, [], 0.6).traceparent)).toBe(true);
    expect(isSampled(traced(false, [], 0.4).traceparent)).toBe(false);
    expect(isSampled(traced(false, [], 0, () => 0).traceparent)).toBe(false);
    expect(isSampled(traced(false, [], null).traceparent)).toBe(false);
  });
});
