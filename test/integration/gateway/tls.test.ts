/** TLS on both sides of the real command: SNI, HTTP/2 to the upstream, and certificates that are renewed while it runs. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../conformance/transport/certificates.js';
import { freePort, Stage } from '../../support/stage.js';
import { startUpstream } from '../../support/upstream.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';

const stage = new Stage();
afterEach(() => stage.clear());

/** An open connection that carries one request after the other. */
interface TlsClient {
  readonly socket: TLSSocket;
  get(path: string): Promise<string>;
}

async function tlsClient(port: number, servername: string, ca: Buffer): Promise<TlsClient> {
  const socket = connect({ port, host: '127.0.0.1', servername, ca });
  stage.onEnd(() => {
    socket.destroy();
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return {
    socket,
    get: (path) =>
      new Promise((resolve, reject) => {
        let received = '';
        const onData = (bytes: Buffer): void => {
          received += bytes.toString('latin1');
          const [head = '', body] = received.split('\r\n\r\n');
          const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
          if (body === undefined || body.length < length) return;
          socket.off('data', onData).off('close', onClose);
          resolve(`${head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)} ${body}`);
        };
        const onClose = (): void => reject(new Error('the connection was closed'));
        socket.on('data', onData).on('close', onClose);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${servername}\r\n\r\n`);
      }),
  };
}

/** The certificate that a new connection is shown, by its fingerprint. */
async function shown(weir: WeirUp, servername: string, ca: Buffer): Promise<string> {
  const { socket } = await tlsClient(weir.port, servername, ca);
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function world(protocol: string) {
  const authority = createAuthority();
  stage.onEnd(() => authority.remove());
  const inside = authority.issue('inside', 'IP:127.0.0.1');
  const upstream = await startUpstream(stage, [inside.certFile, inside.keyFile]);
  const folder = stage.folder();
  for (const name of ['one', 'two']) install(authority, folder, name);
  const certificate = (name: string): string =>
    `{ hosts: ${name}.test, certFile: ${join(folder, name)}.pem, keyFile: ${join(folder, name)}.key }`;
  // A port of our own: one that the kernel chose can't be taken over by renewed certificates.
  const config = `version: 1
gateway:
  listen: "127.0.0.1:${await freePort()}"
  accessLog: false
  tls: { certificates: [${certificate('one')}, ${certificate('two')}] }
upstreams:
  - { id: app, targets: ["https://127.0.0.1:${upstream.port}"], protocol: ${protocol}, tls: { caFile: ${authority.caFile} } }
routes: [{ id: all, match: /*, upstream: app }]
`;
  return { authority, upstream, folder, weir: await weirUp(stage, config) };
}

/** Puts a freshly issued certificate where the config looks for it. */
function install(authority: Authority, folder: string, name: string, days?: number): void {
  const { certFile, keyFile } = authority.issue(name, `DNS:${name}.test`, days);
  copyFileSync(certFile, join(folder, `${name}.pem`));
  copyFileSync(keyFile, join(folder, `${name}.key`));
}

describe('a gateway with TLS on both sides', { timeout: 120_000 }, () => {
  it('shows the certificate of the name asked for, and speaks HTTP/2 to the upstream', async () => {
    const { authority, upstream, weir } = await world('http2');
    for (const name of ['one.test', 'two.test']) {
      // Verified against the authority and the name: another certificate would be an error here.
      const client = await tlsClient(weir.port, name, authority.ca);
      expect(await client.get(`/after/0/${name}`)).toBe(`200 ${name}`);
    }
    expect(await upstream.look()).toMatchObject({ protocol: '2.0', connections: 1 });
  });

  it('speaks HTTP/1.1 to the upstream where that is what the config says', async () => {
    const { authority, upstream, weir } = await world('http1');
    const client = await tlsClient(weir.port, 'one.test', authority.ca);
    expect(await client.get('/after/0/plain')).toBe('200 plain');
    expect((await upstream.look()).protocol).toBe('1.1');
  });

  it('takes renewed certificates at a reload, while open connections live on', async () => {
    const { authority, folder, weir } = await world('http2');
    const old = await tlsClient(weir.port, 'one.test', authority.ca);
    const before = [await shown(weir, 'one.test', authority.ca), await shown(weir, 'two.test', authority.ca)];
    for (const name of ['one', 'two']) install(authority, folder, name);
    expect(await weir.hangUp()).toBe('accepted');
    const after = [await shown(weir, 'one.test', authority.ca), await shown(weir, 'two.test', authority.ca)];
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(await old.get('/after/0/still-here')).toBe('200 still-here');
    expect(old.socket.getPeerCertificate().fingerprint256).toBe(before[0]);
  });

  it('tells when each file that it serves is over, the first of a chain counted, and warns where it is', async () => {
    const { authority, folder, weir } = await world('http1');
    const told = (name: string): Promise<number> =>
      weir.metric(`weir_certificate_expiry_timestamp_seconds{file="${join(folder, name)}.pem"}`);
    const endOf = (pem: Buffer): number => Date.parse(new X509Certificate(pem).validTo) / 1_000;
    const served = (name: string): Buffer => readFileSync(join(folder, `${name}.pem`));
    const before = [endOf(served('one')), endOf(served('two'))];
    expect([await told('one'), await told('two')]).toEqual(before);
    const warnings = async () => (await weir.status()).nodes[0]?.status?.warnings;
    expect(await warnings()).toEqual([]);
    // Its issuer's, behind its own, is over.
    const over = authority.issue('over', 'DNS:over.test', 0);
    writeFileSync(join(folder, 'two.pem'), Buffer.concat([served('two'), over.cert]));
    expect(await weir.hangUp()).toBe('accepted');
    expect([await told('one'), await told('two')]).toEqual([before[0], endOf(over.cert)]);
    const at = new Date(endOf(over.cert) * 1_000).toISOString().replace('.000', '');
    const warning = `a certificate in ${join(folder, 'two.pem')} expired at ${at} and clients refuse it`;
    await expect.poll(warnings, { timeout: 10_000 }).toEqual([expect.stringContaining(warning)]);
    expect(weir.said()).toContain(warning);
  });

  it('keeps the certificates that it has when the renewed ones are no good', async () => {
    const { authority, folder, weir } = await world('http2');
    const before = await shown(weir, 'one.test', authority.ca);
    copyFileSync(join(folder, 'two.key'), join(folder, 'one.key'));
    expect(await weir.hangUp()).toBe('rejected');
    expect(await shown(weir, 'one.test', authority.ca)).toBe(before);
    const client = await tlsClient(weir.port, 'one.test', authority.ca);
    expect(await client.get('/after/0/on')).toBe('200 on');
  });
});
