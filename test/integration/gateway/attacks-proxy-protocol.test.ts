/** Clients behind a balancer that speaks the PROXY protocol, who try to choose the address they are seen with. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { type RawClient, rawClient } from '../../support/raw-peer.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A header of version 2 (PROXY protocol specification §2.2) for TCP over IPv4. */
const header = (source: string): string =>
  Buffer.from([
    ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0x00, 0x0c],
    ...source.split('.').map(Number),
    ...[127, 0, 0, 1, 0x0f, 0xa0, 0x00, 0x50],
  ]).toString('latin1');
const HONEST = header('203.0.113.7');
const FORGED = header('10.9.9.9');
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, fields: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;

async function gateway(): Promise<{ weir: Gateway; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    seen.push(`${request.headers['x-forwarded-for']} ${Buffer.concat(body)}`);
    response.end('plain');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const weir = await startGateway(`
gateway: { accessLog: false, proxyProtocol: true, trustedProxies: 127.0.0.1 }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes:
  - { id: all, match: /*, upstream: app }
  - { id: open, match: /static, respond: { status: 200, body: static } }
  - { id: inner, match: /inner, respond: { status: 200, body: secret }, addresses: { allow: 10.0.0.0/8 } }
`);
  cleanUps.push(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return { weir, seen };
}

async function open(weir: Gateway): Promise<RawClient> {
  const client = await rawClient(weir.port);
  cleanUps.push(() => void client.socket.destroy());
  return client;
}

describe('behind a balancer that speaks the PROXY protocol', () => {
  it('the first request of a connection has the address that the balancer gave, and its answer ends the connection', async () => {
    const { weir, seen } = await gateway();
    for (const request of [
      get('/x'),
      post('/x', 'Content-Length: 2\r\n', 'hi'),
      post('/x', 'Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'),
    ]) {
      const client = await open(weir);
      client.socket.write(HONEST + request, 'latin1');
      expect((await client.closed()).toLowerCase()).toMatch(/^http\/1\.1 200 [\s\S]*\r\nconnection: close\r\n/);
    }
    expect(seen).toEqual(['203.0.113.7 ', '203.0.113.7 hi', '203.0.113.7 hi']);
  });

  it('a body of known length may come behind its head', async () => {
    const { weir, seen } = await gateway();
    const client = await open(weir);
    client.socket.write(HONEST + post('/x', 'Content-Length: 4\r\nExpect: 100-continue\r\n', ''), 'latin1');
    await client.until(/100 Continue/);
    client.socket.write('hi');
    client.socket.write('ho');
    await client.closed();
    expect(seen).toEqual(['203.0.113.7 hiho']);
  });

  it.each([
    ['in the packet of an answered first', '/static', get('/inner')],
    ['in the packet of a first that waits', '/x', get('/inner')],
    ['with a body', '/static', post('/inner', 'Content-Length: 2\r\n', 'hi')],
    ['to the upstream', '/static', get('/x')],
  ])('a second request with a header of its own is never served: %s', async (_what, first, second) => {
    const { weir, seen } = await gateway();
    const client = await open(weir);
    client.socket.write(HONEST + get(first) + FORGED + second, 'latin1');
    const text = await client.closed();
    expect(text).not.toContain('secret');
    expect(seen.filter((each) => each.includes('10.9.9.9'))).toEqual([]);
  });

  it('nor is one that proves itself by the late body of another connection', async () => {
    const { weir, seen } = await gateway();
    const [late, liar] = [await open(weir), await open(weir)];
    late.socket.write(`${HONEST}${post('/x', 'Transfer-Encoding: chunked\r\n', '')}`, 'latin1');
    liar.socket.write(HONEST + get('/static') + FORGED + get('/inner'), 'latin1');
    late.socket.write('2\r\nhi\r\n0\r\n\r\n');
    expect(await liar.closed()).not.toContain('secret');
    await late.closed();
    expect(seen.filter((each) => each.includes('10.9.9.9'))).toEqual([]);
  });
});
