/** A snapshot that a node refuses leaves no trace but its reason: what it would have logged or hidden stays as it was. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../conformance/transport/certificates.js';
import { type Gateway, startGateway } from '../../support/gateway.js';

describe('a snapshot whose certificate is unusable', () => {
  let folder = '';
  let authority: Authority;
  let gateway: Gateway | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-refused-'));
    authority = createAuthority();
  });
  afterEach(async () => {
    await gateway?.close();
    authority.remove();
    rmSync(folder, { recursive: true });
  });

  const config = (certFile: string, keyFile: string, more: { readonly redact: string; readonly header: number }) => `
gateway:
  tls: { certificates: [{ certFile: ${certFile}, keyFile: ${keyFile} }] }
  limits: { headerCount: ${more.header} }
  accessLog: { destination: ${join(folder, 'access.log')}, redact: [${more.redact}] }
routes:
  - { id: all, match: /*, respond: 204 }
`;
  const status = (path: string, fields: Record<string, string> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const port = gateway?.port ?? 0;
      const asked = request({
        host: '127.0.0.1',
        port,
        path,
        headers: fields,
        rejectUnauthorized: false,
        agent: false,
      });
      asked.on('response', (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0)));
      asked.on('error', reject).end();
    });

  it('does not change what is hidden in the log, nor the limits', async () => {
    const { certFile, keyFile } = authority.issue('gate', 'DNS:gate');
    gateway = await startGateway(config(certFile, keyFile, { redact: 'secret', header: 50 }));
    const broken = join(folder, 'broken.pem');
    writeFileSync(broken, 'not a certificate');
    await expect(gateway.reload(config(broken, keyFile, { redact: 'other', header: 1 }))).rejects.toThrow('broken.pem');
    expect(await status('/?secret=hunter2&other=1', { one: '1', two: '2' })).toBe(204);
    await gateway.node.drain();
    const [line = ''] = readFileSync(join(folder, 'access.log'), 'utf8').split('\n');
    expect(JSON.parse(line)).toMatchObject({ status: 204, query: 'secret=[redacted]&other=1' });
    expect(gateway.bugs).toEqual([]);
  });
});
