/** Addresses, request ids, ports, certificates, drain and close: a listener at its edges. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeGateway } from '@weir/node/pipeline/testing/specs.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import type { ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { programPath } from '../../support/programs.js';
import { connectRaw, connectTls, type RawClient } from './raw-client.js';
import { type ListenerFactory, openWorld, respond, type World } from './world.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

export function describeEdges(name: string, factory: ListenerFactory): void {
  let world: World | null = null;
  const open = async (gateway: Parameters<typeof openWorld>[1] = {}, script?: Parameters<typeof openWorld>[2]) => {
    world = await openWorld(factory, gateway, script);
    return world;
  };
  afterEach(() => {
    world?.close();
    world = null;
  });

  describe(`${name}: addresses`, () => {
    const forwarded =
      'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.5\r\nX-Request-Id: theirs-1\r\n\r\n';

    test('of clients come from trusted hops only, and so do request ids', async () => {
      const ids: string[] = [];
      for (const trustedProxies of [[], ['127.0.0.0/8']]) {
        const w = await open({ trustedProxies }, (seen) => respond(seen, 200));
        const client = await w.connect();
        client.send(forwarded);
        await client.answer();
        const { exchange } = (await w.request(1)).request;
        const trusted = trustedProxies.length > 0;
        expect(exchange).toMatchObject({
          peerAddress: '127.0.0.1',
          peerTrusted: trusted,
          clientAddress: trusted ? '203.0.113.5' : '127.0.0.1',
        });
        ids.push(exchange.id);
        w.close();
      }
      expect([ids[0] === 'theirs-1', ids[1]]).toEqual([false, 'theirs-1']);
    });

    test('of requests with an id that is not well-formed get one of their own', async () => {
      const w = await open({ trustedProxies: ['127.0.0.1'] }, (seen) => respond(seen, 200));
      const client = await w.connect();
      client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a"b${'x'.repeat(200)}\r\n\r\n`);
      await client.answer();
      expect((await w.request(1)).request.exchange.id).toMatch(/^[0-9a-z-]+$/);
    });

    test('come by PROXY protocol v2 where it is on and the hop is trusted', async () => {
      const header = proxyHeader('198.51.100.7', '127.0.0.1', 4000, 80);
      const expected: readonly (readonly [boolean, string[], string])[] = [
        [true, ['127.0.0.1'], '198.51.100.7'],
        [true, [], '127.0.0.1'],
        [false, ['127.0.0.1'], '127.0.0.1'],
      ];
      for (const [proxyProtocol, trustedProxies, clientAddress] of expected) {
        const w = await open({ proxyProtocol, trustedProxies }, (seen) => respond(seen, 200));
        const client = await w.connect();
        client.send(Buffer.concat([header, Buffer.from(GET)]));
        expect((await client.answer()).status).toBe(200);
        const { exchange } = (await w.request(1)).request;
        expect(exchange.clientAddress).toBe(clientAddress);
        w.close();
      }
    });

    test('of IPv6 clients are text after RFC 5952', async () => {
      const w = await open({ listen: { host: '::1', port: 0 } }, (seen) => respond(seen, 200));
      const client = await connectRaw(w.address.port, '::1');
      client.send(GET);
      await client.answer();
      expect((await w.request(1)).request.exchange.peerAddress).toBe('::1');
      client.close();
    });
  });

  describe(`${name}: ports`, () => {
    test('in use are an error that names who has them, and are not shared', async () => {
      const holder = net.createServer();
      await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
      const address = holder.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await expect(open({ listen: { host: '127.0.0.1', port } })).rejects.toThrow(
        new RegExp(`port is in use by .* \\(pid ${process.pid}\\)`),
      );
      await new Promise((resolve) => holder.close(resolve));
      const w = await open({ listen: { host: '127.0.0.1', port } }, (seen) => respond(seen, 200));
      expect(w.address.port).toBe(port);
      await expect(openWorld(factory, { listen: { host: '127.0.0.1', port } })).rejects.toThrow('in use');
    });

    test('are free again at once after a close with open connections', async () => {
      const first = await open({}, (seen) => respond(seen, 200));
      const client = await first.connect();
      client.send(GET);
      await client.answer();
      const { port } = first.address;
      first.close();
      const second = await open({ listen: { host: '127.0.0.1', port } }, (seen) => respond(seen, 200));
      const again = await second.connect();
      again.send(GET);
      expect((await again.answer()).status).toBe(200);
    });
  });

  describe(`${name}: update`, () => {
    test('takes over limits and trusted proxies for what comes next', async () => {
      const w = await open({}, (seen) => respond(seen, 200));
      const client = await w.connect();
      client.send(GET);
      await client.answer();
      const { limits } = makeGateway();
      w.listener.update(makeGateway({ limits: { ...limits, urlBytes: 5 }, trustedProxies: ['127.0.0.1'] }));
      client.send('GET /long-path HTTP/1.1\r\nHost: a\r\n\r\n');
      expect((await client.answer()).status).toBe(414);
      const next = await w.connect();
      next.send(GET);
      await next.answer();
      expect((await w.request(2)).request.exchange.peerTrusted).toBe(true);
    });
  });

  describe(`${name}: drain`, () => {
    test('lets what has begun finish, tells clients to close, and accepts nobody', async () => {
      const w = await open();
      const [busy, idle] = [await w.connect(), await w.connect()];
      idle.send(GET);
      respond(await w.request(1), 200);
      await idle.answer();
      busy.send(GET);
      const seen = await w.request(2);
      const drained = w.listener.drain(5_000);
      await expect(connectRaw(w.address.port)).rejects.toThrow('ECONNREFUSED');
      idle.send(GET);
      respond(await w.request(3), 200, 'still');
      const still = await idle.answer();
      expect([still.body.toString(), still.header('connection')]).toEqual(['still', 'close']);
      await idle.closed();
      respond(seen, 200, 'done');
      const done = await busy.answer();
      expect([done.body.toString(), done.header('connection')]).toEqual(['done', 'close']);
      await busy.closed();
      expect(await drained).toEqual({ cut: 0 });
      expect([w.listener.exchanges, w.listener.connections, w.timersFired]).toEqual([0, 0, []]);
    });

    test('cuts what is left at its limit, and counts it', async () => {
      const w = await open();
      const [one, two] = [await w.connect(), await w.connect()];
      one.send(GET);
      two.send(GET);
      const [first, second] = [await w.request(1), await w.request(2)];
      second.handler.onHeaders({ status: 200, headers: [], lengthBytes: 10, resume() {} });
      second.handler.onData(Buffer.from('half'));
      const startedMs = systemClock.nowMs();
      expect(await w.listener.drain(150)).toEqual({ cut: 2 });
      expect(systemClock.nowMs() - startedMs).toBeLessThan(2_000);
      // Nobody is left without a word: who has no head yet gets one.
      const refused = await one.answer();
      expect([refused.status, refused.header('retry-after')]).toEqual([503, '1']);
      expect(refused.body.toString()).toContain('draining');
      await one.closed();
      await two.closed();
      expect([first.cancelled, second.cancelled]).toEqual([true, true]);
      expect(first.request.exchange.failure?.code).toBe('draining');
      expect(w.timersFired.map(({ timer }) => timer)).toEqual(['drain']);
    });

    test('of an idle listener ends at once', async () => {
      const w = await open();
      expect(await w.listener.drain(60_000)).toEqual({ cut: 0 });
    });
  });

  describe(`${name}: TLS`, () => {
    let directory = '';
    const files = (subject: string) => ({
      certFile: join(directory, `${subject}.crt`),
      keyFile: join(directory, `${subject}.key`),
    });
    const certificate = (subject: string, hosts: string[]): ListenerTlsSpec['certificates'][number] => ({
      hosts,
      ...files(subject),
      passphrase: null,
    });
    const endOf = (file: string): number => Date.parse(new X509Certificate(readFileSync(file)).validTo);
    const clients: RawClient[] = [];
    const subjectFor = async (port: number, serverName: string): Promise<string> => {
      const { client, subject } = await connectTls(port, serverName);
      clients.push(client);
      return subject;
    };
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'weir-listener-'));
      for (const subject of ['one', 'two', 'three']) {
        const { certFile, keyFile } = files(subject);
        const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${subject}`];
        execFileSync(programPath('openssl'), [...request, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
      }
    });
    afterAll(() => {
      for (const client of clients) client.close();
      rmSync(directory, { recursive: true, force: true });
    });

    test('serves the certificate of the server name, and the first one to others', async () => {
      const certificates = [certificate('one', ['one.test']), certificate('two', ['two.test', '*.wild.test'])];
      const w = await open({ tls: { certificates } }, (seen) => respond(seen, 200, seen.request.exchange.scheme));
      const { port } = w.address;
      const names = ['one.test', 'two.test', 'TWO.test', 'a.wild.test', 'unknown.test', ''];
      const subjects: string[] = [];
      for (const each of names) subjects.push(await subjectFor(port, each));
      expect(subjects).toEqual(['one', 'two', 'two', 'two', 'one', 'one']);
      for (const client of clients.splice(0)) {
        client.send(GET);
        expect((await client.answer()).body.toString()).toBe('https');
        client.close();
      }
    });

    test('serves new certificates after a reload, while open connections live on', async () => {
      const listen = { host: '127.0.0.1', port: await freePort() };
      const w = await open({ listen, tls: { certificates: [certificate('one', ['a.test'])] } }, (seen) =>
        respond(seen, 200, 'ok'),
      );
      const { client } = await connectTls(w.address.port, 'a.test');
      client.send(GET);
      await client.answer();
      const shown = () =>
        w.listener.certificates.map(({ file, notAfterWallMs }) => [file, endOf(file) - notAfterWallMs]);
      expect(shown()).toEqual([[files('one').certFile, 0]]);
      const renewed = { certificates: [certificate('two', ['b.test']), certificate('three', ['a.test'])] };
      w.listener.reloadCertificates(renewed);
      expect([await subjectFor(w.address.port, 'a.test'), await subjectFor(w.address.port, '')]).toEqual([
        'three',
        'two',
      ]);
      expect(shown()).toEqual(['two', 'three'].map((name) => [files(name).certFile, 0]));
      client.send(GET);
      expect((await client.answer()).body.toString()).toBe('ok');
      const openNow = w.listener.connections;
      client.close();
      await w.until(() => w.listener.connections === openNow - 1, 'close of the app of before');
      expect((await connectTls(w.address.port, 'a.test')).subject).toBe('three');
    });

    test('the same certificates again change nothing, not even for a client that is about to connect', async () => {
      // On a port that the kernel chose, taking over fails: only a reload that does nothing passes.
      const tls = { certificates: [certificate('one', ['a.test'])] };
      const w = await open({ tls }, (seen) => respond(seen, 200, 'ok'));
      expect(await subjectFor(w.address.port, 'a.test')).toBe('one');
      w.listener.reloadCertificates({ certificates: [certificate('one', ['a.test'])] });
      expect(await subjectFor(w.address.port, 'a.test')).toBe('one');
      expect(w.listener.connections).toBe(2);
    });

    test('keeps what it has when new certificates are no good, and says why', async () => {
      const w = await open({ tls: { certificates: [certificate('one', [])] } }, (seen) => respond(seen, 200));
      const mixed = { certificates: [{ ...certificate('two', []), keyFile: files('three').keyFile }] };
      expect(() => w.listener.reloadCertificates(mixed)).toThrow("can't be used");
      expect(() => w.listener.reloadCertificates({ certificates: [certificate('missing', [])] })).toThrow('ENOENT');
      writeFileSync(files('torn').certFile, '-----BEGIN CERTIFICATE-----\n');
      writeFileSync(files('torn').keyFile, '');
      expect(() => w.listener.reloadCertificates({ certificates: [certificate('torn', [])] })).toThrow("can't be used");
      expect(await subjectFor(w.address.port, 'x.test')).toBe('one');
    });

    test('closes connections on which no request comes', async () => {
      const clientTimers = { ...makeGateway().clientTimers, clientHeadersMs: 150 };
      const w = await open({ clientTimers, tls: { certificates: [certificate('one', [])] } });
      const { client } = await connectTls(w.address.port, 'x.test');
      const bare = await connectRaw(w.address.port);
      await client.closed();
      await bare.closed();
      expect(w.timersFired).toHaveLength(2);
    });
  });
}

async function freePort(): Promise<number> {
  const holder = net.createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const address = holder.address();
  await new Promise((resolve) => holder.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** PROXY protocol v2, section 2.2: signature, v2 PROXY, TCP over IPv4, addresses, ports. */
function proxyHeader(source: string, destination: string, sourcePort: number, destinationPort: number): Buffer {
  const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
  const rest = Buffer.alloc(16);
  rest.set([0x21, 0x11, 0, 12, ...source.split('.').map(Number), ...destination.split('.').map(Number)]);
  rest.writeUInt16BE(sourcePort, 12);
  rest.writeUInt16BE(destinationPort, 14);
  return Buffer.concat([signature, rest]);
}
