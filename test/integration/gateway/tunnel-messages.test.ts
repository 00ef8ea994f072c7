/** WebSockets through a whole gateway, with the package ws as client and as upstream. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Gateway, startGateway } from '../../support/gateway.js';

const MIB = 1_048_576;
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface World {
  readonly weir: Gateway;
  /** The upstream's end of the next tunnel. */
  nextPeer(): Promise<[peer: WebSocket, request: IncomingMessage]>;
}

async function world(route = 'websocket: true'): Promise<World> {
  const server = createServer((_request, response) => response.end('plain'));
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => (offered.has('v2') ? 'v2' : false) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const weir = await startGateway(`
gateway: { accessLog: false, limits: { message: 16MiB } }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${port}"] }]
consumers: [{ id: me, keys: [{ sha256: ${'a'.repeat(64)} }] }]
routes:
  - { id: socket, match: /socket, upstream: app, ${route} }
  - { id: locked, match: /locked, upstream: app, websocket: true, auth: [apiKey] }
  - { id: plain, match: /plain, upstream: app }
`);
  cleanUps.push(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return {
    weir,
    nextPeer: async () => (await once(sockets, 'connection')) as [WebSocket, IncomingMessage], // As ws documents it.
  };
}

/** Both ends of one tunnel. */
async function tunnel({ weir, nextPeer }: World, path = '/socket', protocols: string[] = []) {
  const coming = nextPeer();
  const client = new WebSocket(`ws://127.0.0.1:${weir.port}${path}`, protocols);
  cleanUps.push(() => client.terminate());
  const [[upstream, request]] = await Promise.all([coming, once(client, 'open')]);
  return { client, upstream, request };
}

async function nextMessage(socket: WebSocket): Promise<[data: Buffer, isBinary: boolean]> {
  return (await once(socket, 'message')) as [Buffer, boolean]; // The default binaryType of ws.
}

async function closeOf(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]; // As ws documents it.
  return [code, reason.toString()];
}

async function refusal(weir: Gateway, path: string): Promise<number> {
  const client = new WebSocket(`ws://127.0.0.1:${weir.port}${path}`);
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]; // As ws documents it.
  client.on('error', () => {});
  client.terminate();
  return response.statusCode ?? 0;
}

describe('messages through a gateway', () => {
  it('pass as text and as binary, both ways, in order', async () => {
    const { client, upstream } = await tunnel(await world());
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const text = nextMessage(to);
      from.send('grüße');
      expect(await text).toEqual([Buffer.from('grüße'), false]);
      const binary = nextMessage(to);
      from.send(Buffer.from([0, 255, 1]));
      expect(await binary).toEqual([Buffer.from([0, 255, 1]), true]);
      const empty = nextMessage(to);
      from.send('');
      expect(await empty).toEqual([Buffer.alloc(0), false]);
      const order: string[] = [];
      to.on('message', (data) => order.push(String(data)));
      for (let i = 0; i < 500; i += 1) from.send(String(i));
      await expect.poll(() => order).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
    }
  });

  it('arrive whole when they were sent in fragments', async () => {
    const { client, upstream } = await tunnel(await world());
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const whole = nextMessage(to);
      from.send('one ', { fin: false });
      from.send('two ', { fin: false });
      from.send('three', { fin: true });
      expect(await whole).toEqual([Buffer.from('one two three'), false]);
    }
  });

  it('may be 10 MiB, and not more than the limit', async () => {
    const { client, upstream } = await tunnel(await world());
    const large = Buffer.alloc(10 * MIB, 'weir');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const whole = nextMessage(to);
      from.send(large);
      expect((await whole)[0].equals(large)).toBe(true);
    }
    // 1009 is for whoever sent it; to the other end its peer has failed.
    const closed = [closeOf(upstream), closeOf(client)];
    upstream.send(Buffer.alloc(17 * MIB));
    expect((await Promise.all(closed)).map(([code]) => code)).toEqual([1009, 1011]);
  });

  it('do not pile up in the gateway when the client reads nothing', async () => {
    const { client, upstream } = await tunnel(await world());
    client.pause();
    const piece = Buffer.alloc(MIB, 1);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    const pieces = 64;
    for (let i = 0; i < pieces; i += 1) upstream.send(piece);
    // What has not been taken waits at the sender; it has come to rest when a while goes by without a change.
    let settled = -1;
    const isAtRest = (): boolean => {
      const last = settled;
      settled = upstream.bufferedAmount;
      return settled === last;
    };
    await expect.poll(isAtRest, { interval: 300 }).toBe(true);
    expect(settled).toBeGreaterThan((pieces / 2) * MIB);
    const after = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    expect(after - before).toBeLessThan(40 * MIB);
    let received = 0;
    client.on('message', (data: Buffer) => {
      received += data.length;
    });
    client.resume();
    await expect.poll(() => received, { timeout: 15_000 }).toBe(pieces * MIB);
  });
});

describe('control frames through a gateway', () => {
  it('pass as pings, and are answered', async () => {
    const { client, upstream } = await tunnel(await world());
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const pinged = once(to, 'ping');
      const answered = once(from, 'pong');
      from.ping('are you there');
      expect(String((await pinged)[0])).toBe('are you there');
      expect(String((await answered)[0])).toBe('are you there');
    }
  });

  it('carry close codes both ways', async () => {
    const each = await world();
    for (const [code, reason] of [
      [1000, ''],
      [1001, 'going'],
      [1011, 'broken'],
      [4000, 'our own'],
      [4999, 'the last'],
    ] as const) {
      const first = await tunnel(each);
      const atUpstream = closeOf(first.upstream);
      first.client.close(code, reason);
      expect(await atUpstream).toEqual([code, reason]);
      const second = await tunnel(each);
      const atClient = closeOf(second.client);
      second.upstream.close(code, reason);
      expect(await atClient).toEqual([code, reason]);
    }
  });

  it('lose the codes that the server library takes for a fault of the client', async () => {
    const each = await world();
    // RFC 6455 §7.4.2 gives 3000-3999 to libraries and frameworks; this build accepts nothing between 1011 and 4000.
    const { client, upstream } = await tunnel(each);
    const atUpstream = closeOf(upstream);
    client.close(3000, 'registered');
    expect(await atUpstream).toEqual([1001, 'the client is gone']);
    const other = await tunnel(each);
    const atClient = closeOf(other.client);
    other.upstream.close(3000, 'registered');
    expect(await atClient).toEqual([3000, 'registered']);
  });

  it('tell the client that its upstream died, and the upstream that its client left', async () => {
    const each = await world();
    const first = await tunnel(each);
    const atClient = closeOf(first.client);
    first.upstream.terminate();
    expect((await atClient)[0]).toBe(1011);
    const second = await tunnel(each);
    const atUpstream = closeOf(second.upstream);
    second.client.terminate();
    expect((await atUpstream)[0]).toBe(1001);
    await expect.poll(() => each.weir.node.status().exchanges).toBe(0);
  });

  it('end a tunnel in which nothing passes', async () => {
    const { client, upstream } = await tunnel(await world('websocket: { idle: 300ms }'));
    const ends = [closeOf(client), closeOf(upstream)];
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([1001, 1001]);
  });

  it('end tunnels when the gateway drains', async () => {
    const each = await world();
    const { client } = await tunnel(each);
    const closed = closeOf(client);
    await each.weir.node.drain();
    expect((await closed)[0]).toBe(1001);
  });
});

describe('the opening handshake through a gateway', () => {
  it('agrees on the subprotocol that the upstream chose, and says who the client is', async () => {
    const { client, request } = await tunnel(await world(), '/socket?room=1', ['v1', 'v2']);
    expect(client.protocol).toBe('v2');
    expect(request.url).toBe('/socket?room=1');
    expect(request.headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(request.headers['traceparent']).toMatch(/^00-/);
  });

  it('is refused where the route does not exist, asks for a key, or allows none', async () => {
    const { weir } = await world();
    expect(await refusal(weir, '/nowhere')).toBe(404);
    expect(await refusal(weir, '/locked')).toBe(401);
    expect(await refusal(weir, '/plain')).toBe(426);
  });

  it('leaves plain requests to the same path alone', async () => {
    const { weir } = await world();
    expect(await (await fetch(`${weir.url}/socket`)).text()).toBe('plain');
  });
});
