/** TLS to upstreams: verification, names, client certificates, custom authorities, what is offered by ALPN, phases. */
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type IssuedCertificate } from './certificates.js';
import { exchangeOn, liveTransport, Recorder, requestOf, type TransportTarget, until } from './harness.js';
import { closeServer, listen } from './servers.js';

describe('TLS to an upstream', () => {
  let authority: Authority;
  let certificate: IssuedCertificate;
  const open: { close(): unknown }[] = [];
  beforeAll(() => {
    authority = createAuthority();
    certificate = authority.issue('upstream.test', 'DNS:upstream.test,IP:127.0.0.1');
  });
  afterAll(() => authority.remove());
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const serve = async (options: TlsOptions = {}): Promise<{ port: number; server: Server; sockets: Socket[] }> => {
    const sockets: Socket[] = [];
    const server = createServer({ cert: certificate.cert, key: certificate.key, ...options }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(OK));
    });
    server.on('connection', (socket: Socket) => sockets.push(socket));
    server.on('tlsClientError', () => {});
    const port = await listen(server);
    open.push({ close: () => closeServer(server, sockets) });
    return { port, server, sockets };
  };
  const reach = (port: number, tls: NonNullable<TransportTarget['tls']>, more: Partial<TransportTarget> = {}) => {
    const transport = liveTransport({ port, scheme: 'https', tls: { caFile: authority.caFile, ...tls }, ...more });
    open.push(transport);
    return transport;
  };

  it('verifies the address it connects to against a custom authority, and goes through tls before it sends', async () => {
    const { port } = await serve();
    const result = await exchangeOn(reach(port, {}));
    expect([result.text, result.phases]).toEqual(['ok', ['connect', 'tls', 'firstByte', 'body']]);
  });

  it('sends the server name as SNI and verifies it instead of the address', async () => {
    const names: string[] = [];
    const { port } = await serve({
      SNICallback: (name, done) => {
        names.push(name);
        done(null, undefined);
      },
    });
    expect((await exchangeOn(reach(port, { serverName: 'upstream.test' }))).text).toBe('ok');
    expect(names).toEqual(['upstream.test']);
  });

  it.each([
    ['another name than the certificate has', { serverName: 'other.test' }],
    ['an authority that is not trusted', { caFile: null }],
  ])('refuses %s', async (_what, tls) => {
    const { port } = await serve();
    const transport = reach(port, tls);
    const result = await exchangeOn(transport);
    expect([result.failure?.code, result.phases]).toEqual(['tls_certificate_error', ['connect', 'tls']]);
    expect(result.failure?.cause).toBeInstanceOf(Error);
    expect(transport.stats()).toMatchObject({ open: 0, connecting: 0 });
  });

  it('takes any certificate when told not to verify', async () => {
    const { port } = await serve();
    expect((await exchangeOn(reach(port, { verify: false, caFile: null, serverName: 'other.test' }))).text).toBe('ok');
  });

  it('shows its client certificate', async () => {
    const client = authority.issue('gateway', 'DNS:gateway');
    const { port, server } = await serve({ requestCert: true, rejectUnauthorized: true, ca: authority.ca });
    const seen: string[] = [];
    server.on('secureConnection', (socket) => seen.push(String(socket.getPeerCertificate().subject.CN)));
    const { certFile, keyFile } = client;
    expect((await exchangeOn(reach(port, { certFile, keyFile }))).text).toBe('ok');
    expect(seen).toEqual(['gateway']);
    const without = await exchangeOn(reach(port, {}));
    expect(without.completed).toBe(false);
  });

  it('names a server that does not speak TLS', async () => {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', () => socket.end(OK));
    });
    const port = await listen(server);
    open.push({ close: () => closeServer(server, sockets) });
    expect((await exchangeOn(reach(port, {}))).failure?.code).toBe('tls_error');
  });

  it('names a server that hangs up during the handshake', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).on('data', () => socket.destroy()));
    const port = await listen(server);
    open.push({ close: () => closeServer(server, []) });
    expect((await exchangeOn(reach(port, {}))).failure?.code).toBe('tls_error');
  });

  it('destroys the socket when cancelled during the handshake', async () => {
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {}).resume();
    });
    const port = await listen(server);
    open.push({ close: () => closeServer(server, sockets) });
    const transport = reach(port, {});
    const recorder = new Recorder();
    const cancel = transport.dispatch(requestOf(), recorder);
    await until('the handshake has begun', () => recorder.phases.at(-1) === 'tls');
    cancel();
    recorder.cancelled();
    await until('the socket is gone', () => sockets.every((socket) => socket.readableEnded || socket.destroyed));
    expect([transport.stats(), recorder.violations]).toEqual([{ open: 0, idle: 0, connecting: 0, waiting: 0 }, []]);
  });

  it('resumes TLS sessions', async () => {
    const { port, server } = await serve();
    const reused: boolean[] = [];
    server.on('secureConnection', (socket) => reused.push(socket.isSessionReused()));
    const transport = reach(port, {}, { pool: { requestsPerConnection: 1 } });
    for (let i = 0; i < 3; i += 1) expect((await exchangeOn(transport)).text).toBe('ok');
    expect(reused[0]).toBe(false);
    expect(reused.slice(1)).toContain(true);
  });

  it('offers h2 only where it may, and says so when the server does not agree', async () => {
    const { port } = await serve({ ALPNProtocols: ['http/1.1'] });
    expect((await exchangeOn(reach(port, {}, { protocol: 'auto' }))).text).toBe('ok');
    const only = await exchangeOn(reach(port, {}, { protocol: 'http2' }));
    expect(only.failure?.code).toBe('tls_error');
  });
});
