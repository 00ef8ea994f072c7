import { rmSync, writeFileSync } from 'node:fs';
import { checkWithFiles } from '@weir/control/publish/load-config.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Authority, createAuthority, type IssuedCertificate } from '../../conformance/transport/certificates.js';

let authority: Authority;
let one: IssuedCertificate;
let other: IssuedCertificate;
beforeAll(() => {
  authority = createAuthority();
  one = authority.issue('one', 'DNS:one.example');
  other = authority.issue('other', 'DNS:other.example');
});
afterAll(() => authority.remove());

const DAY_MS = 86_400_000;

const serving = (certFile: string, keyFile: string, caFile = authority.caFile): string => `version: 1
gateway: { tls: { certificates: [{ certFile: ${certFile}, keyFile: ${keyFile} }] } }
upstreams: [{ id: app, targets: ["https://127.0.0.1:1"], tls: { caFile: ${caFile} } }]
routes: [{ match: /*, upstream: app }]
`;

async function found(text: string, nowMs = Date.now()): Promise<string[]> {
  const checked = await checkWithFiles(text, {}, nowMs);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ severity, line, path, message }) => `${severity} ${line} ${path}: ${message}`);
}

it('a certificate that has expired, soon will, or is not valid yet, is told of with its place', async () => {
  // Those of the test are valid for two days.
  expect((await found(serving(one.certFile, one.keyFile))).map((text) => text.replace(/ on .*/, ''))).toEqual([
    'warning 2 gateway.tls.certificates[0].certFile: the certificate expires soon,',
    'warning 3 upstreams[0].tls.caFile: the certificate expires soon,',
  ]);
  const later = await found(serving(one.certFile, one.keyFile), Date.now() + 3 * DAY_MS);
  expect(later[0]).toMatch(/^warning 2 gateway.tls.certificates\[0\].certFile: the certificate expired on \d{4}-/);
  const before = await found(serving(one.certFile, one.keyFile), Date.now() - DAY_MS);
  expect(before[0]).toContain('is not valid before');
});

it('a key of another certificate, and what is neither, are errors', async () => {
  const mixed = await found(serving(one.certFile, other.keyFile));
  expect(mixed).toContainEqual(
    'error 2 gateway.tls.certificates[0].keyFile: key and certificate do not belong together',
  );
  const swapped = await found(serving(one.keyFile, one.certFile));
  expect(swapped).toContainEqual('error 2 gateway.tls.certificates[0].certFile: this is no certificate');
  expect((await found(serving(one.certFile, one.certFile))).join()).toMatch(
    /error 2 .*keyFile: the key in .* cannot be/,
  );
});

it('a file that is missing is a warning: the config may run on another machine', async () => {
  const gone = authority.issue('gone', 'DNS:gone.example');
  rmSync(gone.certFile);
  expect((await found(serving(gone.certFile, gone.keyFile)))[0]).toBe(
    `warning 2 gateway.tls.certificates[0].certFile: the file ${gone.certFile} does not exist here`,
  );
  writeFileSync(gone.certFile, '');
});
