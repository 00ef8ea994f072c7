/** What any listener does with HTTP/1.1 (RFC 9110, RFC 9112), seen from a bare socket on one side and a handler on the other. */
import { failure } from '@weir/proto/http/failures.js';
import { afterEach, describe, expect, test } from 'vitest';
import { type ListenerFactory, openWorld, readBody, respond, type Script, type World } from './world.js';

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;
const post = (path: string, more: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n${body}`;

/** Answers with method, path and body of what it was asked. */
export const echo: Script = (seen) => {
  readBody(seen, (body) => respond(seen, 200, `${seen.request.method} ${seen.request.path} [${body.text()}]`));
};

export function describeHttp(name: string, factory: ListenerFactory): void {
  let world: World | null = null;
  const open = async (...args: Parameters<typeof openWorld> extends [unknown, ...infer Rest] ? Rest : never) => {
    world = await openWorld(factory, ...args);
    return world;
  };
  afterEach(() => {
    world?.close();
    world = null;
  });

  describe(`${name}: requests`, () => {
    test('arrive with method, path, query, authority and fields as they were sent', async () => {
      const w = await open({}, (seen) => respond(seen, 200));
      const client = await w.connect();
      client.send('BREW /a%2Fb/../c;x?q=%20&r HTTP/1.1\r\nHost: A.Test:81\r\nX-One: 1\r\nx-one:  two \r\n\r\n');
      await client.answer();
      const { request } = await w.request(1);
      expect(request).toMatchObject({
        method: 'BREW',
        path: '/a%2Fb/../c;x',
        query: 'q=%20&r',
        authority: 'a.test:81',
        body: null,
      });
      expect(request.headers).toEqual(['host', 'A.Test:81', 'x-one', '1', 'x-one', 'two']);
      expect(request.exchange).toMatchObject({
        scheme: 'http',
        peerAddress: '127.0.0.1',
        clientAddress: '127.0.0.1',
        peerTrusted: false,
      });
    });

    test('keep a connection alive, in order, and close it when the client asks', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      for (const path of ['/1', '/2', '/3']) {
        client.send(get(path));
        expect((await client.answer()).body.toString()).toBe(`GET ${path} []`);
      }
      client.send(get('/4', 'Connection: close\r\n'));
      const last = await client.answer();
      expect(last.header('connection')).toBe('close');
      await client.closed();
      expect(w.listener.exchanges).toBe(0);
      await w.until(() => w.listener.connections === 0, 'closed connection');
    });

    test('that ask for close among other things are told so', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      client.send(get('/', 'Connection: x-hop, Close\r\n'));
      expect((await client.answer()).header('connection')).toBe('close');
    });

    test('that are pipelined and answered in their turn are answered in order', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      client.send(`${get('/1')}${post('/2', 'Content-Length: 3\r\n', 'abc')}${get('/3')}`);
      const bodies = [await client.answer(), await client.answer(), await client.answer()].map((a) =>
        a.body.toString(),
      );
      expect(bodies).toEqual(['GET /1 []', 'POST /2 [abc]', 'GET /3 []']);
    });

    test('with bodies of known and unknown length are delivered whole, in any cut', async () => {
      const w = await open({}, echo);
      const messages = [
        post('/k', 'Content-Length: 5\r\n', 'hello'),
        post('/c', 'Transfer-Encoding: chunked\r\n', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'),
      ];
      for (const message of messages) {
        const body = message.indexOf('\r\n\r\n') + 4;
        for (let cut = body; cut <= message.length; cut += 1) {
          const client = await w.connect();
          client.send(message.slice(0, cut));
          if (cut === body) await w.request();
          client.send(message.slice(cut));
          expect((await client.answer()).body.toString()).toContain('[hello]');
          client.close();
        }
      }
      expect(w.seen[0]?.request.body?.lengthBytes).toBe(5);
      expect(w.seen.at(-1)?.request.body?.lengthBytes).toBeNull();
      expect(w.seen[0]?.request.exchange.requestBytes).toBe(5);
    });

    test('with a body whole in the first packet have it delivered with its end at once', async () => {
      const events: string[] = [];
      const w = await open({}, (seen) => {
        seen.request.body?.read({
          onChunk: (chunk) => events.push(Buffer.from(chunk).toString()),
          onEnd: () => {
            events.push('end');
            respond(seen, 200);
          },
          onError: () => events.push('error'),
        });
        setImmediate(() => events.push('next turn'));
      });
      const client = await w.connect();
      client.send(post('/', 'Content-Length: 3\r\n', 'abc'));
      await client.answer();
      await w.until(() => events.length === 3, 'next turn');
      expect(events).toEqual(['abc', 'end', 'next turn']);
    });

    test('whose chunks are kept by the reader keep their bytes', async () => {
      const w = await open({}, (seen) => readBody(seen));
      const client = await w.connect();
      client.send(post('/', 'Content-Length: 6\r\n', 'abc'));
      const seen = await w.request(1);
      await w.until(() => seen.request.exchange.requestBytes === 3, 'first chunk');
      client.send('def');
      await w.until(() => seen.request.exchange.requestBytes === 6, 'second chunk');
      respond(seen, 200);
      await client.answer();
    });

    test('with Expect: 100-continue hear 100 before their body, and others 417', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      client.send(post('/', 'Expect: 100-continue\r\nContent-Length: 3\r\n'));
      await client.until(() => client.unread.startsWith('HTTP/1.1 100 Continue\r\n\r\n'), '100 Continue');
      client.send('abc');
      expect((await client.answer()).body.toString()).toBe('POST / [abc]');
      const other = await w.connect();
      other.send(post('/', 'Expect: the-unexpected\r\nContent-Length: 3\r\n'));
      expect((await other.answer()).status).toBe(417);
      await other.closed();
      expect(w.seen).toHaveLength(1);
      expect(w.refusals.map((refusal) => refusal.failure.code)).toEqual(['expectation_failed']);
    });

    test('answer OPTIONS like any other method', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      client.send('OPTIONS /x HTTP/1.1\r\nHost: a.test\r\n\r\n');
      expect((await client.answer()).body.toString()).toBe('OPTIONS /x []');
    });

    test('with bytes above 127 reach the upstream as the same bytes', async () => {
      const w = await open({}, (seen) => respond(seen, 200));
      const client = await w.connect();
      client.send('GET /caf\xc3\xa9?q=\xe2\x82\xac HTTP/1.1\r\nHost: a.test\r\nA: x\xc3\xa9x\r\nB: x\xe9x\r\n\r\n');
      await client.answer();
      const { request } = await w.request(1);
      expect([request.path, request.query]).toEqual(['/caf%C3%A9', 'q=%E2%82%AC']);
      expect(request.headers.slice(2)).toEqual(['a', 'x\xc3\xa9x', 'b', 'x\xe9x']);
    });
  });

  describe(`${name}: limits`, () => {
    const limits = { headerBytes: 2_000, headerCount: 10, urlBytes: 100, exchanges: 1, messageBytes: 1_000 };

    test('on target, field count and head size are refused with 414 and 431, and the connection closes', async () => {
      const w = await open({ limits }, echo);
      const cases: readonly (readonly [string, number])[] = [
        [get(`/${'a'.repeat(99)}`), 200],
        [get(`/${'a'.repeat(100)}`), 414],
        [get(`/a?${'b'.repeat(98)}`), 414],
        [get('/', Array.from({ length: 9 }, (_, i) => `h${i}: v\r\n`).join('')), 200],
        [get('/', Array.from({ length: 10 }, (_, i) => `h${i}: v\r\n`).join('')), 431],
        [get('/', `big: ${'x'.repeat(1_900)}\r\n`), 200],
        [get('/', `big: ${'x'.repeat(2_000)}\r\n`), 431],
      ];
      for (const [request, status] of cases) {
        const client = await w.connect();
        client.send(request);
        const answer = await client.answer();
        expect(answer.status).toBe(status);
        if (status !== 200) {
          expect(answer.header('content-type')).toBe('application/problem+json');
          await client.closed();
        }
      }
      expect(w.seen).toHaveLength(3);
      expect(w.refusals.map((refusal) => refusal.status)).toEqual([414, 414, 431, 431]);
    });

    test('hold for heads that come in pieces as well', async () => {
      const w = await open({ limits: { ...limits, headerBytes: 20_000 } }, echo);
      const client = await w.connect();
      const request = get('/', `big: ${'x'.repeat(12_000)}\r\n`);
      client.send(request.slice(0, 6_000));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(request.slice(6_000));
      expect((await client.answer()).status).toBe(200);
    });

    test('on exchanges are refused with 503 and Retry-After', async () => {
      const w = await open({ limits });
      const first = await w.connect();
      first.send(get('/1'));
      const seen = await w.request(1);
      const second = await w.connect();
      second.send(get('/2'));
      const refused = await second.answer();
      expect([refused.status, refused.header('retry-after')]).toEqual([503, '1']);
      respond(seen, 200);
      expect((await first.answer()).status).toBe(200);
      expect(w.listener.exchanges).toBe(0);
    });
  });

  describe(`${name}: responses`, () => {
    test('are framed anew, whatever fields an upstream sent', async () => {
      const w = await open({}, (seen) =>
        respond(seen, 200, 'body', [
          ...['content-length', '99', 'transfer-encoding', 'chunked', 'connection', 'x-hop', 'x-hop', '1'],
          ...['keep-alive', 'timeout=5', 'date', 'Thu, 01 Jan 1970 00:00:00 GMT', 'x-keep', 'yes'],
          ...['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-bytes', '\xe9'],
        ]),
      );
      const client = await w.connect();
      client.send(get('/'));
      const answer = await client.answer();
      const names = answer.headers.map(([each]) => each);
      expect(names.filter((each) => each === 'content-length')).toHaveLength(1);
      expect(names.filter((each) => each === 'date')).toHaveLength(1);
      expect(answer.header('date')).not.toContain('1970');
      expect(answer.header('content-length')).toBe('4');
      for (const gone of ['transfer-encoding', 'connection', 'x-hop', 'keep-alive']) expect(names).not.toContain(gone);
      expect(answer.headers.filter(([each]) => each === 'set-cookie').map(([, value]) => value)).toEqual([
        'a=1',
        'b=2',
      ]);
      expect([answer.header('x-keep'), answer.header('x-bytes')]).toEqual(['yes', '\xe9']);
    });

    test('without a body have none: HEAD, 204, 205, 304, and the connection goes on', async () => {
      const answers: Record<string, () => readonly [number, number | null]> = {
        '/head': () => [200, 1234],
        '/unknown': () => [200, null],
        '/204': () => [204, 0],
        '/205': () => [205, 0],
        '/304': () => [304, 10],
        '/empty': () => [200, 0],
      };
      const w = await open({}, (seen) => {
        const [status, lengthBytes] = answers[seen.request.path]?.() ?? [200, 2];
        seen.handler.onHeaders({ status, headers: [], lengthBytes, resume() {} });
        if (seen.request.path === '/') seen.handler.onData(Buffer.from('ok'));
        seen.handler.onComplete();
      });
      const client = await w.connect();
      const expected: readonly (readonly [string, string, number, string | undefined])[] = [
        ['HEAD', '/head', 200, '1234'],
        ['HEAD', '/unknown', 200, undefined],
        ['GET', '/204', 204, undefined],
        ['GET', '/205', 205, '0'],
        ['GET', '/304', 304, undefined],
        ['GET', '/empty', 200, '0'],
      ];
      for (const [method, path, status, length] of expected) {
        client.send(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
        const answer = await client.answer(method);
        expect([path, answer.status, answer.header('content-length')]).toEqual([path, status, length]);
        client.send(get('/'));
        expect((await client.answer()).body.toString()).toBe('ok');
      }
      expect(w.listener.exchanges).toBe(0);
    });

    test('of one turn with an unknown length get one, and go out in one piece', async () => {
      const w = await open({});
      const client = await w.connect();
      client.send(get('/'));
      const { handler } = await w.request(1);
      const packets: number[] = [];
      client.socket.on('data', (chunk) => packets.push(chunk.byteLength));
      handler.onHeaders({ status: 200, headers: ['a', 'b'], lengthBytes: null, resume() {} });
      handler.onData(Buffer.from('small'));
      handler.onComplete();
      const answer = await client.answer();
      expect([answer.header('content-length'), answer.body.toString(), packets.length]).toEqual(['5', 'small', 1]);
    });

    test('of unknown length are chunked, and each piece leaves at once', async () => {
      const w = await open({});
      const client = await w.connect();
      client.send(get('/'));
      const { handler } = await w.request(1);
      handler.onHeaders({ status: 200, headers: [], lengthBytes: null, resume() {} });
      handler.onData(Buffer.from('one'));
      await client.until(() => client.unread.includes('one'), 'first piece');
      handler.onData(Buffer.from('two'));
      await client.until(() => client.unread.includes('two'), 'second piece');
      handler.onComplete();
      const answer = await client.answer();
      expect([answer.header('transfer-encoding'), answer.body.toString()]).toEqual(['chunked', 'onetwo']);
    });

    test('of known length send their head when the turn is over, before any body', async () => {
      const w = await open({});
      const client = await w.connect();
      client.send(get('/'));
      const { handler } = await w.request(1);
      handler.onHeaders({ status: 200, headers: [], lengthBytes: 4, resume() {} });
      await client.until(() => client.unread.includes('Content-Length: 4\r\n\r\n'), 'head');
      handler.onData(Buffer.from('bo'));
      handler.onData(Buffer.from('dy'));
      handler.onComplete();
      expect((await client.answer()).body.toString()).toBe('body');
      client.send(get('/'));
      await w.request(2);
    });

    test('that fail in their body close the connection before the end, known length or not', async () => {
      const w = await open({});
      for (const lengthBytes of [10, null]) {
        const client = await w.connect();
        client.send(get('/'));
        const { handler } = await w.request();
        handler.onHeaders({ status: 200, headers: [], lengthBytes, resume() {} });
        handler.onData(Buffer.from('half'));
        await client.until(() => client.unread.includes('half'), 'first half');
        handler.onError(failure('response_incomplete', 'the upstream broke off'));
        await client.closed();
        expect(client.unread).not.toMatch(/\r\n0\r\n\r\n$/);
        await expect(client.answer()).rejects.toThrow('closed before');
      }
      expect(w.listener.exchanges).toBe(0);
    });

    test('shorter or longer than announced are bugs below, and broken visibly', async () => {
      const w = await open({});
      for (const body of ['abc', 'abcdefgh']) {
        const client = await w.connect();
        client.send(get('/'));
        const { handler } = await w.request();
        handler.onHeaders({ status: 200, headers: [], lengthBytes: 5, resume() {} });
        handler.onData(Buffer.from(body));
        handler.onComplete();
        await client.closed();
        await expect(client.answer()).rejects.toThrow('closed before');
      }
      expect(w.bugs).toHaveLength(2);
    });

    test('are made here, plainly, for a failure that nobody answered and for a dispatch that throws', async () => {
      const w = await open({}, (seen) => {
        if (seen.request.path === '/throw') throw new Error('a bug');
        seen.handler.onError(failure('connection_refused', 'nobody there'));
      });
      const client = await w.connect();
      client.send(get('/fail'));
      expect((await client.answer()).status).toBe(502);
      const other = await w.connect();
      other.send(get('/throw'));
      expect((await other.answer()).status).toBe(500);
      expect(w.bugs.map(String)).toEqual(['Error: a bug']);
      expect(w.listener.exchanges).toBe(0);
    });

    test('with a field that holds a line break are not sent', async () => {
      const w = await open({}, (seen) => respond(seen, 302, '', ['location', '/\r\nset-cookie: stolen=1']));
      const client = await w.connect();
      client.send(get('/'));
      await client.closed();
      expect(client.unread).not.toContain('stolen');
      expect(w.bugs).toHaveLength(1);
    });

    test('that are complete before a long request body tell the client to stop', async () => {
      const w = await open({}, (seen) => respond(seen, 413, 'too large'));
      const client = await w.connect();
      client.send(post('/', 'Content-Length: 10000000\r\n', 'x'.repeat(100_000)));
      const answer = await client.answer();
      expect([answer.status, answer.header('connection')]).toEqual([413, 'close']);
      const small = await w.connect();
      small.send(post('/', 'Content-Length: 3\r\n', 'abc'));
      expect((await small.answer()).header('connection')).toBeUndefined();
      small.send(get('/'));
      expect((await small.answer()).status).toBe(413);
    });
  });

  describe(`${name}: clients that leave`, () => {
    test('cancel what was dispatched at once, before and in the response', async () => {
      const w = await open({});
      for (const begun of [false, true]) {
        const client = await w.connect();
        client.send(get('/'));
        const seen = await w.request();
        if (begun) {
          seen.handler.onHeaders({ status: 200, headers: [], lengthBytes: 100, resume() {} });
          seen.handler.onData(Buffer.from('part'));
          await client.until(() => client.unread.includes('part'), 'part');
        }
        client.close();
        await w.until(() => seen.cancelled, 'cancel');
        // Late callbacks of a source that has not heard yet must be harmless.
        if (begun) seen.handler.onData(Buffer.from('late'));
        seen.handler.onError(failure('connection_closed', 'late'));
      }
      expect([w.listener.exchanges, w.bugs]).toEqual([0, []]);
    });

    test('break the request body with client_gone', async () => {
      const w = await open({});
      const client = await w.connect();
      client.send(post('/', 'Content-Length: 100\r\n', 'part'));
      const seen = await w.request(1);
      const body = readBody(seen);
      await w.until(() => body.bytes() === 4, 'first bytes');
      client.close();
      await w.until(() => body.failure !== null, 'failure');
      expect([body.failure?.code, seen.cancelled]).toEqual(['client_gone', true]);
    });

    test('are not cancelled once the response is whole', async () => {
      const w = await open({}, echo);
      const client = await w.connect();
      client.send(get('/'));
      await client.answer();
      client.close();
      await w.until(() => w.listener.connections === 0, 'close');
      expect(w.seen[0]?.cancelled).toBe(false);
    });
  });
}
