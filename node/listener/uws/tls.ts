/**
 * Apps with and without TLS, with their certificates by server name (SNI, RFC 6066 §3).
 *
 * The library takes whatever file it is given for a server name without a word, and answers with the default
 * certificate when it was no good. So certificate and key are read and matched here first. For each server name the
 * library keeps a router of its own, so the routes are attached once per name. (It prints two lines to stdout for each.)
 */

import type { AppOptions, TemplatedApp } from 'uWebSockets.js';
import uWS from 'uWebSockets.js';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import type { SecretText } from '@weir/proto/snapshot/snapshot.js';
import type { ServedCertificate } from '../listener.js';

/** Spellings of server names in other cases that are remembered, at most; SNI is lower-case but for odd clients. */
const SPELLINGS_MAX = 64;

type Certificate = ListenerTlsSpec['certificates'][number];

/** Equal for what serves the same certificates: names, passphrases, and what the files hold now. Throws when one is unreadable. */
export function certificatesFingerprint(tls: ListenerTlsSpec, reveal: (text: SecretText) => string): string {
  const hash = createHash('sha256');
  for (const { hosts, certFile, keyFile, passphrase } of tls.certificates) {
    hash.update(JSON.stringify([hosts, certFile, keyFile, passphrase === null ? null : reveal(passphrase)]));
    for (const file of [certFile, keyFile]) {
      const content = readFileSync(file);
      hash.update(`${content.length}:`).update(content);
    }
  }
  return hash.digest('hex');
}

export interface MadeApp {
  readonly app: TemplatedApp;
  readonly certificates: readonly ServedCertificate[];
}

/** `attach` adds the routes to the app as it stands; it is called once, and again for each server name. */
export function createApp(
  tls: ListenerTlsSpec | null,
  reveal: (text: SecretText) => string,
  attach: (app: TemplatedApp) => void,
): MadeApp {
  if (tls === null) {
    const app = uWS.App();
    attach(app);
    return { app, certificates: [] };
  }
  const loaded = tls.certificates.map((certificate) => ({ certificate, ...checked(certificate, reveal) }));
  const [first] = loaded;
  if (first === undefined) throw new Error('TLS needs at least one certificate');
  const app = uWS.SSLApp(first.options);
  attach(app);
  const byHost = new Map<string, AppOptions>();
  for (const { certificate, options } of loaded) {
    for (const host of certificate.hosts) {
      // The certificate that stands first wins a name that two claim.
      if (byHost.has(host)) continue;
      byHost.set(host, options);
      addName(app, host, options, attach);
    }
  }
  let spellings = 0;
  app.missingServerName((name) => {
    const options = byHost.get(name.toLowerCase()) ?? byHost.get(name.toLowerCase().replace(/^[^.]*/, '*'));
    if (options === undefined || spellings >= SPELLINGS_MAX) return;
    spellings += 1;
    addName(app, name, options, attach);
  });
  const served = new Map(
    loaded.map(({ notAfterWallMs, certificate: { certFile: file } }) => [file, { file, notAfterWallMs }]),
  );
  return { app, certificates: [...served.values()] };
}

function addName(app: TemplatedApp, name: string, options: AppOptions, attach: (app: TemplatedApp) => void): void {
  app.addServerName(name, options);
  attach(app.domain(name));
}

function checked(
  certificate: Certificate,
  reveal: (text: SecretText) => string,
): { readonly options: AppOptions; readonly notAfterWallMs: number } {
  const { certFile, keyFile } = certificate;
  const passphrase = certificate.passphrase === null ? undefined : reveal(certificate.passphrase);
  const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  try {
    createSecureContext(passphrase === undefined ? files : { ...files, passphrase });
  } catch (error) {
    throw new Error(`certificate ${certFile} with key ${keyFile} can't be used: ${String(error)}`, { cause: error });
  }
  const names = { cert_file_name: certFile, key_file_name: keyFile };
  const options = passphrase === undefined ? names : { ...names, passphrase };
  return { options, notAfterWallMs: endOf(files.cert.toString('latin1')) };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Of all certificates in a file that TLS has taken, the first end: a client goes no further than the first that is over. */
function endOf(pem: string): number {
  const ends = (pem.match(CERTIFICATE) ?? [pem]).map((one) => Date.parse(new X509Certificate(one).validTo));
  return Math.min(...ends);
}
