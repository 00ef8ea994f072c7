/** Clients and upstreams that would make the gateway hold what nobody reads: control frames have bounds of their own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { rawClient } from '../../support/raw-peer.js';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const MIB = 1_048_576;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const handshake = (more = ''): string =>
  `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: ${KEY}\r\n${more}\r\n`;
/** 500 masked pings of 125 bytes; the mask is zero. */
const PINGS = Buffer.concat(
  Array.from({ length: 500 }, () => Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125, 'x')])),
);

/** The upstream answers no ping: the `ws` library cuts whoever pings faster than it likes. */
async function gateway(): Promise<{ weir: Gateway; tunnels: WebSocket[] }> {
  const tunnels: WebSocket[] = [];
  const server = createServer((_request, response) => response.end('plain'));
  new WebSocketServer({ server, autoPong: false }).on('connection', (socket) => {
    socket.on('error', () => {});
    tunnels.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    for (const tunnel of tunnels) tunnel.terminate();
    server.close();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const weir = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
routes: [{ id: all, match: /*, upstream: app, websocket: true }]
`);
  cleanUps.push(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return { weir, tunnels };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 8_000, interval: 5 }).toBe(true);
}

describe('a WebSocket client', () => {
  it('that pings and never reads is cut before its pongs fill the memory', async () => {
    const { weir } = await gateway();
    const { socket, until: untilText } = await rawClient(weir.port);
    cleanUps.push(() => void socket.destroy());
    socket.write(handshake());
    await untilText(/\r\n\r\n/);
    socket.pause();
    let sentBytes = 0;
    while (sentBytes < 32 * MIB && weir.node.status().exchanges === 1) {
      sentBytes += PINGS.byteLength;
      await new Promise<void>((resolve) => socket.write(PINGS, () => resolve()));
    }
    await until(() => weir.node.status().exchanges === 0);
  });

  it('that reads its pongs may ping as much as it likes', async () => {
    const { weir } = await gateway();
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(handshake());
    await client.until(/\r\n\r\n/);
    for (let i = 0; i < 40; i += 1) await new Promise<void>((resolve) => client.socket.write(PINGS, () => resolve()));
    await until(() => client.text().length >= 40 * 500 * 127);
    expect(weir.node.status().exchanges).toBe(1);
  });

  it('that sends a body with its handshake leaves nothing behind', async () => {
    const { weir, tunnels } = await gateway();
    for (const field of ['Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const { socket } = await rawClient(weir.port);
      socket.write(handshake(field));
      await until(() => weir.node.status().exchanges === 1);
      socket.destroy();
      await until(() => weir.node.status().exchanges === 0);
    }
    expect(tunnels).toEqual([]);
  });

  it('counts as a connection until it is gone', async () => {
    const { weir } = await gateway();
    for (let i = 0; i < 3; i += 1) {
      const ws = new WebSocket(`ws://127.0.0.1:${weir.port}/`);
      cleanUps.push(() => ws.terminate());
      await until(() => ws.readyState === WebSocket.OPEN);
      expect(weir.node.status().connections).toBe(1);
      if (i === 1) ws.terminate();
      else ws.close();
      await until(() => weir.node.status().connections === 0);
    }
  });
});

describe('an upstream that pings a client that does not read', () => {
  it('is not kept waiting in memory, and the tunnel lives', async () => {
    const { weir, tunnels } = await gateway();
    const client = await rawClient(weir.port);
    cleanUps.push(() => void client.socket.destroy());
    client.socket.write(handshake());
    await client.until(/\r\n\r\n/);
    client.socket.pause();
    const [tunnel] = tunnels;
    if (tunnel === undefined) throw new Error('the upstream has a tunnel when the client has one');
    const payload = Buffer.alloc(125, 'p');
    for (let sentBytes = 0; sentBytes < 40 * MIB; sentBytes += 500 * 127) {
      await new Promise<void>((resolve) => {
        for (let i = 1; i < 500; i += 1) tunnel.ping(payload);
        tunnel.ping(payload, false, () => resolve());
      });
    }
    const marked = new Promise<void>((resolve) => tunnel.send('over', () => resolve()));
    await marked;
    client.socket.resume();
    const text = await client.until(/over$/);
    // The kernel's buffers take a few MiB; what the gateway adds is bounded.
    expect(text.length).toBeLessThan(20 * MIB);
    expect(weir.node.status().exchanges).toBe(1);
  });
});
