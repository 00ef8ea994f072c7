/** WebSockets through a whole gateway: who gets a tunnel, who is refused and how, and what ends a silent one. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { rawClient, rawServer } from '../../support/raw-peer.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Upstream {
  readonly port: number;
  readonly tunnels: WebSocket[];
  /** Heads of plain requests: method and whether they still asked for an upgrade. */
  readonly requests: string[];
}

/** Echoes messages, and answers plain requests with 200. */
async function upstream(): Promise<Upstream> {
  const tunnels: WebSocket[] = [];
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} upgrade=${request.headers.upgrade}`);
    response.end('plain');
  });
  const webSockets = new WebSocketServer({ server, autoPong: false });
  webSockets.on('connection', (socket) => {
    tunnels.push(socket);
    socket.on('error', () => {});
    socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(async () => {
    for (const tunnel of tunnels) tunnel.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on TCP has an address of this kind.
  return { port: (server.address() as AddressInfo).port, tunnels, requests };
}

async function gateway(port: number, websocket = 'true', gatewayKeys = ''): Promise<Gateway> {
  const weir = await startGateway(config(port, websocket, gatewayKeys));
  cleanUps.push(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return weir;
}

const config = (port: number, websocket: string, gatewayKeys = '') => `
gateway: { accessLog: false, ${gatewayKeys} }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: all, match: /*, upstream: app, websocket: ${websocket} }]
`;

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true);
}

async function tunnel(weir: Gateway): Promise<{ ws: WebSocket; closed: { code: number; reason: string }[] }> {
  const ws = new WebSocket(`ws://127.0.0.1:${weir.port}/chat`);
  const closed: { code: number; reason: string }[] = [];
  ws.on('error', () => {});
  ws.on('close', (code, reason) => closed.push({ code, reason: reason.toString() }));
  cleanUps.push(() => ws.terminate());
  await until(() => ws.readyState === WebSocket.OPEN);
  return { ws, closed };
}

const nothingIsHeld = (weir: Gateway) => (): boolean => {
  const { exchanges, targets } = weir.node.status();
  return exchanges === 0 && targets.every((target) => target.inFlight === 0);
};

/** The answer of an upstream that accepts a handshake (RFC 6455 §4.2.2), made by hand. */
const switching = (key: string): string => {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
};

const ask = (method: string, version: string, key: string, more = '') =>
  `${method} /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

describe('a request that asks for a WebSocket', () => {
  it.each([
    ['of another version', ask('GET', '8', KEY), /^HTTP\/1\.1 426 /],
    ['without a usable key', ask('GET', '13', 'short'), /^HTTP\/1\.1 400 /],
    ['with POST', ask('POST', '13', KEY, 'Content-Length: 2\r\n').concat('hi'), /^HTTP\/1\.1 200 [\s\S]*plain$/],
    ['with a body', ask('GET', '13', KEY, 'Content-Length: 2\r\n').concat('hi'), /^HTTP\/1\.1 200 [\s\S]*plain$/],
  ])('%s gets a plain answer and leaves nothing behind', async (_what, bytes, pattern) => {
    const app = await upstream();
    const weir = await gateway(app.port);
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(bytes);
    expect(await client.until(/\r\n\r\n[\s\S]+/)).toMatch(pattern);
    await until(nothingIsHeld(weir));
    expect(app.tunnels).toEqual([]);
    expect(app.requests.every((request) => request.endsWith('upgrade=undefined'))).toBe(true);
  });

  it('for a page of an origin that the route does not name is refused by name, and its upstream hears nothing', async () => {
    const app = await upstream();
    const weir = await gateway(app.port, '{ origins: ["https://app.example.com"] }');
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(ask('GET', '13', KEY, 'Origin: https://evil.example\r\n'));
    const answer = await client.until(/\r\n\r\n[\s\S]+/);
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*origin_denied/);
    expect([app.tunnels, app.requests]).toEqual([[], []]);
    const ws = new WebSocket(`ws://127.0.0.1:${weir.port}/chat`, { origin: 'https://app.example.com' });
    cleanUps.push(() => ws.terminate());
    ws.on('error', () => {});
    await until(() => ws.readyState === WebSocket.OPEN);
    expect(app.tunnels).toHaveLength(1);
  });

  it('of another version is told which one is spoken', async () => {
    const weir = await gateway((await upstream()).port);
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(ask('GET', '8', KEY));
    const answer = (await client.until(/\r\n\r\n[\s\S]+/)).toLowerCase();
    for (const line of ['upgrade: websocket', 'connection: upgrade', 'sec-websocket-version: 13'])
      expect(answer).toContain(`\r\n${line}\r\n`);
  });

  it('on a route that takes none is told what is spoken instead, and the connection goes on', async () => {
    const weir = await gateway((await upstream()).port, 'false');
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(ask('GET', '13', KEY));
    const refusal = await client.until(/\r\n\r\n[\s\S]+\n$/);
    expect(refusal).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
    expect(refusal.toLowerCase()).toContain('\r\nupgrade: http/1.1\r\n');
    expect(refusal.toLowerCase()).toContain('\r\nconnection: upgrade\r\n');
    client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/plain$/);
  });

  it('gets a tunnel that ends with the client, and leaves nothing behind', async () => {
    const app = await upstream();
    const weir = await gateway(app.port);
    const { ws } = await tunnel(weir);
    const heard: string[] = [];
    ws.on('message', (message) => heard.push(String(message)));
    ws.send('hello');
    await until(() => heard.length === 1);
    ws.close(4000, 'bye');
    await until(nothingIsHeld(weir));
    expect(app.requests).toEqual([]);
  });
});

describe('a tunnel with an idle limit', () => {
  it('in which nothing passes is closed on both sides, and counted', async () => {
    const app = await upstream();
    const weir = await gateway(app.port, '{ idle: 300ms }');
    const { closed } = await tunnel(weir);
    const upstreamCodes: number[] = [];
    app.tunnels[0]?.on('close', (code) => upstreamCodes.push(code));
    await until(() => closed.length === 1 && upstreamCodes.length === 1);
    expect([closed, upstreamCodes]).toEqual([[{ code: 1001, reason: 'idle' }], [1001]]);
    await until(nothingIsHeld(weir));
    expect(await weir.metric('weir_timers_fired_total{route="all",timer="idle"}')).toBe(1);
  });

  it('is closed at once for the client when the upstream does not even answer the close', async () => {
    const mute = await rawServer((socket) => {
      socket.once('data', (bytes) => {
        const key = /sec-websocket-key: (\S+)/i.exec(bytes.toString())?.[1] ?? '';
        socket.write(switching(key));
      });
    });
    cleanUps.push(() => mute.close());
    const weir = await gateway(mute.port, '{ idle: 300ms }');
    const { closed } = await tunnel(weir);
    await until(() => closed.length === 1);
    expect(closed).toEqual([{ code: 1001, reason: 'idle' }]);
  });

  it.each([
    ['messages of the client', (ws: WebSocket, _app: WebSocket) => ws.send('x')],
    ['pings of the client', (ws: WebSocket, _app: WebSocket) => ws.ping()],
    ['messages of the upstream', (_ws: WebSocket, app: WebSocket) => app.send('x')],
    ['pings of the upstream', (_ws: WebSocket, app: WebSocket) => app.ping()],
  ])('is kept by %s', async (_what, act) => {
    const app = await upstream();
    const weir = await gateway(app.port, '{ idle: 300ms }');
    const { ws, closed } = await tunnel(weir);
    const [far] = app.tunnels;
    if (far === undefined) throw new Error('the upstream has a tunnel when the client has one');
    const startedMs = performance.now();
    const beat = setInterval(() => act(ws, far), 50);
    cleanUps.push(() => clearInterval(beat));
    await until(() => performance.now() - startedMs > 700 || closed.length > 0);
    expect(closed).toEqual([]);
    clearInterval(beat);
    await until(() => closed.length === 1);
  });
});
