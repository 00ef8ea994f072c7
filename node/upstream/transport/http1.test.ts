/** What the transport suite does not ask of every transport: when this one writes, what it keeps, and what it drops. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { BodySink, RequestBody, ResponseHead } from '../../pipeline/dispatch.js';
import type { AnswerSink, Connection, OutgoingRequest, Progress } from '../pools/connection.js';
import { createPlainConnection } from './http1.js';
import { Inlet } from './http1-inlet.js';
import { LastHead } from './http1-parser.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET: OutgoingRequest = { method: 'GET', target: '/', headers: [], body: null, exchange: null };

class Sink implements AnswerSink {
  readonly events: string[] = [];
  progress: Progress | null = null;
  text = '';
  onHeadHook: () => void = () => {};
  accept: () => boolean = () => true;
  head: ResponseHead | null = null;

  onSend(): void {
    this.events.push('send');
  }
  onSendProgress(): void {
    this.events.push('progress');
  }
  onSent(): void {
    this.events.push('sent');
  }
  onHead(head: ResponseHead): void {
    this.events.push(`head ${head.status}`);
    this.head = head;
    this.onHeadHook();
  }
  onData(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString('latin1');
    return this.accept();
  }
  onComplete(): void {
    this.events.push('complete');
  }
  onFailed(failed: Failure, progress: Progress): void {
    this.events.push(failed.code);
    this.progress = progress;
  }
  onReleased(): void {
    this.events.push('released');
  }
}

const open: { server: Server; sockets: Socket[]; client: Socket }[] = [];
afterEach(async () => {
  for (const { server, sockets, client } of open.splice(0)) {
    for (const socket of [...sockets, client]) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface World {
  readonly connection: Connection;
  readonly peer: Socket;
  /** All that the peer was sent. */
  readonly received: () => string;
  readonly clock: { ms: number };
}

async function world(): Promise<World> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const inlet = new Inlet();
  const client = connect({ host: '127.0.0.1', port: address.port, onread: inlet.onread });
  open.push({ server, sockets, client });
  await new Promise((resolve) => client.once('connect', resolve));
  await until(() => sockets.length === 1);
  const [peer] = sockets;
  if (peer === undefined) throw new Error('nobody connected');
  let received = '';
  peer.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const clock = { ms: 0 };
  const connection = createPlainConnection(client, inlet, '127.0.0.1', {
    headBytesMax: 4096,
    lastHead: new LastHead(),
    clock: { nowMs: () => clock.ms, wallMs: () => 0 },
  });
  return { connection, peer, received: () => received, clock };
}

async function until(holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 5000; !holds(); ) {
    if (performance.now() > endMs) throw new Error('it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ends = (sink: Sink) => () => sink.events.includes('released');

async function exchange({ connection, peer, received }: World, request = GET, answer = OK): Promise<Sink> {
  const sink = new Sink();
  const before = received().length;
  connection.send(request, sink);
  await until(() => received().length > before);
  peer.write(answer);
  await until(ends(sink));
  return sink;
}

class Body implements RequestBody {
  sink: BodySink | null = null;
  readonly lengthBytes: number | null;
  paused = 0;
  resumed = 0;
  constructor(lengthBytes: number | null) {
    this.lengthBytes = lengthBytes;
  }
  read(sink: BodySink): void {
    this.sink = sink;
  }
  pause(): void {
    this.paused += 1;
  }
  resume(): void {
    this.resumed += 1;
  }
}

describe('a plaintext connection', () => {
  it('writes at once when it is new, and at the end of the turn when it was used', async () => {
    const here = await world();
    const first = new Sink();
    here.connection.send(GET, first);
    expect(first.events).toEqual(['sent']);
    await until(() => here.received() !== '');
    here.peer.write(OK);
    await until(ends(first));
    const second = new Sink();
    here.connection.send(GET, second);
    expect(second.events).toEqual([]);
    await until(() => second.events.length > 0);
    expect([first.events, second.events]).toEqual([['sent', 'head 200', 'complete', 'released'], ['sent']]);
  });

  it('sends nothing on a connection that the peer closed within the turn, and says so', async () => {
    const here = await world();
    await exchange(here);
    const before = here.received();
    here.peer.destroy();
    // The kernel knows of the close when the next turn begins; the event loop hears of it then, and before the write.
    await new Promise((resolve) => setImmediate(resolve));
    const sink = new Sink();
    here.connection.send({ ...GET, method: 'POST' }, sink);
    await until(ends(sink));
    expect(sink.events).toEqual(['released', 'connection_closed_unsent']);
    expect(sink.progress).toEqual({ untouched: true, answered: false, closed: true });
    expect(here.received()).toBe(before);
  });

  it('closes on bytes that nobody asked for', async () => {
    for (const used of [false, true]) {
      const here = await world();
      if (used) await exchange(here);
      let closed = 0;
      here.connection.onClosed = () => {
        closed += 1;
      };
      here.peer.write(OK);
      await until(() => closed === 1);
      expect(here.connection.isOpen()).toBe(false);
    }
  });

  it.each([
    ['timeout=1', 0, false],
    ['timeout=5', 3999, true],
    ['timeout=5', 4000, false],
    ['max=5', 1e9, true],
  ])('with Keep-Alive: %s is open after %i ms: %s', async (hint, afterMs, isOpen) => {
    const here = await world();
    await exchange(here, GET, `HTTP/1.1 200 OK\r\nKeep-Alive: ${hint}\r\nContent-Length: 0\r\n\r\n`);
    here.clock.ms = afterMs;
    expect(here.connection.isOpen()).toBe(isOpen);
  });

  it('sends head and body of a streamed request together, and no empty chunk', async () => {
    const here = await world();
    const body = new Body(null);
    const sink = new Sink();
    here.connection.send({ ...GET, method: 'POST', body }, sink);
    body.sink?.onChunk(new Uint8Array(0));
    await new Promise((resolve) => setImmediate(resolve));
    expect(here.received()).toBe('');
    body.sink?.onChunk(Buffer.from('abc'));
    body.sink?.onChunk(new Uint8Array(0));
    body.sink?.onChunk(Buffer.alloc(17, 'd'));
    body.sink?.onEnd();
    const text = `POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n11\r\n${'d'.repeat(17)}\r\n0\r\n\r\n`;
    await until(() => here.received() === text);
    expect(sink.events).toEqual(['send', 'progress', 'progress', 'sent']);
  });

  it('pauses the source of a body while the socket is full, and reports progress when it drains', async () => {
    const here = await world();
    here.peer.pause();
    const body = new Body(null);
    const sink = new Sink();
    here.connection.send({ ...GET, method: 'POST', body }, sink);
    const piece = Buffer.alloc(256 * 1024);
    for (let i = 0; i < 64; i += 1) body.sink?.onChunk(piece);
    expect([body.paused, body.resumed, sink.events]).toEqual([1, 0, ['send']]);
    here.peer.resume();
    await until(() => body.resumed === 1);
    expect(sink.events).toEqual(['send', 'progress']);
  });

  it('counts a gathered body that does not fit as sent when the socket has taken it', async () => {
    const here = await world();
    here.peer.pause();
    const sink = new Sink();
    here.connection.send({ ...GET, method: 'PUT', body: Buffer.alloc(16 * 1024 * 1024, 'p') }, sink);
    expect(sink.events).toEqual(['send']);
    here.peer.resume();
    await until(() => sink.events.length > 1);
    expect(sink.events).toEqual(['send', 'progress', 'sent']);
  });

  it('stops reading until resumed, also when that comes from within', async () => {
    const here = await world();
    const sink = new Sink();
    sink.accept = () => false;
    here.connection.send(GET, sink);
    await until(() => here.received() !== '');
    here.peer.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na');
    await until(() => sink.text === 'a');
    here.peer.write('b');
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sink.text).toBe('a');
    sink.accept = () => {
      sink.head?.resume();
      return false;
    };
    sink.head?.resume();
    await until(() => sink.text === 'ab');
    here.peer.write('cd');
    await until(ends(sink));
    expect([sink.text, here.connection.isOpen()]).toEqual(['abcd', true]);
  });

  it('keeps its own copy of what it passes on', async () => {
    const here = await world();
    const chunks: Uint8Array[] = [];
    for (const text of ['first', 'later']) {
      const sink = new Sink();
      sink.onData = (chunk) => {
        chunks.push(chunk);
        return true;
      };
      const before = here.received().length;
      here.connection.send(GET, sink);
      await until(() => here.received().length > before);
      here.peer.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${text}`);
      await until(ends(sink));
    }
    expect(chunks.map((chunk) => Buffer.from(chunk).toString())).toEqual(['first', 'later']);
  });

  it('fails the one request whose receiver has a bug', async () => {
    const here = await world();
    const sink = new Sink();
    sink.onHeadHook = () => {
      throw new Error('a bug');
    };
    here.connection.send(GET, sink);
    await until(() => here.received() !== '');
    here.peer.write(OK);
    await until(ends(sink));
    expect(sink.events).toEqual(['sent', 'head 200', 'released', 'internal_error']);
    expect(here.connection.isOpen()).toBe(false);
  });

  it('is as good as before when a request could not be written', async () => {
    const here = await world();
    const sink = new Sink();
    here.connection.send({ ...GET, headers: ['a', '\n'] }, sink);
    expect(sink.events).toEqual(['released', 'bad_request']);
    expect((await exchange(here)).text).toBe('ok');
  });

  it('is not used again when its answer came before the request was sent whole', async () => {
    const here = await world();
    const body = new Body(9);
    const sink = new Sink();
    here.connection.send({ ...GET, method: 'POST', body }, sink);
    body.sink?.onChunk(Buffer.from('abc'));
    await until(() => here.received().endsWith('abc'));
    here.peer.write(OK);
    await until(ends(sink));
    expect([sink.text, here.connection.isOpen()]).toEqual(['ok', false]);
    body.sink?.onChunk(Buffer.from('defghijkl'));
    body.sink?.onError(failure('client_gone', 'never heard'));
    expect(sink.events.at(-1)).toBe('released');
  });
});
