/** What any listener writes (RFC 9110, RFC 9112): framing, held heads, broken messages, and clients that leave in between. */
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import { failure } from '@weir/proto/http/failures.js';
import { afterEach, describe, expect, test } from 'vitest';
import { echo, get, post } from './http-suite.js';
import { type ListenerFactory, openWorld, readBody, respond, type Seen, type World } from './world.js';

export function describeResponses(name: string, factory: ListenerFactory): void {
  let world: World | null = null;
  const open = async (...args: Parameters<typeof openWorld> extends [unknown, ...infer Rest] ? Rest : never) => {
    world = await openWorld(factory, ...args);
    return world;
  };
  afterEach(() => {
    world?.close();
    world = null;
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

    test('of 205 lose the body that an upstream sends with it', async () => {
      const w = await open({}, (seen) => {
        seen.handler.onHeaders({
          status: 205,
          headers: [],
          lengthBytes: seen.request.path === '/known' ? 4 : null,
          resume() {},
        });
        expect(seen.handler.onData(Buffer.from('body'))).toBe(true);
        seen.handler.onComplete();
      });
      const client = await w.connect();
      for (const path of ['/known', '/unknown']) {
        client.send(get(path));
        const answer = await client.answer();
        expect([answer.status, answer.header('content-length'), client.unread]).toEqual([205, '0', '']);
      }
      expect(w.bugs).toEqual([]);
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
      // One that is still sending, and reads only afterwards, must find the answer and not a reset.
      const stubborn = await w.connect({ paused: true });
      stubborn.send(post('/', 'Content-Length: 10000000\r\n'));
      await w.request(2);
      await new Promise((resolve) => stubborn.socket.write(Buffer.alloc(8_000_000), resolve));
      stubborn.socket.resume();
      expect((await stubborn.answer()).status).toBe(413);
      const small = await w.connect();
      small.send(post('/', 'Content-Length: 3\r\n', 'abc'));
      expect((await small.answer()).header('connection')).toBeUndefined();
      small.send(get('/'));
      expect((await small.answer()).status).toBe(413);
    });

    const early: Record<string, (seen: Seen) => void> = {
      'with a body': (seen) => respond(seen, 413, 'too large'),
      'with a long body': (seen) => respond(seen, 413, Buffer.alloc(400_000, 'x')),
      'with an empty body': (seen) => respond(seen, 401),
      'without a body': (seen) => respond(seen, 204),
      'in two pieces': (seen) => {
        seen.handler.onHeaders({ status: 400, headers: [], lengthBytes: 6, resume() {} });
        seen.handler.onData(Buffer.from('one'));
        setImmediate(() => {
          seen.handler.onData(Buffer.from('two'));
          seen.handler.onComplete();
        });
      },
    };
    test.each(Object.entries(early))(
      'that are early and %s let the client finish, within a limit',
      async (_what, answer) => {
        const clientTimers = { ...makeGateway().clientTimers, clientIdleMs: 1_000 };
        const w = await open({ clientTimers }, answer);
        const [finishing, endless] = [await w.connect(), await w.connect()];
        finishing.send(post('/', 'Content-Length: 200000\r\n', 'x'.repeat(100_000)));
        const head = await finishing.answer();
        expect([head.header('connection'), head.header('date') !== undefined]).toEqual(['close', true]);
        expect(w.listener.exchanges).toBe(0);
        finishing.send('x'.repeat(100_000));
        // Whoever keeps to the limit is not reported; having been told to, it closes itself.
        finishing.socket.end();
        await finishing.closed();
        expect(w.timersFired).toEqual([]);
        endless.send(post('/', 'Transfer-Encoding: chunked\r\n'));
        // More than the library asks for, so that nothing but our own limit ends it.
        const sending = setInterval(() => endless.send(`4000\r\n${'x'.repeat(0x4000)}\r\n`), 20);
        try {
          await endless.closed();
        } finally {
          clearInterval(sending);
        }
        expect(endless.unread).toContain('HTTP/1.1 ');
        expect(w.timersFired.map(({ timer }) => timer)).toEqual(['clientIdle']);
        await w.until(() => w.listener.connections === 0, 'close');
        expect(w.bugs).toEqual([]);
      },
    );

    test('without a byte wait for their end, which may come in a later turn', async () => {
      const w = await open({}, ({ handler }) => {
        handler.onHeaders({ status: 200, headers: [], lengthBytes: 0, resume() {} });
        setImmediate(() => setImmediate(() => handler.onComplete()));
      });
      const client = await w.connect();
      for (let i = 0; i < 3; i += 1) {
        client.send(get('/'));
        expect((await client.answer()).header('content-length')).toBe('0');
        await w.until(() => w.listener.exchanges === 0, 'end');
      }
      expect(w.bugs).toEqual([]);
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
