/** HTTP/2 to upstreams: many streams on one connection, and each way in which a stream or a session can end. */
import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type IssuedCertificate } from './certificates.js';
import {
  bodyOf,
  exchangeOn,
  liveTransport,
  Recorder,
  requestOf,
  TestBody,
  type Transport,
  type TransportTarget,
  until,
} from './harness.js';
import { frame, rawHttp2Server } from './raw-http2.js';
import { closeServer, listen } from './servers.js';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]) => void;

interface Upstream {
  readonly transport: Transport;
  readonly sessions: ServerHttp2Session[];
  readonly sockets: Socket[];
}

describe('HTTP/2 to an upstream', () => {
  let authority: Authority;
  let certificate: IssuedCertificate;
  const open: { close(): unknown }[] = [];
  beforeAll(() => {
    authority = createAuthority();
    certificate = authority.issue('upstream.test', 'IP:127.0.0.1');
  });
  afterAll(() => authority.remove());
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  const serve = async (onStream: OnStream, target: Partial<TransportTarget> = {}, settings = {}): Promise<Upstream> => {
    const sockets: Socket[] = [];
    const sessions: ServerHttp2Session[] = [];
    const plain = target.scheme === 'http';
    const server: Http2Server = plain
      ? createServer({ settings })
      : createSecureServer({ cert: certificate.cert, key: certificate.key, settings });
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('session', (session) => {
      sessions.push(session);
      session.on('error', () => {});
    });
    server.on('stream', (stream, headers, _flags, ...more: unknown[]) => {
      stream.on('error', () => {});
      onStream(stream, headers, more[0] as string[]); // Node passes the raw list fourth.
    });
    const port = await listen(server);
    const transport = liveTransport({
      port,
      scheme: 'https',
      protocol: 'auto',
      tls: { caFile: authority.caFile },
      ...target,
    });
    open.push({ close: () => closeServer(server, sockets) }, transport);
    return { transport, sessions, sockets };
  };
  const answer: OnStream = (stream) => {
    stream.respond({ ':status': 200, 'x-a': ['1', '2'] });
    stream.end('ok');
  };

  it('is chosen by ALPN, and carries head, fields and body both ways', async () => {
    let seen: string[] = [];
    let body = '';
    const { transport } = await serve((stream, _headers, raw) => {
      seen = raw;
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        body += chunk;
      });
      stream.on('end', () => answer(stream, {}, []));
    });
    const headers = ['x-b', '1', 'connection', 'x-c', 'x-b', '2', 'transfer-encoding', 'chunked'];
    const options = { method: 'POST', path: '/p', query: 'q=1', headers, body: bodyOf(['hel', 'lo'], true) };
    const result = await exchangeOn(transport, options);
    expect([result.status, result.text, result.completed, result.violations]).toEqual([200, 'ok', true, []]);
    expect(result.phases).toEqual(['connect', 'tls', 'send', 'firstByte', 'body']);
    expect(result.head?.headers.filter((_, at, all) => all[at - (at % 2)] === 'x-a')).toEqual(['x-a', '1', 'x-a', '2']);
    expect(body).toBe('hello');
    expect(seen).toEqual(
      expect.arrayContaining([':method', 'POST', ':path', '/p?q=1', ':authority', 'api.test', 'content-length', '5']),
    );
    expect(seen.filter((_, at, all) => all[at - (at % 2)] === 'x-b').join()).toBe('x-b,1,x-b,2');
    expect(seen.join()).not.toMatch(/transfer-encoding|connection|host,/);
  });

  it('speaks without TLS where the configuration says that the upstream does', async () => {
    const { transport } = await serve(answer, { scheme: 'http', protocol: 'http2' });
    const result = await exchangeOn(transport);
    expect([result.text, result.phases]).toEqual(['ok', ['connect', 'firstByte', 'body']]);
  });

  it('puts a hundred requests on one connection at once', async () => {
    const waiting: ServerHttp2Stream[] = [];
    const { transport, sessions } = await serve(
      (stream) => {
        waiting.push(stream);
        if (waiting.length === 100) for (const each of waiting) answer(each, {}, []);
      },
      { pool: { connections: 4 } },
    );
    const first = new Recorder();
    transport.dispatch(requestOf(), first); // Which protocol it will be is not known before the first connection stands.
    await until('the first one is there', () => waiting.length === 1);
    const results = await Promise.all(Array.from({ length: 99 }, () => exchangeOn(transport)));
    await first.ended;
    expect(results.every((result) => result.text === 'ok')).toBe(true);
    expect(sessions.length).toBe(1);
    expect(transport.stats()).toMatchObject({ open: 1, idle: 1, waiting: 0 });
  });

  it('keeps to the number of streams that the upstream allows', async () => {
    let running = 0;
    let most = 0;
    const { transport } = await serve(
      (stream) => {
        running += 1;
        most = Math.max(most, running);
        setImmediate(() => {
          running -= 1;
          answer(stream, {}, []);
        });
      },
      { pool: { connections: 1, queue: 100 } },
      { maxConcurrentStreams: 3 },
    );
    await exchangeOn(transport);
    const results = await Promise.all(Array.from({ length: 40 }, () => exchangeOn(transport)));
    expect(results.every((result) => result.text === 'ok')).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('lets streamed bodies run beside other requests', async () => {
    const { transport, sessions } = await serve((stream, headers) => {
      if (headers[':path'] === '/slow') stream.on('data', () => {}).on('end', () => answer(stream, {}, []));
      else answer(stream, {}, []);
    });
    await exchangeOn(transport);
    const body = new TestBody(null);
    const slow = new Recorder();
    transport.dispatch(requestOf({ method: 'POST', path: '/slow', body }), slow);
    await until('the body is read', () => body.sink !== null);
    expect((await exchangeOn(transport)).text).toBe('ok');
    expect((await exchangeOn(transport, { method: 'POST', body: bodyOf(['x'], false) })).text).toBe('ok');
    body.sink?.onChunk(Buffer.from('x'));
    body.sink?.onEnd();
    await slow.ended;
    expect([slow.text, sessions.length]).toEqual(['ok', 1]);
  });

  it('drops interim answers and trailers, and loses nothing of an answer that has trailers and a slow reader', async () => {
    const whole = 'x'.repeat(300_000);
    const { transport } = await serve((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(whole);
    });
    const recorder = new Recorder();
    recorder.accept = () => {
      setImmediate(() => setImmediate(() => recorder.head?.resume()));
      return false;
    };
    transport.dispatch(requestOf(), recorder);
    await recorder.ended;
    expect([recorder.status, recorder.receivedBytes, recorder.completed]).toEqual([200, whole.length, true]);
    expect(recorder.violations).toEqual([]);
  });

  it.each([
    ['HEAD', 200, 1234],
    ['GET', 204, 0],
    ['GET', 304, 0],
  ])('reads the answer without a body to %s (%i)', async (method, status, lengthBytes) => {
    const { transport } = await serve((stream) => {
      stream.respond({ ':status': status, ...(status === 204 ? {} : { 'content-length': 1234 }) }, { endStream: true });
    });
    const result = await exchangeOn(transport, { method });
    expect([result.failure, result.status, result.head?.lengthBytes, result.completed]).toEqual([
      null,
      status,
      lengthBytes,
      true,
    ]);
  });

  describe.each([
    ['without a length', []],
    ['of known length', [0x0f, 0x0d, 0x03, ...Buffer.from('100')]],
  ])('in the middle of an answer %s', (_what, lengthField) => {
    it.each([
      ['the stream is reset with INTERNAL_ERROR', frame(3, 0, 1, [0, 0, 0, 2])],
      ['the stream is reset with CANCEL', frame(3, 0, 1, [0, 0, 0, 8])],
      ['the stream is reset with REFUSED_STREAM', frame(3, 0, 1, [0, 0, 0, 7])],
      ['the session goes away with an error', frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 2])],
      ['this side closes', 'close'],
      ['the connection closes', null],
    ])('never completes it when %s', async (_how, bytes) => {
      const server = await rawHttp2Server((socket) => {
        socket.write(frame(1, 4, 1, [0x88, ...lengthField]));
        socket.write(frame(0, 0, 1, [...Buffer.from('part')]));
      });
      const transport = liveTransport({ port: server.port, protocol: 'http2' });
      open.push(server, transport);
      const recorder = new Recorder();
      transport.dispatch(requestOf(), recorder);
      await until('a part is here', () => recorder.text === 'part');
      if (bytes === null) server.sockets[0]?.end();
      else if (bytes === 'close') transport.close();
      else if (typeof bytes !== 'string') server.sockets[0]?.write(bytes);
      await recorder.ended;
      expect([recorder.failure?.code, recorder.completed, recorder.violations]).toEqual([
        'response_incomplete',
        false,
        [],
      ]);
    });
  });

  it.each([
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame on the wrong stream', frame(0, 0, 0, [1])],
  ])('sends the next requests elsewhere after a session that says %s', async (_what, bytes) => {
    const server = await rawHttp2Server((socket, stream) => {
      if (server.sockets.length === 1) socket.write(bytes);
      else socket.write(Buffer.concat([frame(1, 4, stream, [0x88]), frame(0, 1, stream, [...Buffer.from('ok')])]));
    });
    const transport = liveTransport({ port: server.port, protocol: 'http2' });
    open.push(server, transport);
    const first = new Recorder();
    const cancel = transport.dispatch(requestOf(), first);
    await until('the nonsense was answered', () => server.goAways > 0);
    cancel(); // As the timer of the attempt would: nothing comes on this session any more.
    first.cancelled();
    const second = await exchangeOn(transport, { method: 'POST', body: bodyOf(['x'], true) });
    expect([second.text, first.violations]).toEqual(['ok', []]);
    await exchangeOn(transport);
    expect(server.sockets.length).toBe(2);
  });

  it.each([
    ['END_STREAM', [frame(0, 1, 1, [])]],
    ['a reset without an error', [frame(3, 0, 1, [0, 0, 0, 0])]],
  ])('does not complete an answer that %s ends short of its length', async (_what, frames) => {
    const server = await rawHttp2Server((socket) => {
      socket.write(frame(1, 4, 1, [0x88, 0x0f, 0x0d, 0x03, ...Buffer.from('100')]));
      socket.write(frame(0, 0, 1, [...Buffer.from('part')]));
      for (const each of frames) socket.write(each);
    });
    const transport = liveTransport({ port: server.port, protocol: 'http2' });
    open.push(server, transport);
    const result = await exchangeOn(transport);
    expect([result.failure?.code, result.completed, result.violations]).toEqual(['response_incomplete', false, []]);
  });

  it('says that nothing was done when the upstream refused the stream', async () => {
    const { transport } = await serve((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    const result = await exchangeOn(transport, { method: 'POST', body: bodyOf(['x'], true) });
    expect(result.failure?.code).toBe('connection_closed_unsent');
  });

  it('lets running streams finish after GOAWAY, and sends the next request elsewhere', async () => {
    const held: ServerHttp2Stream[] = [];
    const { transport, sessions } = await serve((stream, headers) => {
      if (headers[':path'] === '/held') held.push(stream);
      else answer(stream, {}, []);
    });
    const running = new Recorder();
    transport.dispatch(requestOf({ path: '/held' }), running);
    await until('it runs', () => held.length === 1);
    sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    await until('the session is not used any more', () => transport.stats().idle === 0);
    await new Promise((resolve) => sessions[0]?.ping(() => resolve(null)));
    expect((await exchangeOn(transport)).text).toBe('ok');
    expect(sessions.length).toBe(2);
    for (const stream of held) answer(stream, {}, []);
    await running.ended;
    expect([running.text, running.failure]).toEqual(['ok', null]);
  });

  it.each(['DELETE', 'POST'])('never repeats %s by itself when the connection dies under it', async (method) => {
    let count = 0;
    const { transport } = await serve((stream) => {
      count += 1;
      if (count === 1) answer(stream, {}, []);
      else stream.session?.destroy();
    });
    await exchangeOn(transport);
    const body = method === 'POST' ? bodyOf(['x'], true) : null;
    const second = await exchangeOn(transport, { method, body });
    expect([second.failure?.code, count]).toEqual(['connection_closed', 2]);
  });

  it('resets only the stream that is cancelled', async () => {
    const streams: ServerHttp2Stream[] = [];
    const { transport, sessions } = await serve((stream) => {
      streams.push(stream);
      stream.respond({ ':status': 200 });
      stream.write('part');
    });
    const [a, b] = [new Recorder(), new Recorder()];
    const cancel = transport.dispatch(requestOf(), a);
    await until('the first one runs', () => a.text === 'part');
    transport.dispatch(requestOf(), b);
    await until('the other one runs', () => b.text === 'part');
    cancel();
    a.cancelled();
    await until('the stream is reset', () => streams[0]?.rstCode === constants.NGHTTP2_CANCEL);
    streams[1]?.end('more');
    await b.ended;
    expect([b.text, a.violations, sessions.length, transport.stats().open]).toEqual(['partmore', [], 1, 1]);
  });

  it('keeps the connection when requests are given up before anything came', async () => {
    const answering: ServerHttp2Stream[] = [];
    const { transport, sessions } = await serve((stream) => {
      stream.on('error', () => {});
      answering.push(stream);
    });
    for (let i = 1; i <= 30; i += 1) {
      const impatient = new Recorder();
      const cancel = transport.dispatch(requestOf(), impatient);
      await until('the request is there', () => answering.length === i);
      cancel();
      impatient.cancelled();
    }
    const patient = exchangeOn(transport, {});
    await until('the request is there', () => answering.length === 31);
    answering.at(-1)?.respond({ ':status': 200 });
    answering.at(-1)?.end('late');
    expect((await patient).text).toBe('late');
    // Where a PING was not answered yet, the next request may have gone over a second connection; both are kept.
    expect(sessions.length).toBeLessThan(4);
    expect(transport.stats().open).toBe(sessions.length);
  });

  it('leaves a connection whose peer does not even answer a PING', async () => {
    const sockets: Socket[] = [];
    const pings: Buffer[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      // Empty SETTINGS, and then nothing.
      socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      socket.on('data', (bytes) => pings.push(bytes));
    });
    const port = await listen(server);
    open.push({ close: () => closeServer(server, sockets) });
    const transport = liveTransport({ port, protocol: 'http2' });
    open.push(transport);
    const given = new Recorder();
    const cancel = transport.dispatch(requestOf(), given);
    await until('it waits for an answer', () => given.phases.at(-1) === 'firstByte');
    await until('the request is there', () => Buffer.concat(pings).length > 60);
    cancel();
    given.cancelled();
    await until('the connection is not used any more', () => transport.stats().idle === 0);
    transport.dispatch(requestOf(), new Recorder());
    await until('another connection is there', () => sockets.length === 2);
  });

  it('passes on the failure of a body, and resets the stream', async () => {
    const streams: ServerHttp2Stream[] = [];
    const { transport } = await serve((stream) => streams.push(stream.resume() as ServerHttp2Stream)); // resume() returns its stream.
    const body = new TestBody(null);
    const recorder = new Recorder();
    transport.dispatch(requestOf({ method: 'POST', body }), recorder);
    await until('the stream is there', () => streams.length === 1);
    body.sink?.onError({ code: 'client_gone', detail: 'gone' });
    await recorder.ended;
    expect(recorder.failure?.code).toBe('client_gone');
    await until('the stream is reset', () => streams[0]?.rstCode === constants.NGHTTP2_CANCEL);
  });

  it('keeps memory bounded both ways: neither side runs ahead of a slow one', async () => {
    const MIB = 1024 * 1024;
    const wholeBytes = 64 * MIB;
    let writtenBytes = 0;
    let takenBytes = 0;
    const piece = Buffer.alloc(128 * 1024, 'x');
    const { transport } = await serve((stream, headers) => {
      if (headers[':method'] === 'POST') {
        stream.on('data', (chunk: Buffer) => {
          takenBytes += chunk.length;
          stream.pause();
          setImmediate(() => stream.resume());
        });
        stream.on('end', () => answer(stream, {}, []));
        return;
      }
      stream.respond({ ':status': 200 });
      const fill = (): void => {
        while (writtenBytes < wholeBytes) {
          writtenBytes += piece.length;
          if (!stream.write(piece)) return;
        }
        stream.end();
      };
      stream.on('drain', fill);
      fill();
    });
    const down = new Recorder();
    down.keepChunks = false;
    let mostHeldBytes = 0;
    down.accept = () => {
      mostHeldBytes = Math.max(mostHeldBytes, writtenBytes - down.receivedBytes);
      setImmediate(() => down.head?.resume());
      return false;
    };
    transport.dispatch(requestOf(), down);
    await down.ended;
    expect([down.receivedBytes, down.completed]).toEqual([wholeBytes, true]);
    expect(mostHeldBytes).toBeLessThan(4 * MIB);

    const body = new TestBody(null);
    let givenBytes = 0;
    let mostAheadBytes = 0;
    const give = (): void => {
      while (!body.paused && givenBytes < wholeBytes) {
        givenBytes += piece.length;
        body.sink?.onChunk(piece);
        mostAheadBytes = Math.max(mostAheadBytes, givenBytes - takenBytes);
      }
      if (givenBytes === wholeBytes) {
        givenBytes += 1;
        body.sink?.onEnd();
      }
    };
    body.onRead = give;
    body.onResume = give;
    const up = await exchangeOn(transport, { method: 'POST', body });
    expect([up.text, takenBytes]).toEqual(['ok', wholeBytes]);
    expect(mostAheadBytes).toBeLessThan(4 * MIB);
    expect(up.sendProgress).toBeGreaterThan(100);
  }, 60_000);

  it.each([
    [
      'too many interim answers',
      (stream: ServerHttp2Stream) => {
        for (let i = 0; i < 40; i += 1) stream.additionalHeaders({ ':status': 103, 'x-i': String(i) });
        answer(stream, {}, []);
      },
      'response_malformed',
    ],
    [
      'a head above the limit',
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'x-big': 'a'.repeat(60_000) });
        stream.end('ok');
      },
      'response_head_too_large',
    ],
  ])('refuses %s', async (_what, say, code) => {
    const { transport } = await serve((stream) => say(stream));
    const result = await exchangeOn(transport);
    expect([result.failure?.code, result.violations]).toEqual([code, []]);
  });
});
