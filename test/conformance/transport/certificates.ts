/** A throw-away certificate authority for TLS tests, made with the openssl command in a temporary directory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from '../../support/programs.js';

export interface Authority {
  readonly caFile: string;
  readonly ca: Buffer;
  /** Valid for two days, or for so many; 0: for less than a second. */
  issue(name: string, subjectAltName: string, days?: number): IssuedCertificate;
  remove(): void;
}

export interface IssuedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export function createAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  const at = (file: string): string => join(directory, file);
  const openssl = (...args: string[]): void => {
    execFileSync(programPath('openssl'), args, { cwd: directory, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test CA');
  return {
    caFile: at('ca.pem'),
    ca: readFileSync(at('ca.pem')),
    issue(name, subjectAltName, days = 2) {
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      writeFileSync(at(`${name}.ext`), `subjectAltName=${subjectAltName}\n`);
      const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
      const limits = ['-days', String(days), '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, ...ca, '-out', `${name}.pem`, ...limits);
      const certFile = at(`${name}.pem`);
      const keyFile = at(`${name}.key`);
      return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
