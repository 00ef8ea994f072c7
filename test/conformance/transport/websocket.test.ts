/** WebSocket tunnels to an upstream: the handshake, messages both ways, backpressure, control frames, every end. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createRawServer, type Socket } from 'node:net';
import type { WebSocketEvents, WebSocketPeer } from '@weir/node/pipeline/dispatch.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createAuthority } from './certificates.js';
import { liveTransport, Recorder, requestOf, type TransportTarget, until } from './harness.js';
import { closeServer, listen, rawServer } from './servers.js';

const MIB = 1024 * 1024;
const UPGRADE = [
  'connection',
  'upgrade',
  'upgrade',
  'websocket',
  'sec-websocket-version',
  '13',
  'sec-websocket-key',
  'dGhlIHNhbXBsZSBub25jZQ==',
];

/** What the client's side of a tunnel saw. */
class TunnelEnd implements WebSocketEvents {
  readonly messages: (string | Uint8Array)[] = [];
  readonly controls: string[] = [];
  closed: [number, string] | null = null;
  drains = 0;
  onMessageHook: () => void = () => {};

  onMessage(message: Uint8Array, isBinary: boolean): void {
    this.messages.push(isBinary ? message : Buffer.from(message).toString());
    this.onMessageHook();
  }
  onPing(payload: Uint8Array): void {
    this.controls.push(`ping ${Buffer.from(payload).toString()}`);
  }
  onPong(payload: Uint8Array): void {
    this.controls.push(`pong ${Buffer.from(payload).toString()}`);
  }
  onDrain(): void {
    this.drains += 1;
  }
  onClose(code: number, reason: string): void {
    if (this.closed !== null) throw new Error('closed twice');
    this.closed = [code, reason];
  }
}

/** A recorder that can become a tunnel. */
class UpgradeRecorder extends Recorder {
  peer: WebSocketPeer | null = null;
  upgradeFields: HeaderList = [];
  readonly end = new TunnelEnd();
  listenAtOnce = true;

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.upgradeFields = headers;
    this.peer = peer;
    if (this.listenAtOnce) peer.listen(this.end);
  }
}

describe('a WebSocket to an upstream', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  const serveOn = async (
    server: Server,
    onSocket: (socket: WebSocket, request: IncomingMessage) => void,
  ): Promise<number> => {
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const webSockets = new WebSocketServer({ server, autoPong: false, maxPayload: 64 * MIB });
    webSockets.on('connection', (socket, request) => {
      socket.on('error', () => {});
      onSocket(socket, request);
    });
    const port = await listen(server);
    open.push({ close: () => closeServer(server, sockets) });
    return port;
  };
  const connect = async (
    onSocket: (socket: WebSocket, request: IncomingMessage) => void,
    fields: readonly string[] = [],
    target: Partial<TransportTarget> = {},
  ) => {
    const upstream: { socket: WebSocket | null; request: IncomingMessage | null } = { socket: null, request: null };
    const port = await serveOn(createServer(), (socket, request) => {
      upstream.socket = socket;
      upstream.request = request;
      onSocket(socket, request);
    });
    const transport = liveTransport({ port, ...target });
    open.push(transport);
    const recorder = new UpgradeRecorder();
    transport.dispatch(requestOf({ path: '/chat', query: 'room=1', headers: [...UPGRADE, ...fields] }), recorder);
    await until('the tunnel is there', () => recorder.peer !== null || recorder.failure !== null);
    const { peer, end } = recorder;
    if (peer === null) throw new Error(`no tunnel: ${recorder.failure?.detail}`);
    return { recorder, peer, end, upstream, transport };
  };

  it('shakes hands with a key of its own, and passes path, fields and subprotocols on', async () => {
    const { recorder, upstream, transport } = await connect(() => {}, [
      'x-a',
      '1',
      'sec-websocket-protocol',
      'Chat.v2, chat',
      'sec-websocket-extensions',
      'permessage-deflate',
      'cookie',
      'c=1',
    ]);
    const headers = upstream.request?.headers ?? {};
    expect(upstream.request?.url).toBe('/chat?room=1');
    expect([headers.host, headers['x-a'], headers.cookie]).toEqual(['api.test', '1', 'c=1']);
    expect(headers['sec-websocket-protocol']).toBe('Chat.v2,chat');
    expect(headers['sec-websocket-extensions']).toBeUndefined();
    expect(headers['sec-websocket-key']).not.toBe('dGhlIHNhbXBsZSBub25jZQ==');
    const at = recorder.upgradeFields.indexOf('sec-websocket-protocol');
    expect(recorder.upgradeFields[at + 1]).toBe('Chat.v2');
    expect([recorder.phases, recorder.violations]).toEqual([['connect', 'firstByte'], []]);
    expect(transport.stats()).toMatchObject({ open: 0, waiting: 0 });
  });

  it('passes text, binary and fragmented messages both ways, whole', async () => {
    const heard: string[] = [];
    const { peer, end, upstream } = await connect((socket) =>
      socket.on('message', (data, isBinary) => heard.push(`${isBinary ? 'b' : 't'}:${String(data)}`)),
    );
    peer.send(Buffer.from('grüße'), false);
    peer.send(Buffer.from('bytes'), true);
    upstream.socket?.send('text');
    upstream.socket?.send(Buffer.from([1, 2, 3]));
    upstream.socket?.send('frag', { fin: false });
    upstream.socket?.send('ment', { fin: true });
    await until('all came', () => heard.length === 2 && end.messages.length === 3);
    expect(heard).toEqual(['t:grüße', 'b:bytes']);
    expect(end.messages).toEqual(['text', Buffer.from([1, 2, 3]), 'fragment']);
  });

  it('passes pings and pongs on, and answers none by itself', async () => {
    const heard: string[] = [];
    const { peer, end, upstream } = await connect((socket) =>
      socket.on('ping', (data) => heard.push(`ping ${data}`)).on('pong', (data) => heard.push(`pong ${data}`)),
    );
    peer.ping(Buffer.from('a'));
    upstream.socket?.ping('b');
    await until('both came', () => heard.length === 1 && end.controls.length === 1);
    peer.pong(Buffer.from('b'));
    upstream.socket?.pong('a');
    await until('both came back', () => heard.length === 2 && end.controls.length === 2);
    expect([heard, end.controls]).toEqual([
      ['ping a', 'pong b'],
      ['ping b', 'pong a'],
    ]);
  });

  it('drops pings and pongs that a stalled upstream would have to be sent some day', async () => {
    let heard = 0;
    let marked = false;
    const { peer, upstream } = await connect((socket) => {
      socket
        .on('ping', () => (heard += 1))
        .on('pong', () => (heard += 1))
        .on('message', () => (marked = true));
      socket.pause();
    });
    const payload = Buffer.alloc(125);
    for (let i = 0; i < 100_000; i += 1) {
      peer.ping(payload);
      peer.pong(payload);
    }
    peer.send(Buffer.from('over'), false);
    upstream.socket?.resume();
    await until('all came', () => marked);
    // The kernel's buffers take a few MiB of the 26; what waits here is bounded.
    expect(heard).toBeGreaterThan(0);
    expect(heard * 131).toBeLessThan(16 * MIB);
  });

  it('passes a 10 MiB message both ways', async () => {
    const { peer, end } = await connect((socket) => socket.on('message', (data) => socket.send(data as Buffer))); // nodebuffer
    const message = Buffer.alloc(10 * MIB, 'abc');
    peer.send(message, true);
    await until('it came back', () => end.messages.length === 1);
    expect(Buffer.compare(message, end.messages[0] as Buffer)).toBe(0); // A binary message is kept as it came.
  });

  it('closes with 1009 what is larger than the limit', async () => {
    const { end, upstream } = await connect((socket) => socket.send(Buffer.alloc(17 * MIB)));
    let seen = 0;
    upstream.socket?.on('close', (code) => {
      seen = code;
    });
    await until('both ends are closed', () => end.closed !== null && seen !== 0);
    expect([end.messages.length, seen]).toEqual([0, 1009]);
  });

  it('delivers what came before anyone listened', async () => {
    const port = await serveOn(createServer(), (socket) => {
      socket.send('early');
      socket.send('bird');
      socket.close(4001, 'done');
    });
    const transport = liveTransport({ port });
    open.push(transport);
    const recorder = new UpgradeRecorder();
    recorder.listenAtOnce = false;
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await until('the tunnel is there', () => recorder.peer !== null);
    await new Promise((resolve) => setImmediate(resolve));
    expect(recorder.end.messages).toEqual([]);
    recorder.peer?.listen(recorder.end);
    await until('it is closed', () => recorder.end.closed !== null);
    expect([recorder.end.messages, recorder.end.closed]).toEqual([
      ['early', 'bird'],
      [4001, 'done'],
    ]);
  });

  it('says when it is full, and when it has room again', async () => {
    const { peer, end, upstream } = await connect((socket) => socket.pause());
    const piece = Buffer.alloc(MIB);
    let sent = 0;
    while (peer.send(piece, true)) sent += 1;
    expect(sent).toBeLessThan(32);
    expect(end.drains).toBe(0);
    upstream.socket?.resume();
    await until('it has room', () => end.drains === 1);
    expect(peer.send(Buffer.from('x'), true)).toBe(true);
  });

  it('reads no further while it is paused', async () => {
    const { peer, end, upstream } = await connect(() => {});
    let pausedAt = 0;
    end.onMessageHook = () => {
      peer.pause();
      pausedAt = end.messages.length;
    };
    for (let i = 0; i < 64; i += 1) upstream.socket?.send(Buffer.alloc(256 * 1024));
    await until('the first came', () => end.messages.length > 0);
    await until('the upstream is stuck', () => (upstream.socket?.bufferedAmount ?? 0) > 0);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    // What one read had already brought may still be delivered.
    expect(end.messages.length - pausedAt).toBeLessThan(4);
    expect(upstream.socket?.bufferedAmount).toBeGreaterThan(0);
    end.onMessageHook = () => {};
    peer.resume();
    await until('all came', () => end.messages.length === 64);
  });

  it.each([
    [1000, 'bye', 1000, 'bye'],
    [3999, '', 3999, ''],
    [1005, '', 1005, ''],
    [1006, '', 1006, ''],
    [1001, 'ü'.repeat(100), 1001, 'ü'.repeat(61)],
    [1000, `${'x'.repeat(122)}😀`, 1000, 'x'.repeat(122)],
  ])('closes towards the upstream with %i', async (code, reason, seenCode, seenReason) => {
    let seen: [number, string] | null = null;
    const { peer, end } = await connect((socket) =>
      socket.on('close', (closeCode, closeReason) => {
        seen = [closeCode, closeReason.toString()];
      }),
    );
    peer.pause(); // A paused tunnel can still be closed.
    peer.close(code, reason);
    await until('both ends are closed', () => seen !== null && end.closed !== null);
    expect(seen).toEqual([seenCode, seenReason]);
  });

  it.each([
    ['with a code', (socket: WebSocket) => socket.close(4002, 'no'), [4002, 'no']],
    ['without a code', (socket: WebSocket) => socket.close(), [1005, '']],
    ['without a handshake', (socket: WebSocket) => socket.terminate(), [1006, '']],
  ])('tells when the upstream closes %s', async (_how, close, expected) => {
    const { peer, end, upstream } = await connect(() => {});
    if (upstream.socket !== null) close(upstream.socket);
    await until('it is closed', () => end.closed !== null);
    expect(end.closed).toEqual(expected);
    // Whatever is said to a closed tunnel is nothing.
    expect(peer.send(Buffer.from('x'), false)).toBe(true);
    peer.ping(Buffer.from(''));
    peer.close(1000, '');
    peer.terminate();
  });

  it('terminates at once', async () => {
    let code = 0;
    const { peer } = await connect((socket) =>
      socket.on('close', (closeCode) => {
        code = closeCode;
      }),
    );
    peer.terminate();
    await until('the upstream knows', () => code !== 0);
    expect(code).toBe(1006);
  });

  it('goes over TLS', async () => {
    const authority = createAuthority();
    const { cert, key } = authority.issue('upstream.test', 'IP:127.0.0.1');
    const port = await serveOn(createSecureServer({ cert, key }), (socket) => socket.send('safe'));
    const transport = liveTransport({ port, scheme: 'https', protocol: 'auto', tls: { caFile: authority.caFile } });
    authority.remove();
    open.push(transport);
    const recorder = new UpgradeRecorder();
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await until('the message came', () => recorder.end.messages.length === 1);
    expect([recorder.end.messages, recorder.phases]).toEqual([['safe'], ['connect', 'tls', 'firstByte']]);
  });

  it.each([
    ['another status', 'HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nnope', 403, 'nope'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n', 302, ''],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 200, 'no'],
  ])('passes an upstream’s refusal by %s on as its answer', async (_what, bytes, status, text) => {
    const server = await rawServer((socket) => socket.write(bytes));
    const transport = liveTransport({ port: server.port });
    open.push(server, transport);
    const recorder = new UpgradeRecorder();
    recorder.accept = () => {
      setImmediate(() => recorder.head?.resume());
      return false;
    };
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await recorder.ended;
    expect([recorder.status, recorder.text, recorder.completed, recorder.peer]).toEqual([status, text, true, null]);
    expect([recorder.phases, recorder.violations]).toEqual([['connect', 'firstByte', 'body'], []]);
    await until('the socket is gone', () => server.sockets.every((socket) => socket.destroyed || socket.readableEnded));
  });

  it.each([
    ['hangs up', '', 'connection_closed'],
    ['hangs up in the head', 'HTTP/1.1 101 Switching Pro', 'response_incomplete'],
    ['speaks nonsense', 'nonsense\r\n\r\n', 'response_malformed'],
    [
      'proves nothing',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      'upgrade_failed',
    ],
    ['breaks its refusal off', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\npart', 'response_incomplete'],
    [
      'is ambiguous',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'response_malformed',
    ],
  ])('fails when the upstream %s', async (_what, bytes, code) => {
    const server = await rawServer((socket) => socket.end(bytes));
    const transport = liveTransport({ port: server.port });
    open.push(server, transport);
    const recorder = new UpgradeRecorder();
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await recorder.ended;
    expect(recorder.failure?.code).toBe(code);
    expect([recorder.completed, recorder.peer, recorder.violations]).toEqual([false, null, []]);
  });

  it('names a reset for what it is', async () => {
    const server = await rawServer((socket) => socket.resetAndDestroy());
    const transport = liveTransport({ port: server.port });
    open.push(server, transport);
    const recorder = new UpgradeRecorder();
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await recorder.ended;
    expect(recorder.failure?.code).toMatch(/^connection_closed/);
    expect([recorder.peer, recorder.violations]).toEqual([null, []]);
  });

  it('names a refused connection, and bad fields', async () => {
    const server = await rawServer(() => {});
    const transport = liveTransport({ port: server.port });
    open.push(transport);
    const bad = new UpgradeRecorder();
    transport.dispatch(requestOf({ headers: [...UPGRADE, 'sec-websocket-protocol', 'a b'] }), bad);
    await bad.ended;
    expect(bad.failure?.code).toBe('bad_request');
    await server.close();
    const refused = new UpgradeRecorder();
    transport.dispatch(requestOf({ headers: UPGRADE }), refused);
    await refused.ended;
    expect(refused.failure?.code).toBe('connection_refused');
  });

  it.each(['connect', 'firstByte'] as const)('is silent and gone when it is cancelled in phase %s', async (phase) => {
    const sockets: Socket[] = [];
    const server = createRawServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {}).resume();
    });
    const port = await listen(server);
    const transport = liveTransport({ port });
    open.push({ close: () => closeServer(server, sockets) }, transport);
    const recorder = new UpgradeRecorder();
    const cancel = transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await until(`it is in ${phase}`, () => recorder.phases.at(-1) === phase);
    cancel();
    recorder.cancelled();
    await until('the socket is gone', () => sockets.every((socket) => socket.readableEnded || socket.destroyed));
    expect(recorder.violations).toEqual([]);
  });

  it('refuses a tunnel where nobody can hold its other end', async () => {
    const server = await rawServer(() => {});
    const transport = liveTransport({ port: server.port });
    open.push(server, transport);
    const recorder = new Recorder();
    transport.dispatch(requestOf({ headers: UPGRADE }), recorder);
    await recorder.ended;
    expect([recorder.failure?.code, recorder.phases]).toEqual(['upgrade_failed', []]);
  });
});
