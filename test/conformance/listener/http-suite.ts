/** What any listener does with HTTP/1.1 (RFC 9110, RFC 9112), seen from a bare socket on one side and a handler on the other. */
import { afterEach, describe, expect, test } from 'vitest';
import { type ListenerFactory, openWorld, readBody, respond, type Script, type World } from './world.js';

export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`;
export const post = (path: string, more: string, body = ''): string =>
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
    const limits = {
      headerBytes: 2_000,
      headerCount: 10,
      urlBytes: 100,
      exchanges: 1,
      messageBytes: 1_000,
      bodyBytes: 0,
    };

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
}
