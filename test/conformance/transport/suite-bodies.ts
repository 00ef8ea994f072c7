/** Conformance: bodies of both directions. Framing, gathering, backpressure with bounded memory, broken bodies. */
import { createServer, type Socket } from 'node:net';
import { createHeldBytes } from '@weir/node/upstream/retry/held-bytes.js';
import { failure } from '@weir/proto/http/failures.js';
import { afterEach, expect, it } from 'vitest';
import {
  bodyOf,
  exchangeOn,
  Recorder,
  requestOf,
  TestBody,
  type Transport,
  type TransportFactory,
  type TransportTarget,
  until,
} from './harness.js';
import { type Answer, closeServer, listen, rawServer } from './servers.js';

const MIB = 1024 * 1024;
const BIG_BYTES = 256 * MIB;
/** What a transport and the two sockets may hold of a body that is not being read. */
const HELD_BYTES_MAX = 16 * MIB;

export function bodyCases(create: TransportFactory): void {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

  /** A server that collects all bytes of its connections, and answers when told. */
  const collector = async (
    onBytes: (socket: Socket, all: string) => void,
    target: Partial<TransportTarget> = {},
  ): Promise<{ transport: Transport; bytes: () => string; sockets: Socket[] }> => {
    let all = '';
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        all += chunk.toString('latin1');
        onBytes(socket, all);
      });
    });
    const transport = create({ ...target, port: await listen(server) });
    open.push({ close: () => closeServer(server, sockets) }, transport);
    return { transport, bytes: () => all, sockets };
  };
  const setUp = async (answer: Answer): Promise<Transport> => {
    const server = await rawServer(answer);
    const transport = create({ port: server.port });
    open.push(server, transport);
    return transport;
  };

  it('sends a small body of known length in one message with Content-Length', async () => {
    const { transport, bytes } = await collector((socket, all) => all.endsWith('hello world') && socket.write(OK));
    const result = await exchangeOn(transport, { method: 'POST', body: bodyOf(['hello', ' ', 'world'], true) });
    expect(result.status).toBe(200);
    expect(bytes()).toMatch(/\r\ncontent-length: 11\r\n(.*\r\n)*\r\nhello world$/);
    expect(bytes()).not.toMatch(/transfer-encoding/i);
  });

  it('asks for no connection until a small body is there', async () => {
    const { transport } = await collector((socket) => socket.write(OK));
    const body = new TestBody(4);
    const recorder = new Recorder();
    transport.dispatch(requestOf({ method: 'POST', body }), recorder);
    body.sink?.onChunk(Buffer.from('ab'));
    expect(transport.stats()).toMatchObject({ open: 0, connecting: 0, waiting: 0 });
    expect(recorder.phases).toEqual([]);
    body.sink?.onChunk(Buffer.from('cd'));
    body.sink?.onEnd();
    await recorder.ended;
    expect(recorder.status).toBe(200);
  });

  it('sends a large body of known length with Content-Length, as it comes', async () => {
    const { transport, bytes } = await collector((socket, all) => all.endsWith('END') && socket.write(OK));
    const pieces = ['a'.repeat(90_000), 'b'.repeat(90_000), 'END'];
    const result = await exchangeOn(transport, { method: 'PUT', body: bodyOf(pieces, true) });
    expect(result.status).toBe(200);
    expect(bytes()).toMatch(/\r\ncontent-length: 180003\r\n/);
    expect(bytes().endsWith(pieces.join(''))).toBe(true);
  });

  it.each(['POST', 'DELETE', 'GET'])('sends a %s body of unknown length in chunks', async (method) => {
    const { transport, bytes } = await collector((socket, all) => all.endsWith('0\r\n\r\n') && socket.write(OK));
    const body = new TestBody(null);
    // Not all at once: a transport may well frame what is already whole by its length.
    body.onRead = () => afterTurns(3, () => body.sink?.onChunk(Buffer.from('hello')));
    const recorder = new Recorder();
    transport.dispatch(requestOf({ method, body }), recorder);
    await until('the first piece arrived', () => bytes().includes('hello'));
    body.sink?.onChunk(Buffer.from('you'));
    body.sink?.onEnd();
    await recorder.ended;
    expect(recorder.status).toBe(200);
    expect(bytes()).toMatch(/\r\ntransfer-encoding: chunked\r\n/);
    expect(bytes()).toMatch(/\r\n\r\n5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n$/);
  });

  it('sends an empty body of either kind so that the next request is understood', async () => {
    const transport = await setUp((socket) => socket.write(OK));
    for (const lengthKnown of [true, false]) {
      const result = await exchangeOn(transport, { method: 'POST', body: bodyOf([], lengthKnown) });
      expect(result.status).toBe(200);
    }
    expect((await exchangeOn(transport)).status).toBe(200);
  });

  it.each([
    ['gathered', 6],
    ['streamed', null],
  ])('passes on the failure of a %s body, and leaves no connection behind', async (_kind, lengthBytes) => {
    const { transport, sockets } = await collector(() => {});
    const body = new TestBody(lengthBytes);
    const recorder = new Recorder();
    transport.dispatch(requestOf({ method: 'POST', body }), recorder);
    await until('the body is read', () => body.sink !== null);
    body.sink?.onChunk(Buffer.from('abc'));
    body.sink?.onError(failure('client_gone', 'gone'));
    await recorder.ended;
    expect(recorder.failure?.code).toBe('client_gone');
    await until(
      'its connection is gone',
      () => transport.stats().open === 0 && sockets.every((socket) => socket.readableEnded || socket.destroyed),
    );
  });

  it('gathers a short body while the node has room for it, and streams it otherwise', async () => {
    for (const room of [6, 5]) {
      const bodies = createHeldBytes(room);
      const { transport, bytes } = await collector((socket, all) => all.endsWith('abcdef') && socket.write(OK), {
        bodies,
      });
      const body = new TestBody(6);
      const result = exchangeOn(transport, { method: 'POST', body });
      await until('the body is read', () => body.sink !== null);
      body.sink?.onChunk(Buffer.from('abc'));
      expect(bodies.bytes).toBe(room === 6 ? 6 : 0);
      if (room === 5) await until('the first half is there', () => bytes().endsWith('abc'));
      else expect(bytes()).toBe('');
      body.sink?.onChunk(Buffer.from('def'));
      body.sink?.onEnd();
      expect([(await result).status, bodies.bytes]).toEqual([200, 0]);
    }
  });

  it('never passes off a streamed body that broke as a whole one', async () => {
    const { transport, bytes, sockets } = await collector(() => {});
    const body = new TestBody(null);
    const recorder = new Recorder();
    transport.dispatch(requestOf({ method: 'POST', body }), recorder);
    await until('the body is read', () => body.sink !== null);
    body.sink?.onChunk(Buffer.from('abc'));
    await until('a part arrived', () => bytes().includes('abc'));
    body.sink?.onError(failure('client_gone', 'gone'));
    await until('the connection is gone', () => sockets.every((socket) => socket.readableEnded || socket.destroyed));
    expect(bytes()).not.toMatch(/0\r\n\r\n$/);
  });

  it.each([
    ['too long', 4, ['abcdef']],
    ['too short', 9, ['abcdef']],
    ['too long, large', 100_000, ['a'.repeat(100_001)]],
    ['too short, large', 100_000, ['a'.repeat(99_999)]],
  ])('refuses a body that is %s for its length', async (_what, lengthBytes, pieces) => {
    const { transport } = await collector(() => {});
    const body = { ...bodyOf(pieces, false), lengthBytes };
    const result = await exchangeOn(transport, { method: 'POST', body });
    expect(result.failure?.code).toBe('bad_request');
    await until('its connection is gone', () => transport.stats().open === 0);
  });

  it('takes an answer that comes before the request was sent whole, and drops the connection', async () => {
    const { transport } = await collector(
      (socket, all) => all.includes('abc') && socket.write('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno'),
    );
    const body = new TestBody(null);
    body.onRead = () => body.sink?.onChunk(Buffer.from('abc'));
    const result = await exchangeOn(transport, { method: 'POST', body });
    expect([result.status, result.text, result.violations]).toEqual([413, 'no', []]);
    body.sink?.onChunk(Buffer.from('late')); // Must be harmless.
    body.sink?.onEnd();
    await until('the connection is gone', () => transport.stats().open === 0);
  });

  it('streams 256 MiB down to a slow reader without holding them', async () => {
    const piece = Buffer.alloc(256 * 1024, 'x');
    let writtenBytes = 0;
    const transport = await setUp((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG_BYTES}\r\n\r\n`);
      const fill = (): void => {
        while (writtenBytes < BIG_BYTES) {
          writtenBytes += piece.length;
          if (!socket.write(piece)) return;
        }
      };
      socket.on('drain', fill);
      fill();
    });
    const recorder = new Recorder();
    recorder.keepChunks = false;
    let mostHeldBytes = 0;
    let untilPauseBytes = 0;
    recorder.accept = (chunk) => {
      mostHeldBytes = Math.max(mostHeldBytes, writtenBytes - recorder.receivedBytes);
      untilPauseBytes += chunk.length;
      if (untilPauseBytes < 8 * MIB) return true;
      untilPauseBytes = 0;
      // Slow: goes on only after other work of the process had its turn several times.
      afterTurns(20, () => recorder.head?.resume());
      return false;
    };
    transport.dispatch(requestOf(), recorder);
    await recorder.ended;
    expect([recorder.failure, recorder.receivedBytes, recorder.completed]).toEqual([null, BIG_BYTES, true]);
    expect(mostHeldBytes).toBeLessThan(HELD_BYTES_MAX);
    expect(recorder.violations).toEqual([]);
  }, 60_000);

  it('delivers nothing between a false from onData and resume()', async () => {
    const transport = await setUp((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${4 * MIB}\r\n\r\n${'x'.repeat(4 * MIB)}`),
    );
    const recorder = new Recorder();
    let closed = false;
    const early: number[] = [];
    recorder.accept = (chunk) => {
      if (closed) early.push(chunk.length);
      closed = true;
      afterTurns(3, () => {
        closed = false;
        recorder.head?.resume();
      });
      return false;
    };
    transport.dispatch(requestOf(), recorder);
    await recorder.ended;
    expect([early, recorder.receivedBytes, recorder.completed]).toEqual([[], 4 * MIB, true]);
  });

  it('hears a resume() that comes before onData has returned, or for another exchange from within a callback', async () => {
    const transport = await setUp((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${MIB}\r\n\r\n${'x'.repeat(MIB)}`),
    );
    const first = new Recorder();
    const second = new Recorder();
    first.accept = () => {
      first.head?.resume();
      second.head?.resume();
      return false;
    };
    second.accept = () => {
      first.head?.resume();
      second.head?.resume();
      return false;
    };
    transport.dispatch(requestOf(), first);
    transport.dispatch(requestOf(), second);
    await Promise.all([first.ended, second.ended]);
    expect([first.receivedBytes, second.receivedBytes]).toEqual([MIB, MIB]);
  });

  it('streams 256 MiB up to a slow upstream without holding them', async () => {
    let takenBytes = 0;
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      let untilPauseBytes = 0;
      socket.on('data', (chunk) => {
        takenBytes += chunk.length;
        untilPauseBytes += chunk.length;
        if (chunk.subarray(-5).toString('latin1') === '0\r\n\r\n') socket.write(OK);
        if (untilPauseBytes < 8 * MIB) return;
        untilPauseBytes = 0;
        socket.pause();
        afterTurns(20, () => socket.resume());
      });
    });
    const transport = create({ port: await listen(server) });
    open.push({ close: () => closeServer(server, sockets) }, transport);
    const piece = Buffer.alloc(128 * 1024, 'y');
    const body = new TestBody(null);
    let givenBytes = 0;
    let mostHeldBytes = 0;
    const give = (): void => {
      while (!body.paused && givenBytes < BIG_BYTES) {
        givenBytes += piece.length;
        body.sink?.onChunk(piece);
        mostHeldBytes = Math.max(mostHeldBytes, givenBytes - takenBytes);
      }
      if (givenBytes === BIG_BYTES) {
        givenBytes += 1;
        body.sink?.onEnd();
      }
    };
    body.onRead = give;
    body.onResume = give;
    const result = await exchangeOn(transport, { method: 'POST', body });
    expect([result.failure, result.status]).toEqual([null, 200]);
    expect(takenBytes).toBeGreaterThanOrEqual(BIG_BYTES);
    expect(mostHeldBytes).toBeLessThan(HELD_BYTES_MAX);
    expect(body.pauses).toBeGreaterThan(3);
    expect(result.sendProgress).toBeGreaterThan(100);
  }, 60_000);
}

/** Runs something after the event loop has turned so many times. */
function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run();
  else setImmediate(() => afterTurns(turns - 1, run));
}
