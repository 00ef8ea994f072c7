// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references to secrets, not templates
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { failure, timerFired } from '@weir/proto/http/failures.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAttempt } from '../pipeline/exchange.js';
import { fakeClock, fakeTimers, makeExchange, makeRequest, seededRandom } from '../pipeline/testing/harness.js';
import { makeGateway, makeRoute, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { atOnce } from '../time/slices.js';
import { createNodeObserver } from './node-observer.js';
import { cacheCounts } from './testing/cache-counts.js';
import { jobCounts } from './testing/job-counts.js';
import { nodeStatus } from './testing/node-status.js';
import { textOf } from './testing/text-of.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-observer-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function setUp(reveal = (secret: string) => secret) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const observer = createNodeObserver({
    clock,
    timers,
    random: seededRandom(1),
    reveal,
    status: () => nodeStatus({ armedTimers: timers.armed }),
    healthChanges: () => [],
    sight: () => null,
    purges: () => null,
    gates: () => [],
    gate: () => undefined,
    jobs: () => jobCounts(),
    cache: () => cacheCounts(),
    bodies: () => ({ bytes: 21, refusals: 22 }),
    heldAnswers: () => ({ bytes: 23, refusals: 24 }),
    keptForms: () => ({ bytes: 25, count: 26, evictions: 27 }),
    bus: () => null,
    loadPermille: () => 0,
    certificates: () => [],
  });
  return { clock, timers, observer };
}

function snapshot(version: number, routeIds: readonly string[], destination = join(folder, 'access.log')): Snapshot {
  const gateway = makeGateway();
  return {
    format: 7,
    ai: null,
    version,
    createdWallMs: 0,
    gateway: { ...gateway, accessLog: { ...gateway.accessLog, enabled: true, destinations: [destination] } },
    upstreams: [makeUpstream([makeTarget({ id: 'a:1' })], { id: 'up' }).spec],
    routes: routeIds.map((id) => makeRoute({ id })),
    consumers: [],
    contracts: [],
  };
}

function endedRequest(routeId: string) {
  const exchange = makeExchange();
  Object.assign(exchange, { routeId, upstreamId: 'up', status: 200, endedAtMs: 1_002 });
  const attempt = { ...createAttempt('a:1', 1_000), upstreamId: 'up', status: 200, endedAtMs: 1_002 };
  exchange.attempts.push(attempt);
  return makeRequest({ exchange });
}

describe('the observer of a node', () => {
  it('counts each attempt at the upstream that it was made at, whoever answered in the end', async () => {
    const { observer } = setUp();
    const prepared = snapshot(3, ['orders']);
    const other = makeUpstream([makeTarget({ id: 'a:1' })], { id: 'other' }).spec;
    (await observer.prepare({ ...prepared, upstreams: [...prepared.upstreams, other] })).commit();
    const request = endedRequest('orders');
    const failed = { ...createAttempt('a:1', 1_000), upstreamId: 'other', endedAtMs: 1_001 };
    request.exchange.attempts.unshift({ ...failed, failure: failure('connection_refused', '') });
    observer.route('orders').ended(request);
    const text = await textOf(observer.metrics.render());
    expect(text).toContain('weir_attempts_total{upstream="other",target="a:1",outcome="connection_refused"} 1\n');
    expect(text).toContain('weir_attempts_total{upstream="up",target="a:1",outcome="2xx"} 1\n');
  });

  it('counts and logs each exchange of a route, and its attempts', async () => {
    const { observer } = setUp();
    (await observer.prepare(snapshot(3, ['orders']))).commit();
    const route = observer.route('orders');
    expect(observer.route('orders')).toBe(route);
    route.started();
    route.started();
    route.ended(endedRequest('orders'));
    observer.timerFired('queue', 'orders');
    const text = await textOf(observer.metrics.render());
    for (const line of [
      'weir_requests_total{route="orders",code="200"} 1',
      'weir_requests_in_flight{route="orders"} 1',
      'weir_attempts_total{upstream="up",target="a:1",outcome="2xx"} 1',
      'weir_timers_fired_total{route="orders",timer="queue"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    await observer.close();
    expect(JSON.parse(readFileSync(join(folder, 'access.log'), 'utf8'))).toMatchObject({
      route: 'orders',
      attempts: 1,
    });
  });

  it('sends its log to a collector, with fields whose secrets are filled in', async () => {
    const came: { text: string; token: string | undefined }[] = [];
    const server = createServer(async (request, response) => {
      const token = request.headers['x-token'];
      came.push({ text: await text(request), token: Array.isArray(token) ? token[0] : token });
      response.writeHead(204).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo; // It listens on a port.
    const { observer } = setUp((secret) => secret.replace('${TOKEN}', 't'));
    const made = snapshot(3, ['orders'], `http://127.0.0.1:${port}/logs`);
    const accessLog = { ...made.gateway.accessLog, headers: { 'x-token': '${TOKEN}' } };
    (await observer.prepare({ ...made, gateway: { ...made.gateway, accessLog } })).commit();
    observer.route('orders').ended(endedRequest('orders'));
    await observer.close();
    server.close();
    expect(came.map(({ text: line, token }) => [JSON.parse(line).route, token])).toEqual([['orders', 't']]);
  });

  it('forgets the routes of an older snapshot, whose last exchanges still end without bringing them back', async () => {
    const { observer } = setUp();
    (await observer.prepare(snapshot(1, ['former']))).commit();
    const old = observer.route('former');
    observer.route('');
    old.started();
    (await observer.prepare(snapshot(2, ['new']))).commit();
    observer.route('new');
    atOnce(observer.followingRoutes(snapshot(2, ['new'])));
    old.ended(endedRequest('former'));
    observer.timerFired('total', 'former');
    const text = await textOf(observer.metrics.render());
    expect(text).not.toContain('"former"');
    expect(text).toContain('weir_requests_in_flight{route="new"} 0');
    expect(text).toContain('weir_requests_in_flight{route="(none)"} 0');
    await observer.close();
    expect(readFileSync(join(folder, 'access.log'), 'utf8')).toContain('"former"');
  });

  it('stays as it was when a snapshot names a log that cannot be opened', async () => {
    const { observer } = setUp();
    (await observer.prepare(snapshot(1, ['orders']))).commit();
    await expect(observer.prepare(snapshot(2, ['orders'], join(folder, 'none', 'x.log')))).rejects.toThrow('ENOENT');
    observer.route('orders').ended(endedRequest('orders'));
    await observer.close();
    expect(readFileSync(join(folder, 'access.log'), 'utf8')).toContain('"orders"');
  });

  it('counts and logs a request that never became an exchange, before any snapshot as well', async () => {
    const { observer } = setUp();
    const refused = {
      status: 408,
      failure: timerFired('clientHeaders', 50),
      requestId: 'r-9',
      method: '',
      path: '/x?token=a',
      peerAddress: '192.0.2.9',
    };
    observer.refused(refused);
    (await observer.prepare(snapshot(1, ['orders']))).commit();
    observer.refused(refused);
    const text = await textOf(observer.metrics.render());
    expect(text).toContain('weir_requests_total{route="(none)",code="408"} 2\n');
    expect(text).toContain('weir_failures_total{route="(none)",code="client_headers_timeout"} 2\n');
    await observer.close();
    expect(JSON.parse(readFileSync(join(folder, 'access.log'), 'utf8'))).toEqual({
      time: '2026-01-01T00:00:00.000Z',
      level: 'warn',
      kind: 'refused',
      id: 'r-9',
      path: '/x',
      query: 'token=[redacted]',
      client: '192.0.2.9',
      failure: 'client_headers_timeout',
      timer: 'clientHeaders',
      detail: refused.failure.detail,
      status: 408,
    });
  });

  it('leaves no timer armed when it is closed', async () => {
    const { observer, timers } = setUp();
    (await observer.prepare(snapshot(1, ['orders']))).commit();
    observer.route('orders').ended(endedRequest('orders'));
    await observer.close();
    expect(timers.armed).toBe(0);
  });
});
