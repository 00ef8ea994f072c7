/** The autobahn-like basics (RFC 6455) of any listener: a real client on one side, a played upstream end on the other. */
import { type FakePeer, fakePeer } from '@weir/node/pipeline/testing/fake-peer.js';
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ListenerFactory, openWorld, respond, type World } from './world.js';

const MIB = 1_048_576;

interface Client {
  readonly ws: WebSocket;
  readonly messages: { readonly data: Buffer; readonly isBinary: boolean }[];
  readonly pings: string[];
  readonly pongs: string[];
  closed: { readonly code: number; readonly reason: string } | null;
}

export function describeWebSocket(name: string, factory: ListenerFactory): void {
  let world: World | null = null;
  const sockets: WebSocket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
    world?.close();
    world = null;
  });

  /** A listener whose every upgrade is accepted by a played upstream end. */
  async function open(messageBytes = MIB, headers: readonly string[] = []) {
    const { limits } = makeGateway();
    const peers: FakePeer[] = [];
    const w = await openWorld(factory, { limits: { ...limits, messageBytes } }, (seen) => {
      const peer = fakePeer();
      peers.push(peer);
      seen.handler.onUpgrade?.(headers, peer);
    });
    world = w;
    return { w, peers };
  }

  async function connect(w: World, protocols: string[] = []): Promise<Client> {
    const ws = new WebSocket(`ws://127.0.0.1:${w.address.port}/chat?x=1`, protocols, { perMessageDeflate: true });
    sockets.push(ws);
    const client: Client = { ws, messages: [], pings: [], pongs: [], closed: null };
    ws.on('message', (data, isBinary) => client.messages.push({ data: Buffer.from(data as Buffer), isBinary })); // binaryType is nodebuffer.
    ws.on('ping', (payload) => client.pings.push(payload.toString()));
    ws.on('pong', (payload) => client.pongs.push(payload.toString()));
    ws.on('close', (code, reason) => {
      client.closed = { code, reason: reason.toString() };
    });
    ws.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve);
      ws.once('error', reject);
    });
    return client;
  }

  async function joined(messageBytes?: number) {
    const { w, peers } = await open(messageBytes);
    const client = await connect(w);
    const [peer] = peers;
    if (peer === undefined) throw new Error('no upgrade was seen');
    return { w, client, peer };
  }

  describe(`${name}: WebSocket`, () => {
    test('an upgrade is a request like any other, and gets the subprotocol and fields that the upstream chose', async () => {
      const { w } = await open(MIB, [
        'sec-websocket-protocol',
        'v2',
        'sec-websocket-accept',
        'x',
        'set-cookie',
        'a=1',
        'upgrade',
        'websocket',
      ]);
      let fields: Record<string, unknown> = {};
      const ws = new WebSocket(`ws://127.0.0.1:${w.address.port}/chat?x=1`, ['v1', 'v2']);
      sockets.push(ws);
      ws.on('upgrade', (answer) => {
        fields = answer.headers;
      });
      await new Promise((resolve) => ws.once('open', resolve));
      expect(ws.protocol).toBe('v2');
      expect(ws.extensions).toBe('');
      expect(fields['set-cookie']).toEqual(['a=1']);
      const { request } = await w.request(1);
      expect(request).toMatchObject({ method: 'GET', path: '/chat', query: 'x=1', body: null });
      expect(request.headers).toContain('sec-websocket-key');
      expect([w.listener.exchanges, w.listener.tunnels, w.listener.connections]).toEqual([1, 1, 1]);
      ws.close();
      await w.until(() => w.listener.tunnels === 0 && w.listener.connections === 0, 'end');
    });

    test('an upgrade that is answered normally gets that answer, and one without a handshake is a plain request', async () => {
      const w = await openWorld(factory, {}, (seen) =>
        respond(seen, 401, 'no', ['x-plain', String(seen.handler.onUpgrade === undefined)]),
      );
      world = w;
      const handshake = (fields: string) =>
        `GET / HTTP/1.1\r\nHost: a\r\n${fields}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
      const client = await w.connect();
      client.send(handshake('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'));
      const refused = await client.answer();
      expect([refused.status, refused.body.toString(), refused.header('x-plain')]).toEqual([401, 'no', 'false']);
      client.send(handshake(''));
      expect((await client.answer()).header('x-plain')).toBe('true');
      client.send(handshake('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n'));
      expect((await client.answer()).header('x-plain')).toBe('true');
      client.send(handshake('Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'));
      expect((await client.answer()).header('x-plain')).toBe('true');
    });

    test('an upgrade that comes later than its turn, and one whose client has left', async () => {
      const w = await openWorld(factory);
      world = w;
      const connecting = connect(w);
      const seen = await w.request(1);
      const peer = fakePeer();
      // The listener looks after its turn in an immediate of its own; this one comes behind it.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      seen.handler.onUpgrade?.([], peer);
      const client = await connecting;
      client.ws.send('hello');
      await w.until(() => peer.log.length > 0, 'message');
      const leaving = new WebSocket(`ws://127.0.0.1:${w.address.port}/`);
      leaving.on('error', () => {});
      const left = await w.request(2);
      leaving.terminate();
      await w.until(() => left.cancelled, 'cancel');
      const unwanted = fakePeer();
      left.handler.onUpgrade?.([], unwanted);
      expect(unwanted.log).toEqual(['terminate']);
      expect(w.listener.exchanges).toBe(1);
    });

    test('text, binary, empty and fragmented messages pass both ways as whole messages', async () => {
      const { w, client, peer } = await joined();
      client.ws.send('grüße');
      client.ws.send(Buffer.from([0, 255]));
      client.ws.send('');
      client.ws.send('frag', { fin: false });
      client.ws.send('ment', { fin: false });
      client.ws.send('s', { fin: true });
      await w.until(() => peer.received.length === 4, 'four messages');
      expect(peer.received.map(({ message, isBinary }) => [Buffer.from(message).toString('latin1'), isBinary])).toEqual(
        [
          [Buffer.from('grüße').toString('latin1'), false],
          ['\0\xff', true],
          ['', false],
          ['fragments', false],
        ],
      );
      peer.events.onMessage(Buffer.from('ü'), false);
      peer.events.onMessage(Buffer.from([1, 2]), true);
      await w.until(() => client.messages.length === 2, 'two messages');
      expect(client.messages.map(({ data, isBinary }) => [data.toString('hex'), isBinary])).toEqual([
        ['c3bc', false],
        ['0102', true],
      ]);
    });

    test('pings are answered, and travel on to the other end', async () => {
      const { w, client, peer } = await joined();
      client.ws.ping('one');
      await w.until(() => client.pongs.length === 1 && peer.log.includes('ping one'), 'pong');
      peer.events.onPing(Buffer.from('two'));
      // The client has answered it, and nobody else has.
      await w.until(() => peer.log.includes('pong two'), 'pong');
      expect([client.pongs, client.pings, peer.log]).toEqual([['one'], ['two'], ['ping one', 'pong two']]);
    });

    test('pings that come while the upstream takes nothing are answered, and go no further', async () => {
      const { w, client, peer } = await joined();
      peer.open = false;
      client.ws.send('full');
      client.ws.ping('stalled');
      await w.until(() => client.pongs.length === 1, 'pong');
      peer.open = true;
      peer.events.onDrain();
      client.ws.ping('again');
      await w.until(() => client.pongs.length === 2, 'second pong');
      expect(peer.log).toEqual(['send full', 'ping again']);
    });

    test('messages of no bytes that are held for a slow upstream are counted', async () => {
      const { w, client, peer } = await joined();
      peer.open = false;
      client.ws.send('full');
      for (let i = 0; i < 9_000; i += 1) client.ws.send('');
      await w.until(() => client.closed !== null, 'close');
      expect(client.closed?.code).toBe(1013);
    });

    test('close codes and reasons pass both ways', async () => {
      const one = await joined();
      one.client.ws.close(4001, 'client says bye');
      await one.w.until(() => one.peer.log.length > 0, 'close');
      expect(one.peer.log).toEqual(['close 4001 client says bye']);
      await one.w.until(() => one.w.listener.exchanges === 0 && one.w.listener.tunnels === 0, 'end');
      one.w.close();
      const other = await joined();
      other.peer.events.onClose(1008, 'policy');
      await other.w.until(() => other.client.closed !== null, 'close');
      expect(other.client.closed).toEqual({ code: 1008, reason: 'policy' });
      expect([other.w.listener.exchanges, other.w.listener.tunnels]).toEqual([0, 0]);
    });

    test('a client that vanishes is 1001 to the upstream, an upstream that vanishes 1011 to the client, no code is 1000', async () => {
      const one = await joined();
      one.client.ws.terminate();
      await one.w.until(() => one.peer.log.length > 0, 'close');
      expect(one.peer.log).toEqual(['close 1001 the client is gone']);
      one.w.close();
      const other = await joined();
      other.peer.events.onClose(1006, '');
      await other.w.until(() => other.client.closed !== null, 'close');
      expect(other.client.closed?.code).toBe(1011);
      other.w.close();
      const third = await joined();
      third.client.ws.close();
      await third.w.until(() => third.peer.log.length > 0, 'close');
      expect(third.peer.log).toEqual(['close 1000']);
    });

    test('a message of 10 MiB passes both ways', async () => {
      const { w, client, peer } = await joined(16 * MIB);
      const big = Buffer.alloc(10 * MIB, 'b');
      client.ws.send(big);
      await w.until(() => peer.received.length === 1, 'message');
      expect(Buffer.from(peer.received[0]?.message ?? []).equals(big)).toBe(true);
      peer.events.onMessage(big, true);
      await w.until(() => client.messages.length === 1, 'message');
      expect(client.messages[0]?.data.equals(big)).toBe(true);
    });

    test('a message beyond the limit closes with 1009, or drops the connection when it is far beyond', async () => {
      const { w, client, peer } = await joined(1_000);
      client.ws.send(Buffer.alloc(1_000));
      await w.until(() => peer.received.length === 1, 'message at the limit');
      client.ws.send(Buffer.alloc(1_001));
      await w.until(() => client.closed !== null, 'close');
      expect(client.closed?.code).toBe(1009);
      expect(peer.log.at(-1)).toBe('close 1009 message too big');
      w.close();
      const far = await joined(1_000);
      far.client.ws.send(Buffer.alloc(200_000));
      await far.w.until(() => far.client.closed !== null && far.peer.log.length > 0, 'close');
      expect(far.peer.log).toEqual(['close 1001 the client is gone']);
    });

    test('a client that reads slowly pauses the upstream, and gets everything in order', async () => {
      const { w, client, peer } = await joined(16 * MIB);
      client.ws.pause();
      let sent = 0;
      do {
        const message = Buffer.alloc(MIB);
        message.writeUInt32BE(sent);
        peer.events.onMessage(message, true);
        sent += 1;
      } while (!peer.paused && sent < 200);
      // What the kernel holds for both ends of a loopback connection, and a message.
      expect(sent).toBeLessThan(20);
      client.ws.resume();
      await w.until(() => !peer.paused && client.messages.length === sent, 'drain');
      expect(client.messages.map(({ data }) => data.readUInt32BE())).toEqual(Array.from({ length: sent }, (_, i) => i));
    });

    test('an upstream that reads slowly has a bounded number of messages held for it, and the client told 1013', async () => {
      const { w, client, peer } = await joined(MIB);
      peer.open = false;
      client.ws.send('first');
      await w.until(() => peer.paused === false && peer.received.length === 1, 'first message');
      client.ws.send('second');
      client.ws.ping('sync');
      await w.until(() => client.pongs.length === 1, 'second message');
      expect(peer.received).toHaveLength(1);
      peer.open = true;
      peer.events.onDrain();
      expect(peer.received).toHaveLength(2);
      // What was held and let go counts no more.
      for (let i = 3; i <= 6; i += 1) {
        peer.open = false;
        const before = peer.received.length;
        client.ws.send('pauses');
        await w.until(() => peer.received.length > before, 'message that pauses');
        client.ws.send(Buffer.alloc(MIB / 2));
        client.ws.ping('sync');
        await w.until(() => client.pongs.length === i - 1, 'held message');
        peer.open = true;
        peer.events.onDrain();
      }
      expect(peer.received).toHaveLength(10);
      peer.open = false;
      for (let i = 0; i < 4; i += 1) client.ws.send(Buffer.alloc(MIB / 2));
      await w.until(() => client.closed !== null, 'close');
      expect(client.closed?.code).toBe(1013);
    });

    test('a frame that breaks the protocol closes the connection, and the upstream is told', async () => {
      const { w, peers } = await open();
      const raw = await w.connect();
      raw.send(
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      expect((await raw.answer()).status).toBe(101);
      // A reserved opcode.
      raw.send(Buffer.from([0x8b, 0x80, 0, 0, 0, 0]));
      await raw.closed();
      await w.until(() => (peers[0]?.log.length ?? 0) > 0, 'close');
      expect(w.listener.tunnels).toBe(0);
    });

    test('a drain closes tunnels with 1001 at both ends and does not wait for them', async () => {
      const { w, client, peer } = await joined();
      expect(await w.listener.drain(60_000)).toEqual({ cut: 0 });
      await w.until(() => client.closed !== null, 'close');
      expect(client.closed?.code).toBe(1001);
      expect(peer.log).toEqual(['close 1001 the gateway is shutting down']);
    });

    test('an upstream end that throws ends its own tunnel, and nothing else', async () => {
      const { w, client, peer } = await joined();
      peer.send = () => {
        throw new Error('a bug');
      };
      client.ws.send('x');
      await w.until(() => client.closed !== null, 'close');
      expect(w.bugs.map(String)).toEqual(['Error: a bug']);
      await connect(w);
      expect(w.listener.tunnels).toBe(1);
    });

    test('a close of the listener drops tunnels', async () => {
      const { w, client, peer } = await joined();
      w.listener.close();
      await w.until(() => client.closed !== null, 'close');
      expect(peer.log).toEqual(['terminate']);
      expect([w.listener.tunnels, w.listener.exchanges, w.bugs]).toEqual([0, 0, []]);
    });
  });
}
