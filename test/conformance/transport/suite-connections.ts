/** Conformance: many exchanges. Reuse, bounds of the pool, stale connections, cancelling in each phase. */
import { createServer, type Socket } from 'node:net';
import { createAttempt } from '@weir/node/pipeline/exchange.js';
import { makeTarget } from '@weir/node/pipeline/testing/specs.js';
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
import { type Answer, closeServer, listen, type RawServer, rawServer } from './servers.js';

export function connectionCases(create: TransportFactory): void {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });
  const setUp = async (answer: Answer, pool: TransportTarget['pool'] = {}): Promise<[Transport, RawServer]> => {
    const server = await rawServer(answer);
    const transport = create({ port: server.port, pool });
    open.push(server, transport);
    return [transport, server];
  };
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const begin = (transport: Transport, options: Parameters<typeof requestOf>[0] = {}): [Recorder, () => void] => {
    const recorder = new Recorder();
    const cancel = transport.dispatch(requestOf(options), recorder);
    return [recorder, cancel];
  };

  it('uses one connection for requests that follow each other', async () => {
    const [transport, server] = await setUp((socket) => socket.write(OK));
    for (let i = 0; i < 10; i += 1) expect((await exchangeOn(transport)).text).toBe('ok');
    expect(server.sockets.length).toBe(1);
    expect(transport.stats()).toMatchObject({ open: 1, idle: 1 });
  });

  it.each([
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ])('does not use a connection again after %s', async (_what, answer) => {
    const [transport, server] = await setUp((socket) => socket.write(answer));
    for (let i = 0; i < 3; i += 1) expect((await exchangeOn(transport)).text).toBe('ok');
    expect(server.sockets.length).toBe(3);
  });

  it('retires a connection after its number of requests', async () => {
    const [transport, server] = await setUp((socket) => socket.write(OK), { requestsPerConnection: 2 });
    for (let i = 0; i < 6; i += 1) await exchangeOn(transport);
    expect(server.sockets.length).toBe(3);
  });

  it('closes a connection that has been idle for its limit', async () => {
    const [transport, server] = await setUp((socket) => socket.write(OK), { idleMs: 30 });
    await exchangeOn(transport);
    await until(
      'the idle connection is closed',
      () => transport.stats().open === 0 && server.sockets[0]?.readableEnded === true,
    );
  });

  it('opens no more connections than it may, lets the rest wait in order, and refuses what is above the queue', async () => {
    const held: Socket[] = [];
    const [transport, server] = await setUp((socket) => held.push(socket), { connections: 2, queue: 3 });
    const runs = Array.from({ length: 7 }, (_, i) => begin(transport, { path: `/${i}` })[0]);
    await until('the first two are there', () => server.heads.length === 2);
    expect(runs.map((run) => run.failure?.code ?? null)).toEqual([
      null,
      null,
      null,
      null,
      null,
      'queue_full',
      'queue_full',
    ]);
    expect(runs[5]?.failure?.retryAfterS).toBe(1);
    expect(runs[2]?.phases).toEqual(['queue']);
    expect(transport.stats()).toMatchObject({ open: 2, waiting: 3 });
    for (let answered = 0; answered < 5; answered += 1) {
      await until('another one is there', () => held.length > 0);
      held.shift()?.write(OK);
    }
    await Promise.all(runs.slice(0, 5).map((run) => run.ended));
    expect(server.heads.map((head) => head.slice(5, 6)).slice(2)).toEqual(['2', '3', '4']);
    expect(server.sockets.length).toBe(2);
  });

  it.each(['queue', 'connect', 'send', 'firstByte', 'body'] as const)(
    'frees its place when cancelled in phase %s',
    async (phase) => {
      const [transport, server] = await setUp(
        (socket, head) => {
          if (head.includes('/body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
          if (head.includes('/last')) socket.write(OK);
        },
        { connections: 1 },
      );
      const [blocker, cancelBlocker] = phase === 'queue' ? begin(transport, { path: '/block' }) : [null, null];
      const [recorder, cancel] = begin(transport, {
        path: `/${phase}`,
        ...(phase === 'send' ? { method: 'POST', body: new TestBody(null) } : {}),
      });
      await until(
        `it is in ${phase}`,
        () => recorder.phases.at(-1) === phase && (phase !== 'body' || recorder.text === 'part'),
      );
      cancel();
      recorder.cancelled();
      cancel();
      cancelBlocker?.();
      blocker?.cancelled();
      expect((await exchangeOn(transport, { path: '/last' })).text).toBe('ok');
      await until(
        'the cancelled socket is gone',
        () => server.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length === 1,
      );
      expect([transport.stats().open, transport.stats().waiting, recorder.violations]).toEqual([1, 0, []]);
    },
  );

  it.each(['PUT', 'DELETE', 'POST'])(
    'never repeats %s by itself once it was written: that is an attempt, and counts',
    async (method) => {
      // Each connection answers once, and hangs up on its second request: the worst moment.
      const [transport, server] = await setUp((socket, _head, count) =>
        count === 1 ? socket.write(OK) : socket.destroy(),
      );
      await exchangeOn(transport);
      const body = method === 'PUT' || method === 'POST' ? bodyOf(['data'], true) : null;
      const second = await exchangeOn(transport, { method, body });
      expect([second.failure?.code, second.violations]).toEqual(['connection_closed', []]);
      expect([server.sockets.length, server.heads.length]).toEqual([1, 2]);
    },
  );

  it.each(['GET', 'HEAD'])('repeats %s once on a fresh connection when a reused one was closed', async (method) => {
    const [transport, server] = await setUp((socket, _head, count) =>
      count === 1 ? socket.write(method === 'HEAD' ? OK.slice(0, -2) : OK) : socket.destroy(),
    );
    await exchangeOn(transport, { method });
    const second = await exchangeOn(transport, { method });
    expect([second.status, second.completed, second.violations]).toEqual([200, true, []]);
    expect([server.sockets.length, server.heads.length]).toEqual([2, 3]);
    expect(second.phases).toEqual(['firstByte', 'connect', 'firstByte', 'body']);
  });

  it('does not repeat what a fresh connection has failed, nor a second time', async () => {
    const [transport, server] = await setUp((socket, _head, count) =>
      count === 1 && server.heads.length === 1 ? socket.write(OK) : socket.destroy(),
    );
    await exchangeOn(transport);
    expect([(await exchangeOn(transport)).failure?.code, server.heads.length]).toEqual(['connection_closed', 3]);
    expect([(await exchangeOn(transport)).failure?.code, server.heads.length]).toEqual(['connection_closed', 4]);
  });

  it('loses no GET when an upstream closes all its connections at the worst moment', async () => {
    const [transport, server] = await setUp(
      (socket, _head, count) => (count % 3 === 0 ? socket.destroy() : socket.write(OK)),
      { connections: 8 },
    );
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all(Array.from({ length: 40 }, () => exchangeOn(transport)));
      expect(results.filter((result) => result.text !== 'ok').map((result) => result.failure)).toEqual([]);
      expect(transport.stats().open).toBeLessThanOrEqual(8);
    }
    expect(server.sockets.length).toBeGreaterThan(8);
  });

  it('tries what has lost its connection again on one that has carried nothing', async () => {
    const [transport, server] = await setUp((socket, _head, count) =>
      count === 1 ? socket.write(OK) : socket.destroy(),
    );
    // Two connections, and both would hang up.
    await Promise.all([exchangeOn(transport), exchangeOn(transport)]);
    const again = (targetId: string): Promise<Recorder> => {
      const request = requestOf({ method: 'DELETE' });
      request.exchange.attempts.push({ ...createAttempt('a', 0), failure: failure('connection_closed', '') });
      const recorder = new Recorder();
      transport.dispatch({ ...request, target: makeTarget({ id: targetId }) }, recorder);
      return recorder.ended.then(() => recorder);
    };
    expect([(await again('a')).text, server.sockets.length]).toEqual(['ok', 3]);
    expect([(await again('b')).failure?.code, server.sockets.length]).toEqual(['connection_closed', 3]);
  });

  it('does not repeat what was answered in part', async () => {
    const [transport, server] = await setUp((socket, _head, count) =>
      count === 1 ? socket.write(OK) : socket.write('HTTP/1.1 200', () => socket.end()),
    );
    await exchangeOn(transport);
    const result = await exchangeOn(transport);
    expect(result.failure?.code).toBe('response_incomplete');
    expect(server.heads.length).toBe(2);
  });

  it('loses no POST to connections that the upstream closed while they were idle', async () => {
    const [transport, server] = await setUp((socket) => socket.write(OK));
    for (let round = 0; round < 20; round += 1) {
      const firsts = Array.from({ length: 8 }, () => exchangeOn(transport));
      await Promise.all(firsts);
      // Closed by the peer, and known to this process's kernel before the next request, but not yet to its event loop.
      for (const socket of server.sockets) socket.end();
      await new Promise((resolve) => setImmediate(resolve));
      const seconds = await Promise.all(
        Array.from({ length: 8 }, () => exchangeOn(transport, { method: 'POST', body: bodyOf(['x'], true) })),
      );
      expect(seconds.map((result) => result.failure?.code ?? result.text)).toEqual(
        Array.from({ length: 8 }, () => 'ok'),
      );
    }
  });

  it('drops a connection on which bytes come after the end of an answer, and poisons no other', async () => {
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    const [transport, server] = await setUp((socket, head) => {
      socket.write(OK);
      if (head.includes('/now')) socket.write(evil);
      if (head.includes('/later')) setImmediate(() => socket.write(evil));
    });
    for (let i = 0; i < 10; i += 1) {
      expect((await exchangeOn(transport, { path: i % 2 === 0 ? '/now' : '/later' })).text).toBe('ok');
      expect((await exchangeOn(transport)).text).toBe('ok');
    }
    expect(server.sockets.length).toBeGreaterThan(5);
  });

  it('ends waiters and connections when it is closed', async () => {
    const [transport, server] = await setUp(() => {}, { connections: 1 });
    const [running] = begin(transport);
    const [waiting] = begin(transport);
    await until('the first one is there', () => server.heads.length === 1);
    transport.close();
    await Promise.all([running.ended, waiting.ended]);
    expect([running.failure?.code, waiting.failure?.code]).toEqual(['connection_closed', 'draining']);
  });

  it('destroys a socket that is still connecting when the last one who wants it leaves', async () => {
    // A listener whose backlog is full accepts no more: further connects hang. Node accepts eagerly, so it is stopped.
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    const port = await listen(server);
    const transport = create({ port, pool: { connections: 4 } });
    open.push({ close: () => closeServer(server, sockets) }, transport);
    const [recorder, cancel] = begin(transport);
    expect(recorder.phases).toEqual(['connect']);
    expect(transport.stats().connecting).toBe(1);
    cancel();
    recorder.cancelled();
    expect(transport.stats()).toMatchObject({ open: 0, connecting: 0, waiting: 0 });
    await until('whatever was accepted is closed', () =>
      sockets.every((socket) => socket.destroyed || socket.readableEnded || socket.resume().readableEnded),
    );
    expect(recorder.violations).toEqual([]);
  });
}
