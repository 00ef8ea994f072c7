/** Backpressure both ways and the timers of slow clients: that what is slow is waited for, bounded, and cut when its time is up. */
import { afterEach, describe, expect, test } from 'vitest';
import type { RawClient } from './raw-client.js';
import { type ListenerFactory, openWorld, readBody, respond, type Seen, type World } from './world.js';

const EMPTY = new Uint8Array(0);
const MIB = 1_048_576;

/** A source that honours the valve; it hands out one shared chunk, so that what piles up does so in the listener. */
function pour(seen: Seen, totalBytes: number, lengthBytes: number | null, chunkBytes: number) {
  const chunk = Buffer.alloc(chunkBytes, 'x');
  const source = { givenBytes: 0, waits: 0, ended: false };
  const run = (): void => {
    while (source.givenBytes < totalBytes && !seen.cancelled) {
      const piece = chunk.subarray(0, Math.min(chunkBytes, totalBytes - source.givenBytes));
      source.givenBytes += piece.byteLength;
      if (!seen.handler.onData(piece)) {
        source.waits += 1;
        return;
      }
    }
    if (source.ended || seen.cancelled) return;
    source.ended = true;
    seen.handler.onComplete();
  };
  seen.handler.onHeaders({ status: 200, headers: [], lengthBytes, resume: () => setImmediate(run) });
  run();
  return source;
}

/** Reads in gulps, so that the connection is full most of the time. */
async function readSlowly(client: RawClient, bytes: number): Promise<void> {
  client.discard();
  while (client.receivedBytes < bytes) {
    client.socket.resume();
    const before = client.receivedBytes;
    await client.until(() => client.receivedBytes > before + 2 * MIB || client.receivedBytes >= bytes, 'more bytes');
    client.socket.pause();
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.socket.resume();
}

export function describeFlow(name: string, factory: ListenerFactory): void {
  let world: World | null = null;
  const open = async (gateway: Parameters<typeof openWorld>[1] = {}, script?: Parameters<typeof openWorld>[2]) => {
    world = await openWorld(factory, gateway, script);
    return world;
  };
  afterEach(() => {
    world?.close();
    world = null;
  });

  describe(`${name}: backpressure`, () => {
    test.each([
      ['of known length', 256 * MIB],
      ['of unknown length', null],
    ])(
      'a response %s waits for a slow reader, and memory stays bounded',
      async (_what, lengthBytes) => {
        const w = await open();
        const client = await w.connect({ paused: true });
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const seen = await w.request(1);
        const before = process.memoryUsage().rss;
        const source = pour(seen, 256 * MIB, lengthBytes, 65_536);
        await w.until(() => source.waits > 0, 'full connection');
        const outstanding = source.givenBytes;
        // What the kernel holds for both ends of a loopback connection, and one chunk.
        expect(outstanding).toBeLessThan(16 * MIB);
        let peak = 0;
        const watch = setInterval(() => {
          peak = Math.max(peak, process.memoryUsage().rss);
        }, 10);
        await readSlowly(client, 256 * MIB);
        clearInterval(watch);
        await w.until(() => source.ended && w.listener.exchanges === 0, 'end');
        expect(peak - before).toBeLessThan(80 * MIB);
        expect(w.bugs).toEqual([]);
      },
      60_000,
    );

    test.each([
      ['of known length', 64 * MIB],
      ['of unknown length', null],
    ])('a source that waits with its last piece given hears that it may end: %s', async (_what, lengthBytes) => {
      const w = await open();
      const client = await w.connect({ paused: true });
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const source = pour(await w.request(1), 64 * MIB, lengthBytes, 32 * MIB);
      await readSlowly(client, 64 * MIB);
      await w.until(() => source.ended && w.listener.exchanges === 0, 'end');
      expect(source.waits).toBeGreaterThan(0);
    });

    test('a chunked response comes whole when its source falls silent behind a full connection', async () => {
      const w = await open();
      const client = await w.connect({ paused: true });
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const { handler } = await w.request(1);
      let given = 0;
      let resumed = false;
      handler.onHeaders({ status: 200, headers: [], lengthBytes: null, resume: () => (resumed = true) });
      do given += MIB;
      while (handler.onData(Buffer.alloc(MIB, 'x')));
      client.discard();
      client.socket.resume();
      await client.until(() => client.receivedBytes >= given, 'all that was given');
      await w.until(() => resumed, 'open valve');
      handler.onComplete();
      await w.until(() => w.listener.exchanges === 0, 'end');
    });

    test('the pieces of a chunked response arrive in order and unharmed, whatever their sizes', async () => {
      const w = await open();
      const client = await w.connect({ paused: true });
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const { handler } = await w.request(1);
      const sizes = [1, 1_023, 1_024, 1_025, 70_000, 3, 5 * MIB, 1, 2_047, 3 * MIB, 10];
      const pieces = sizes.map((size, i) => Buffer.alloc(size, String.fromCharCode(97 + i)));
      handler.onHeaders({ status: 200, headers: [], lengthBytes: null, resume() {} });
      // Against the valve, as a source does with what was in flight.
      for (const piece of pieces) handler.onData(piece);
      handler.onComplete();
      client.socket.resume();
      expect((await client.answer()).body.equals(Buffer.concat(pieces))).toBe(true);
    });

    // The library gathers 16 KiB; pieces around that size, and a socket that is full again and again, once cost it data.
    test.each([15_000, 16_384, 16_450, 49_086])(
      'a long chunked response in pieces of %i bytes stays whole',
      async (size) => {
        const w = await open();
        const client = await w.connect({ paused: true });
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const { handler } = await w.request(1);
        const pieces = Array.from({ length: Math.ceil((8 * MIB) / size) }, (_, i) => Buffer.alloc(size, i % 251));
        let next = 0;
        const flow = (): void => {
          for (let open = true; open && next < pieces.length; next += 1) open = handler.onData(pieces[next] ?? EMPTY);
          if (next === pieces.length) handler.onComplete();
        };
        handler.onHeaders({ status: 200, headers: [], lengthBytes: null, resume: flow });
        flow();
        client.socket.resume();
        expect((await client.answer()).body.equals(Buffer.concat(pieces))).toBe(true);
      },
    );

    test('an upload waits for a slow consumer, and comes whole', async () => {
      const w = await open();
      const client = await w.connect();
      const total = 64 * MIB;
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
      const seen = await w.request(1);
      let received = 0;
      let peakAhead = 0;
      let ended = false;
      const body = seen.request.body;
      body?.read({
        onChunk(chunk) {
          received += chunk.byteLength;
          body.pause();
          const at = received;
          setImmediate(() => {
            peakAhead = Math.max(peakAhead, received - at);
            body.resume();
          });
        },
        onEnd() {
          ended = true;
          respond(seen, 200);
        },
        onError() {},
      });
      const chunk = Buffer.alloc(MIB, 'u');
      for (let sent = 0; sent < total; sent += MIB) {
        if (!client.socket.write(chunk)) await new Promise((resolve) => client.socket.once('drain', resolve));
      }
      expect((await client.answer()).status).toBe(200);
      expect([received, ended]).toEqual([total, true]);
      expect(peakAhead).toBeLessThanOrEqual(MIB);
    }, 30_000);

    test('an echo of more than all buffers hold neither stalls nor grows, when upload and answer wait for each other', async () => {
      const w = await open();
      for (const lengthBytes of [48 * MIB, null]) {
        const client = await w.connect({ paused: true });
        const total = 48 * MIB;
        client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
        const { request, handler } = await w.request();
        const { body } = request;
        let ahead = 0;
        let peakAhead = 0;
        handler.onHeaders({
          status: 200,
          headers: [],
          lengthBytes,
          resume() {
            ahead = 0;
            body?.resume();
          },
        });
        body?.read({
          onChunk(chunk) {
            if (handler.onData(chunk)) return;
            ahead += chunk.byteLength;
            peakAhead = Math.max(peakAhead, ahead);
            body.pause();
          },
          onEnd: () => handler.onComplete(),
          onError() {},
        });
        const chunk = Buffer.alloc(MIB, 'e');
        for (let sent = 0; sent < total; sent += MIB) client.socket.write(chunk);
        await w.until(() => peakAhead > 0, 'full connection');
        client.discard();
        client.socket.resume();
        await client.until(() => client.receivedBytes > total, 'echo', 15_000);
        await w.until(() => w.listener.exchanges === 0, 'end');
        expect(peakAhead).toBeLessThan(2 * MIB);
        client.close();
      }
    }, 40_000);

    test('an upload that nobody reads is held at the socket', async () => {
      const w = await open();
      const client = await w.connect();
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
      const seen = await w.request(1);
      let accepted = 0;
      const chunk = Buffer.alloc(MIB, 'u');
      for (let i = 0; i < 32; i += 1) client.socket.write(chunk, () => (accepted += MIB));
      await w.until(() => seen.request.exchange.requestBytes > 0, 'first bytes');
      // Others are served in the meantime: time enough to take all of it, for a listener that would.
      for (let i = 0; i < 40; i += 1) {
        const other = await w.connect();
        other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        respond(await w.request(i + 2), 200);
        await other.answer();
        other.close();
      }
      expect(seen.request.exchange.requestBytes).toBeLessThan(2 * MIB);
      const body = readBody(seen);
      await w.until(() => body.bytes() === 32 * MIB, 'what was sent');
      expect(accepted).toBe(32 * MIB);
    });
  });

  describe(`${name}: slow clients`, () => {
    const timers = { clientHeadersMs: 60_000, clientBodyMs: 60_000, clientIdleMs: 60_000, drainMs: 1_000 };

    test('that send no whole head are told 408, in time, and closed', async () => {
      const w = await open({ clientTimers: { ...timers, clientHeadersMs: 150 } });
      for (const begin of ['', 'GET / HTTP/1.1\r\nHost: a\r\nX: ', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n']) {
        const client = await w.connect();
        if (begin !== '') client.send(begin);
        const startedMs = performance.now();
        expect((await client.answer()).status).toBe(408);
        expect(performance.now() - startedMs).toBeGreaterThan(100);
        await client.closed();
      }
      expect(w.timersFired.map(({ timer, exchange }) => [timer, exchange])).toEqual(
        Array.from({ length: 3 }, () => ['clientHeaders', null]),
      );
      expect(w.refusals.map((refusal) => refusal.failure.code)).toEqual(
        Array.from({ length: 3 }, () => 'client_headers_timeout'),
      );
      expect(w.seen).toHaveLength(0);
    });

    test('are not taken for others: whoever has asked is left alone', async () => {
      const w = await open({ clientTimers: { ...timers, clientHeadersMs: 200 } }, (seen) => {
        if (seen.request.path !== '/wait') readBody(seen, () => respond(seen, 200, 'ok'));
      });
      const [asking, posting, waiting, silent] = [
        await w.connect(),
        await w.connect(),
        await w.connect(),
        await w.connect(),
      ];
      asking.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await asking.answer();
      waiting.send('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n');
      const seen = await w.request(2);
      await silent.answer();
      await silent.closed();
      // A first request with a body can't be told apart from its neighbours, so nobody of its address is touched.
      const late = await w.connect();
      posting.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na');
      late.close();
      await new Promise((resolve) => setTimeout(resolve, 300));
      posting.send('bc');
      respond(seen, 200, 'late');
      asking.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const bodies = [await asking.answer(), await waiting.answer()].map((answer) => answer.body.toString());
      expect(bodies).toEqual(['ok', 'late']);
      expect(w.timersFired.length).toBeGreaterThanOrEqual(1);
    });

    test('that stop in their body are told 408, and whoever reads it is told why', async () => {
      const w = await open({ clientTimers: { ...timers, clientBodyMs: 150 } });
      for (const readers of [true, false]) {
        const client = await w.connect();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n');
        const seen = await w.request();
        const body = readers ? readBody(seen) : null;
        if (body !== null) {
          client.send('some');
          await w.until(() => body.failure !== null, 'failure');
          expect([body.failure?.code, body.failure?.limitMs]).toEqual(['client_body_timeout', 150]);
          seen.handler.onError(body.failure ?? { code: 'internal_error', detail: '' });
        }
        const answer = await client.answer();
        expect(answer.status).toBe(408);
        await client.closed();
        expect(seen.cancelled).toBe(!readers);
      }
      expect(w.timersFired.map(({ timer }) => timer)).toEqual(['clientBody', 'clientBody']);
    });

    test('that go on with their body, however slowly, are waited for', async () => {
      const w = await open({ clientTimers: { ...timers, clientBodyMs: 400 } });
      const client = await w.connect();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n');
      const seen = await w.request(1);
      const body = readBody(seen, () => respond(seen, 200));
      for (let i = 1; i <= 8; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        client.send('x');
        await w.until(() => body.bytes() === i, `byte ${i}`);
      }
      expect((await client.answer()).status).toBe(200);
      expect(w.timersFired).toEqual([]);
    });

    test('do not read for ever: the connection is cut, and the exchange says why', async () => {
      const w = await open({ clientTimers: { ...timers, clientIdleMs: 200 } });
      for (const lengthBytes of [64 * MIB, null]) {
        const client = await w.connect({ paused: true });
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const seen = await w.request();
        pour(seen, 64 * MIB, lengthBytes, 65_536);
        await w.until(() => seen.cancelled, 'cut');
        expect(seen.request.exchange.failure?.code).toBe('client_idle_timeout');
        client.discard();
        client.socket.resume();
        await client.closed();
        expect(client.receivedBytes).toBeLessThan(64 * MIB);
      }
      expect(w.timersFired.map(({ timer }) => timer)).toEqual(['clientIdle', 'clientIdle']);
      expect(w.listener.exchanges).toBe(0);
    });

    // Thirteen seconds each, which are waited for together: the library's limit is a constant of its own. So each has a world of its own.
    test.concurrent("are waited for beyond the library's own ten seconds, in head, body, answer and between", async ({
      onTestFinished,
    }) => {
      const w = await openWorld(factory, { clientTimers: timers });
      onTestFinished(() => w.close());
      const [head, body, answer, upstream] = [
        await w.connect(),
        await w.connect(),
        await w.connect({ paused: true }),
        await w.connect(),
      ];
      upstream.send('GET /upstream HTTP/1.1\r\nHost: a\r\n\r\n');
      const slowUpstream = await w.request(1);
      answer.send('GET /answer HTTP/1.1\r\nHost: a\r\n\r\n');
      const slowReader = await w.request(2);
      pour(slowReader, 32 * MIB, 32 * MIB, 65_536);
      head.send('GET /head HTTP/1.1\r\n');
      // The body's request must not make its neighbour's wait forgotten, so it is not the first of its connection.
      body.send('GET /warm HTTP/1.1\r\nHost: a\r\n\r\n');
      respond(await w.request(3), 200);
      await body.answer();
      await new Promise((resolve) => setTimeout(resolve, 13_500));
      respond(slowUpstream, 200, 'at last');
      expect((await upstream.answer()).body.toString()).toBe('at last');
      head.send('Host: a\r\n\r\n');
      respond(await w.request(4), 200);
      expect((await head.answer()).status).toBe(200);
      answer.discard();
      answer.socket.resume();
      await answer.until(() => answer.receivedBytes > 32 * MIB, 'the rest');
      expect(w.timersFired).toEqual([]);
    }, 30_000);

    test.concurrent("may trickle a body and pause it beyond the library's ten seconds", async ({ onTestFinished }) => {
      const w = await openWorld(factory, { clientTimers: timers });
      onTestFinished(() => w.close());
      const [trickling, paused, paced] = [await w.connect(), await w.connect(), await w.connect()];
      trickling.send('POST /t HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n');
      const trickle = await w.request(1);
      const whole = readBody(trickle, () => respond(trickle, 200));
      paused.send('POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
      const pausing = await w.request(2);
      const half = readBody(pausing, () => respond(pausing, 200));
      await w.until(() => half.bytes() === 2, 'half');
      pausing.request.body?.pause();
      paused.send('cd');
      // All chunks in one packet: the reader pauses on the first, and the last has come by then.
      paced.send('POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
      const pacing = await w.request(3);
      pacing.request.body?.read({ onChunk: () => pacing.request.body?.pause(), onEnd() {}, onError() {} });
      for (let i = 1; i <= 13; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        trickling.send('x');
      }
      expect(whole.bytes()).toBeGreaterThanOrEqual(12);
      trickling.send('x'.repeat(7));
      expect((await trickling.answer()).status).toBe(200);
      pausing.request.body?.resume();
      expect((await paused.answer()).status).toBe(200);
      respond(pacing, 200, 'paced');
      expect((await paced.answer()).body.toString()).toBe('paced');
      expect(w.timersFired).toEqual([]);
    }, 30_000);
  });
}
