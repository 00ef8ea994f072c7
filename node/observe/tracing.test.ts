import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failure } from '@weir/proto/http/failures.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { createAttempt } from '../pipeline/exchange.js';
import { fakeClock, fakeTimers, makeExchange, makeRequest, seededRandom } from '../pipeline/testing/harness.js';
import { formatTraceparent } from '../trace/trace-context.js';
import { BATCH_SPANS, createTracing, FLUSH_MS, QUEUE_MAX } from './tracing.js';

// References as a configuration writes them; joined from parts, since they are not templates of this file.
const KEY = '$'.concat('{KEY}');
const MISSING = '$'.concat('{MISSING}');

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly status: { readonly code: number };
}

/** An OTLP collector that keeps what it is sent. */
async function startCollector(status = 200) {
  const requests: { url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      requests.push({ url: request.url ?? '', headers: request.headers, body });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  // A server that listens on a port has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  const batches = () => requests.map(({ body }) => JSON.parse(body).resourceSpans[0]);
  const spans = (): OtlpSpan[] => batches().flatMap((batch) => batch.scopeSpans[0].spans);
  return { endpoint: `http://127.0.0.1:${port}/v1/traces`, requests, batches, spans };
}
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function startTracing(endpoint: string, headers: Record<string, string> = {}) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const tracing = createTracing({ timers, random: seededRandom(3), reveal: (text) => text.replace(KEY, 'k-1') });
  const spec = { endpoint, headers, sample: 1, serviceName: 'edge' };
  (await tracing.prepare(spec, new Set(['token']))).commit();
  return { clock, timers, tracing, spec };
}

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** A request that failed over from one target to another. */
function tracedRequest(sampled = true): GatewayRequest {
  const exchange = makeExchange({ receivedAtMs: 1_000, receivedWallMs: 1_700_000_000_000 });
  Object.assign(exchange, {
    traceparent: formatTraceparent({ traceId: TRACE_ID, parentId: 'b7ad6b7169203331', sampled }),
    parentSpanId: '00f067aa0ba902b7',
    routeId: 'orders',
    upstreamId: 'up',
    status: 200,
    endedAtMs: 1_250.5,
  });
  const first = createAttempt('10.0.0.1:9001', 1_001);
  Object.assign(first, { endedAtMs: 1_101, failure: failure('connect_timeout', 'too slow', { timer: 'connect' }) });
  first.phaseStartMs.connect = 1_001;
  const second = createAttempt('[fd00::1]:9002', 1_110);
  Object.assign(second, { endedAtMs: 1_250, status: 200 });
  Object.assign(second.phaseStartMs, { send: 1_111, firstByte: 1_112, body: 1_249 });
  exchange.attempts.push(first, second);
  return makeRequest({ exchange, authority: 'api.example.com:8443', path: '/orders/1', query: 'a=1&token=x' });
}

const attributesOf = (span: OtlpSpan | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]));

describe('an exported exchange', () => {
  it('is a server span with the ids of the exchange, and one client span below it for each attempt', async () => {
    const collector = await startCollector();
    const { tracing } = await startTracing(collector.endpoint, { authorization: `Bearer ${KEY}` });
    tracing.ended(tracedRequest());
    await tracing.close();

    const [server, first, second] = collector.spans();
    expect(server).toMatchObject({
      name: 'GET orders',
      kind: 2,
      traceId: TRACE_ID,
      spanId: 'b7ad6b7169203331',
      parentSpanId: '00f067aa0ba902b7',
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000000250500000',
      status: { code: 0 },
    });
    expect(attributesOf(server)).toMatchObject({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/orders/1',
      'url.query': 'a=1&token=[redacted]',
      'server.address': 'api.example.com',
      'server.port': 8443,
      'client.address': '192.0.2.1',
      'http.response.status_code': 200,
      'weir.route': 'orders',
      'weir.upstream': 'up',
      'weir.attempts': 2,
      'weir.request_id': 'request-1',
    });
    expect(attributesOf(server)).not.toHaveProperty('error.type');

    expect(first).toMatchObject({ name: 'GET', kind: 3, traceId: TRACE_ID, parentSpanId: 'b7ad6b7169203331' });
    expect(first?.status.code).toBe(2);
    expect(attributesOf(first)).toMatchObject({
      'error.type': 'connect_timeout',
      'weir.timer': 'connect',
      'server.address': '10.0.0.1',
      'server.port': 9001,
    });
    expect(second?.events.map(({ name, timeUnixNano }) => [name, timeUnixNano])).toEqual([
      ['weir.phase.send', '1700000000111000000'],
      ['weir.phase.firstByte', '1700000000112000000'],
      ['weir.phase.body', '1700000000249000000'],
    ]);
    expect(attributesOf(second)).toMatchObject({ 'server.address': 'fd00::1', 'http.request.resend_count': 1 });
    expect(new Set([server?.spanId, first?.spanId, second?.spanId]).size).toBe(3);
    expect(second?.spanId).toMatch(/^[0-9a-f]{16}$/);

    const [request] = collector.requests;
    expect([request?.url, request?.headers['authorization']]).toEqual(['/v1/traces', 'Bearer k-1']);
    const resource = attributesOf({ attributes: collector.batches()[0].resource.attributes } as unknown as OtlpSpan);
    expect(resource).toEqual({ 'service.name': 'edge' });
    expect(tracing.counts()).toEqual({ exported: 3, dropped: 0 });
  });

  it('is in error when the gateway or the upstream failed, and not when the client did', async () => {
    const collector = await startCollector();
    const { tracing } = await startTracing(collector.endpoint);
    for (const code of ['no_target', 'client_gone'] as const) {
      const request = tracedRequest();
      request.exchange.failure = failure(code, '');
      request.exchange.attempts.length = 0;
      tracing.ended({ ...request, method: 'MADE-UP' });
    }
    await tracing.close();
    expect(collector.spans().map((span) => [span.name, span.status.code, attributesOf(span)['error.type']])).toEqual([
      ['_OTHER orders', 2, 'no_target'],
      ['_OTHER orders', 0, 'client_gone'],
    ]);
  });
});

describe('tracing', () => {
  it('exports what is sampled, and nothing else', async () => {
    const collector = await startCollector();
    const { tracing } = await startTracing(collector.endpoint);
    tracing.ended(tracedRequest(false));
    await tracing.close();
    expect(collector.requests).toEqual([]);
  });

  it('gathers spans for as long as the flush time, then sends them in one request', async () => {
    const collector = await startCollector();
    const { clock, tracing } = await startTracing(collector.endpoint);
    tracing.ended(tracedRequest());
    tracing.ended(tracedRequest());
    clock.advance(FLUSH_MS - 1);
    expect(tracing.counts().exported).toBe(0);
    clock.advance(1);
    await vi.waitFor(() => expect(tracing.counts().exported).toBe(6));
    expect(collector.requests).toHaveLength(1);
    await tracing.close();
  });

  it('holds a bounded number of spans, counts the others, and gives away in batches what it held', async () => {
    const collector = await startCollector();
    const { tracing, timers } = await startTracing(collector.endpoint);
    const exchanges = QUEUE_MAX;
    for (let i = 0; i < exchanges; i += 1) tracing.ended(tracedRequest());
    const { dropped } = tracing.counts();
    // One batch is under way and the queue is full; everything beyond that was dropped.
    expect(3 * exchanges - dropped).toBeGreaterThan(QUEUE_MAX);
    expect(3 * exchanges - dropped).toBeLessThanOrEqual(QUEUE_MAX + BATCH_SPANS);
    await tracing.close();
    expect(tracing.counts()).toEqual({ exported: 3 * exchanges - dropped, dropped });
    for (const batch of collector.batches()) expect(batch.scopeSpans[0].spans.length).toBeLessThanOrEqual(BATCH_SPANS);
    expect(timers.armed).toBe(0);
  });

  it('counts what a collector refuses, and does not wait for more of it at the end', async () => {
    const collector = await startCollector(400);
    const { tracing } = await startTracing(collector.endpoint);
    tracing.ended(tracedRequest());
    await tracing.close();
    expect(tracing.counts()).toEqual({ exported: 0, dropped: 3 });
  });

  it('changes to a new collector with a new snapshot, stops without one, and keeps counting', async () => {
    const [one, two] = [await startCollector(), await startCollector()];
    const { tracing, spec } = await startTracing(one.endpoint);
    tracing.ended(tracedRequest());
    (await tracing.prepare({ ...spec, endpoint: two.endpoint }, new Set())).commit();
    tracing.ended(tracedRequest());
    (await tracing.prepare(null, new Set())).commit();
    tracing.ended(tracedRequest());
    await vi.waitFor(() => expect(tracing.counts()).toEqual({ exported: 6, dropped: 0 }));
    expect([one.spans().length, two.spans().length]).toEqual([3, 3]);
  });

  it('changes nothing when an exporter cannot be made', async () => {
    const collector = await startCollector();
    const clock = fakeClock();
    const tracing = createTracing({
      timers: fakeTimers(clock),
      random: seededRandom(3),
      reveal: (text) => {
        if (text === MISSING) throw new Error('MISSING is not set');
        return text;
      },
    });
    const spec = { endpoint: collector.endpoint, headers: {}, sample: 1, serviceName: 'edge' };
    (await tracing.prepare(spec, new Set())).commit();
    await expect(tracing.prepare({ ...spec, headers: { a: MISSING } }, new Set())).rejects.toThrow('MISSING');
    tracing.ended(tracedRequest());
    await tracing.close();
    expect(tracing.counts().exported).toBe(3);
  });
});
