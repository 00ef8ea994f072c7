/** Acceptance of the timers: for each, a real peer that provokes exactly it, and an answer that names exactly it. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { blackHole } from '../../support/black-hole.js';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { type RawServer, rawClient, rawServer } from '../../support/raw-peer.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function upstream(onSocket: Parameters<typeof rawServer>[0]): Promise<RawServer> {
  const server = await rawServer(onSocket);
  cleanUps.push(() => server.close());
  return server;
}

/** All limits are long but those that are given, so that nothing but these can fire. */
const long = {
  ...{ total: '20s', queue: '19s', connect: '19s', tls: '19s', send: '19s', firstByte: '19s', idle: '19s' },
  ...{ clientBody: '19s', clientHeaders: '9s', clientIdle: '30s' },
};

interface Setting {
  readonly timeouts: Readonly<Record<string, string>>;
  readonly upstream?: string;
  readonly scheme?: string;
}

async function gateway(port: number, { timeouts, upstream = '', scheme = 'http' }: Setting): Promise<Gateway> {
  const started = await startGateway(`
gateway: { accessLog: false, timeouts: ${JSON.stringify({ ...long, ...timeouts })} }
upstreams: [{ id: app, targets: ["${scheme}://127.0.0.1:${port}"], ${upstream} }]
routes: [{ id: all, match: /*, upstream: app, retry: false }]
`);
  cleanUps.push(async () => {
    await started.close();
    expect(started.bugs).toEqual([]);
  });
  return started;
}

interface Problem {
  readonly code: string;
  readonly timer: string;
  readonly limitMs: number;
  readonly attempts: readonly { readonly phases: Record<string, number>; readonly failure: string | null }[];
}

async function expectTimer(weir: Gateway, timer: string, status: number, phase: string | null, init: RequestInit = {}) {
  const response = await fetch(`${weir.url}/x`, init);
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ timer, limitMs: 200 });
  expect(response.status).toBe(status);
  expect(response.headers.get('proxy-status')).toMatch(/^weir; error=[a-z_]+/);
  expect(response.headers.get('x-request-id')).not.toBeNull();
  if (phase !== null) {
    const last = problem.attempts.at(-1);
    expect(Object.keys(last?.phases ?? {}).at(-1)).toBe(phase);
    expect(last?.phases[phase]).toBeGreaterThanOrEqual(150);
  }
  expect(await weir.metric(`weir_timers_fired_total{route="all",timer="${timer}"}`)).toBe(1);
  return problem;
}

const silent = () => {};
const answer = (length: number, body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe('each timer is provoked by its own peer and named in the answer', () => {
  it('total: an upstream that trickles its answer for ever is ended by the deadline of the whole', async () => {
    const server = await upstream(silent);
    await expectTimer(await gateway(server.port, { timeouts: { total: '200ms' } }), 'total', 504, 'firstByte');
  });

  it('total: a client may shorten it', async () => {
    const server = await upstream(silent);
    const weir = await gateway(server.port, { timeouts: { total: '10s' } });
    await expectTimer(weir, 'total', 504, 'firstByte', { headers: { 'x-request-timeout-ms': '200' } });
  });

  it('firstByte: an upstream that reads and says nothing', async () => {
    const server = await upstream((socket) => socket.resume());
    const weir = await gateway(server.port, { timeouts: { firstByte: '200ms' } });
    const problem = await expectTimer(weir, 'firstByte', 504, 'firstByte');
    expect(problem.code).toBe('first_byte_timeout');
  });

  it('attempt: the whole of one attempt', async () => {
    const server = await upstream((socket) => socket.resume());
    await expectTimer(await gateway(server.port, { timeouts: { attempt: '200ms' } }), 'attempt', 504, 'firstByte');
  });

  it('queue: no place at the upstream', async () => {
    const server = await upstream((socket) => socket.resume());
    const weir = await gateway(server.port, {
      timeouts: { queue: '200ms' },
      upstream: 'pool: { connections: 1, queue: 4 }',
    });
    const first = new AbortController();
    const held = fetch(`${weir.url}/first`, { signal: first.signal }).catch(() => {});
    await expect.poll(() => weir.node.status().exchanges).toBe(1);
    const response = await fetch(`${weir.url}/second`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ timer: 'queue', code: 'queue_timeout' });
    first.abort();
    await held;
  });

  it('connect: packets that nobody answers', async () => {
    const { port, close } = await blackHole();
    cleanUps.push(close);
    await expectTimer(await gateway(port, { timeouts: { connect: '200ms' } }), 'connect', 504, 'connect');
  });

  it('tls: a server that accepts and does not shake hands', async () => {
    const server = await upstream((socket) => socket.resume());
    const weir = await gateway(server.port, { timeouts: { tls: '200ms' }, scheme: 'https' });
    await expectTimer(weir, 'tls', 504, 'tls');
  });

  it('send: an upstream that stops reading the request', async () => {
    const server = await upstream((socket) => socket.pause());
    const weir = await gateway(server.port, { timeouts: { send: '200ms' } });
    const body = new Uint8Array(32 * 1024 * 1024);
    await expectTimer(weir, 'send', 504, 'send', { method: 'POST', body });
  });

  it('idle: an upstream that stops in mid-body gives the client a broken message, and the log its name', async () => {
    const server = await upstream((socket) => socket.on('data', () => socket.write(answer(1_000, 'only this'))));
    const weir = await gateway(server.port, { timeouts: { idle: '200ms' } });
    const client = await rawClient(weir.port);
    client.socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
    const received = await client.closed();
    expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(received.endsWith('only this')).toBe(true);
    expect(await weir.metric('weir_timers_fired_total{route="all",timer="idle"}')).toBe(1);
    expect(await weir.metric('weir_failures_total{route="all",code="idle_timeout"}')).toBe(1);
  });

  it('clientHeaders: a client that never finishes its head', async () => {
    const server = await upstream(silent);
    const weir = await gateway(server.port, { timeouts: { clientHeaders: '200ms' } });
    const client = await rawClient(weir.port);
    client.socket.write('GET /x HTTP/1.1\r\nHost: x\r\n');
    const received = await client.closed();
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect(received).toContain('"timer":"clientHeaders"');
    expect(await weir.metric('weir_timers_fired_total{route="(none)",timer="clientHeaders"}')).toBe(1);
  });

  it('clientBody: a client that stops in its body', async () => {
    const server = await upstream((socket) => socket.resume());
    const weir = await gateway(server.port, { timeouts: { clientBody: '200ms' } });
    const client = await rawClient(weir.port);
    client.socket.write('POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbegin');
    const received = await client.closed();
    expect(received).toMatch(/^HTTP\/1\.1 408 /);
    expect(received).toContain('"timer":"clientBody"');
    expect(await weir.metric('weir_timers_fired_total{route="all",timer="clientBody"}')).toBe(1);
  });

  it('clientIdle: a client that stops reading', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const server = await upstream((socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * chunk.length}\r\n\r\n`);
        for (let i = 0; i < 64; i += 1) socket.write(chunk);
      });
    });
    const weir = await gateway(server.port, { timeouts: { clientIdle: '200ms' } });
    const socket = connect(weir.port, '127.0.0.1');
    cleanUps.push(() => void socket.destroy());
    socket.on('error', () => {});
    socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await expect
      .poll(() => weir.metric('weir_timers_fired_total{route="all",timer="clientIdle"}'), { timeout: 15_000 })
      .toBe(1);
    expect(await weir.metric('weir_failures_total{route="all",code="client_idle_timeout"}')).toBe(1);
  });

  it('drain: what is still open when a stop has lasted too long is cut', async () => {
    const server = await upstream((socket) => socket.resume());
    const weir = await gateway(server.port, { timeouts: { drain: '200ms' } });
    const client = await rawClient(weir.port);
    client.socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => weir.node.status().exchanges).toBe(1);
    expect(await weir.node.drain()).toEqual({ cut: 1 });
    await client.closed();
  });
});
