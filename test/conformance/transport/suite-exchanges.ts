/** Conformance: one exchange at a time. Methods, heads, framing of answers, phases, failures. */
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { bodyOf, exchangeOn, Recorder, requestOf, type Transport, type TransportFactory, until } from './harness.js';
import { type Answer, type RawServer, rawServer } from './servers.js';

export function exchangeCases(create: TransportFactory): void {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const setUp = async (answer: Answer, host = '127.0.0.1'): Promise<[Transport, RawServer]> => {
    const server = await rawServer(answer, host);
    const transport = create({ port: server.port, host });
    open.push(server, transport);
    return [transport, server];
  };
  const ok = (body: string, fields = ''): string =>
    `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'sends %s as it is',
    async (method) => {
      const [transport, server] = await setUp((socket) => socket.write(method === 'HEAD' ? ok('') : ok('yes')));
      const result = await exchangeOn(transport, { method, path: '/a%20b', query: 'x=1&y=%2F' });
      expect(server.heads[0]).toMatch(new RegExp(`^${method} /a%20b\\?x=1&y=%2F HTTP/1\\.1\\r\\n`));
      expect([result.status, result.text, result.completed]).toEqual([200, method === 'HEAD' ? '' : 'yes', true]);
      expect(result.violations).toEqual([]);
    },
  );

  it('sends the fields in order and keeps repeats, and frames the message itself', async () => {
    const [transport, server] = await setUp((socket) => socket.write(ok('')));
    const headers = [
      'x-a',
      '1',
      'content-length',
      '999',
      'x-b',
      '2',
      'x-a',
      '3',
      'transfer-encoding',
      'chunked',
      'expect',
      '100-continue',
    ];
    await exchangeOn(transport, { headers });
    const head = server.heads[0] ?? '';
    expect(head.match(/\r\nx-[ab]: \d/g)).toEqual(['\r\nx-a: 1', '\r\nx-b: 2', '\r\nx-a: 3']);
    expect(head).toMatch(/\r\nhost: api\.test\r\n/i);
    expect(head).not.toMatch(/content-length|transfer-encoding|expect/i);
  });

  it.each([
    ['a field value', ['x-a', 'b\r\nx-evil: 1']],
    ['a field name', ['x-a: 1\r\nx-evil', '1']],
    ['a value with NUL', ['x-a', 'b\0c']],
  ])('sends nothing when %s would break the head', async (_what, headers) => {
    const [transport, server] = await setUp((socket) => socket.write(ok('')));
    const result = await exchangeOn(transport, { headers });
    expect(result.failure?.code).toBe('bad_request');
    expect(server.heads).toEqual([]);
    expect((await exchangeOn(transport)).status).toBe(200);
  });

  it('sends nothing when the path would break the request line', async () => {
    const [transport, server] = await setUp((socket) => socket.write(ok('')));
    const result = await exchangeOn(transport, { path: '/a HTTP/1.1\r\nx-evil: 1' });
    expect(result.failure?.code).toBe('bad_request');
    expect(server.heads).toEqual([]);
  });

  it('passes the answer’s fields up as a flat list, names lowered, order, repeats and latin1 kept', async () => {
    const [transport] = await setUp((socket) =>
      socket.write(Buffer.from(ok('', 'Set-Cookie: a=1 \t \r\nX-Name: \t caf\xe9\r\nSet-Cookie: b=2\r\n'), 'latin1')),
    );
    const result = await exchangeOn(transport);
    expect(result.head?.headers).toEqual([
      'set-cookie',
      'a=1',
      'x-name',
      'caf\xe9',
      'set-cookie',
      'b=2',
      'content-length',
      '0',
    ]);
  });

  it.each([
    ['a Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 5, 'hello', false],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-T: 1\r\n\r\n',
      null,
      'hello',
      false,
    ],
    ['its close', 'HTTP/1.1 200 OK\r\n\r\nhello', null, 'hello', true],
    ['its close, by HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', null, 'hello', true],
    ['nothing (204)', 'HTTP/1.1 204 No Content\r\n\r\n', 0, '', false],
    ['nothing (304)', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n', 0, '', false],
    ['a length of zero', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 0, '', false],
  ])('reads an answer that is delimited by %s', async (_what, bytes, lengthBytes, text, closes) => {
    const [transport] = await setUp((socket) => {
      socket.write(bytes);
      if (closes) socket.end();
    });
    const result = await exchangeOn(transport);
    expect([result.head?.lengthBytes, result.text, result.completed]).toEqual([lengthBytes, text, true]);
    expect(result.violations).toEqual([]);
  });

  it('reads an answer that comes byte by byte', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    const [transport] = await setUp((socket) => drip(socket, bytes));
    const result = await exchangeOn(transport);
    expect([result.status, result.field('x-a'), result.text]).toEqual([200, 'b', 'hello']);
  });

  it('gives a HEAD answer the length that GET would have, without a body, and keeps the connection', async () => {
    const [transport, server] = await setUp((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nConnection: keep-alive\r\n\r\n'),
    );
    const first = await exchangeOn(transport, { method: 'HEAD' });
    expect([first.head?.lengthBytes, first.receivedBytes, first.completed]).toEqual([1234, 0, true]);
    await exchangeOn(transport, { method: 'HEAD' });
    expect(server.sockets.length).toBe(1);
  });

  it('drops interim answers', async () => {
    const interim = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const [transport] = await setUp((socket) => socket.write(interim + ok('final')));
    const result = await exchangeOn(transport);
    expect([result.status, result.text, result.field('link')]).toEqual([200, 'final', undefined]);
    expect(result.violations).toEqual([]);
  });

  it('drops a 100 that nobody asked for (RFC 9110 §15.2)', async () => {
    const [transport] = await setUp((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok('final')}`));
    const result = await exchangeOn(transport, { method: 'POST', body: bodyOf(['x'], true) });
    expect([result.status, result.text]).toEqual([200, 'final']);
  });

  it('reports its phases in order: connect, firstByte, body; and send when there is a body', async () => {
    const [transport] = await setUp((socket) => socket.write(ok('')));
    expect((await exchangeOn(transport)).phases).toEqual(['connect', 'firstByte', 'body']);
    expect((await exchangeOn(transport)).phases).toEqual(['firstByte', 'body']);
    const post = await exchangeOn(transport, { method: 'POST', body: bodyOf(['abc'], true) });
    expect(post.phases).toEqual(['send', 'firstByte', 'body']);
    const streamed = await exchangeOn(transport, { method: 'POST', body: bodyOf(['abc'], false) });
    expect(streamed.phases).toEqual(['send', 'firstByte', 'body']);
    expect(streamed.sendProgress).toBeGreaterThan(0);
  });

  it('names a refused connection', async () => {
    const server = await rawServer(() => {});
    await server.close();
    const transport = create({ port: server.port });
    open.push(transport);
    const result = await exchangeOn(transport);
    expect(result.failure?.code).toBe('connection_refused');
    expect(result.failure?.cause).toBeInstanceOf(Error);
    expect(transport.stats()).toMatchObject({ open: 0, connecting: 0, waiting: 0 });
  });

  it.each([
    ['before any answer', '', 'connection_closed'],
    ['in the head', 'HTTP/1.1 200 OK\r\nContent-', 'response_incomplete'],
    ['in a body of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell', 'response_incomplete'],
    ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n', 'response_incomplete'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhell', 'response_incomplete'],
  ])('reports an upstream that hangs up or resets %s, and never completes', async (_what, bytes, code) => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const [transport] = await setUp((socket) => {
        if (bytes === '') socket[how]();
        else socket.write(bytes, () => setImmediate(() => socket[how]()));
      });
      const result = await exchangeOn(transport);
      // A reset may overtake what was sent before it; then less of the answer was seen.
      const codes = how === 'end' ? [code] : [code, 'connection_closed', 'response_incomplete'];
      expect(codes).toContain(result.failure?.code);
      expect([result.completed, result.violations]).toEqual([false, []]);
      await until('the slot is free', () => transport.stats().open === 0);
    }
  });

  it('refuses a head above the limit', async () => {
    const [transport] = await setUp((socket) => socket.write(ok('', `X-Big: ${'a'.repeat(40_000)}\r\n`)));
    expect((await exchangeOn(transport)).failure?.code).toBe('response_head_too_large');
  });

  it('takes a head just below the limit', async () => {
    const [transport] = await setUp((socket) => socket.write(ok('', `X-Big: ${'a'.repeat(31_000)}\r\n`)));
    expect((await exchangeOn(transport)).field('x-big')?.length).toBe(31_000);
  });

  it('reaches an IPv6 address', async (context) => {
    const probe = await rawServer(() => {}, '::1').catch(() => null);
    if (probe === null) return context.skip('this machine has no IPv6 loopback');
    await probe.close();
    const [transport] = await setUp((socket) => socket.write(ok('six')), '::1');
    expect((await exchangeOn(transport)).text).toBe('six');
  });

  it('answers a refused upgrade status as an error, not as a tunnel', async () => {
    const [transport] = await setUp((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    );
    expect((await exchangeOn(transport)).failure?.code).toBe('response_malformed');
  });

  it('may be cancelled from within any callback, and is silent from then on', async () => {
    for (const moment of ['connect', 'send', 'firstByte', 'body', 'head', 'data'] as const) {
      const [transport, server] = await setUp((socket) => socket.write(ok('hello')));
      const recorder = new Recorder();
      let cancel: (() => void) | null = null;
      let wanted = false;
      const stop = (): void => {
        wanted = true;
        cancel?.();
        if (cancel !== null) recorder.cancelled();
      };
      recorder.onPhaseHook = (phase) => (phase === moment ? stop() : undefined);
      recorder.onHead = () => (moment === 'head' ? stop() : undefined);
      recorder.accept = () => {
        if (moment === 'data') stop();
        return true;
      };
      cancel = transport.dispatch(requestOf({ method: 'POST', body: bodyOf(['x'], false) }), recorder);
      if (wanted) stop();
      await until(`the cancel at ${moment} was made`, () => wanted);
      await until('nothing is left of it', () => {
        const { open: connections, connecting, waiting } = transport.stats();
        return (
          connections + connecting + waiting === 0 &&
          server.sockets.every((socket) => socket.destroyed || socket.closed || socket.readableEnded)
        );
      });
      expect([moment, recorder.violations]).toEqual([moment, []]);
    }
  });
}

/** Writes one byte after the other, each in a packet of its own as far as the kernel allows. */
function drip(socket: Socket, bytes: string, at = 0): void {
  if (at === bytes.length) return;
  socket.write(bytes[at] ?? '', 'latin1', () => setImmediate(() => drip(socket, bytes, at + 1)));
}
