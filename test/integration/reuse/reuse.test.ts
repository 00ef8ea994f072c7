/** Hits that are given without their chain, over real sockets: what clients see is what they would see with it. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';

let origin: Server;
let gateway: Gateway;
let asked = 0;

const configFor = (port: number, route = ''): string => `gateway: { accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: all, match: /*, upstream: app, cache: true${route} }]
`;

const port = (): number => (origin.address() as AddressInfo).port; // It listens on TCP.

beforeEach(async () => {
  asked = 0;
  origin = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(200, { 'cache-control': 'max-age=3600', etag: `"${asked}"`, 'content-type': 'text/plain' });
    response.end(`answer ${asked}`);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  gateway = await startGateway(configFor(port()));
});

afterEach(async () => {
  expect(gateway.bugs).toEqual([]);
  await gateway.close();
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** By http.request, since fetch adds a Cache-Control of its own to what has a condition. */
const get = (path: string, { body = '', ...options }: Asked = {}): Promise<{ answer: IncomingMessage; body: string }> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(`${gateway.url}${path}`, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ answer, body: text })).on('error', reject);
    });
    request.on('error', reject).end(body);
  });

const reused = (): Promise<number> => gateway.metric('weir_cache_reused_total{route="all"}');

/** Asks until one of them was given without its chain. */
async function untilReused(path: string): Promise<void> {
  const before = await reused();
  for (let i = 0; i < 100; i += 1) {
    await get(path);
    if ((await reused()) > before) return;
  }
  throw new Error(`of 100 answers to ${path} none was reused`);
}

it('gives the same answer each time, under an id of its own, and counts each', async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 200; i += 1) {
    const { answer, body } = await get('/a?b=1');
    expect([answer.statusCode, body, answer.headers.etag]).toEqual([200, 'answer 1', '"1"']);
    expect(Number(answer.headers.age ?? 0)).toBeLessThan(60);
    if (i > 0) expect(answer.headers['cache-status']).toMatch(/^weir; hit; ttl=3[56]\d\d$/);
    seen.add(String(answer.headers['x-request-id']));
  }
  expect(seen.size).toBe(200);
  expect(asked).toBe(1);
  expect(await reused()).toBeGreaterThan(0);
  expect(await gateway.metric('weir_cache_requests_total{route="all",result="hit"}')).toBe(199);
  expect(await gateway.metric('weir_requests_total{route="all",code="200"}')).toBe(200);
});

it('takes no other path, query or host for the same', async () => {
  await untilReused('/a');
  expect((await get('/a?')).body).toBe('answer 1');
  expect((await get('/b')).body).toBe('answer 2');
  expect((await get('/a?x')).body).toBe('answer 3');
});

it('leaves a request that has a wish of its own to the cache', async () => {
  await untilReused('/a');
  expect((await get('/a', { headers: { 'if-none-match': '"1"' } })).answer.statusCode).toBe(304);
  const part = await get('/a', { headers: { range: 'bytes=0-2' } });
  expect([part.answer.statusCode, part.body]).toEqual([206, 'ans']);
  expect((await get('/a', { method: 'HEAD' })).body).toBe('');
  expect((await get('/a', { headers: { 'cache-control': 'no-cache' } })).body).toBe('answer 2');
});

it('gives none that a trusted proxy has made another by what it says of the place', async () => {
  await gateway.reload(configFor(port()).replace('accessLog: false', 'accessLog: false, trustedProxies: 127.0.0.1'));
  await untilReused('/a');
  const evil = { headers: { 'x-forwarded-host': 'evil.example' } };
  expect([(await get('/a', evil)).body, (await get('/a')).body]).toEqual(['answer 2', 'answer 1']);
  for (let i = 0; i < 20; i += 1) expect((await get('/a', evil)).body).toBe('answer 2');
  await untilReused('/a');
  expect([(await get('/a', evil)).body, (await get('/a')).body, asked]).toEqual(['answer 2', 'answer 1', 2]);
});

it('gives none that a client has changed since', async () => {
  for (let round = 0; round < 20; round += 1) {
    await untilReused('/a');
    await get('/a', { method: 'PUT', body: 'new' });
    expect((await get('/a')).body).toBe(`answer ${asked}`);
  }
});

it('gives none of a configuration that is no longer in force', async () => {
  await untilReused('/a');
  await gateway.reload(configFor(port(), ', headers: { response: { set: { x-new: "1" } } }'));
  expect((await get('/a')).answer.headers['x-new']).toBe('1');
});
