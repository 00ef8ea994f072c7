/** The files of an upstream's TLS, read once when the upstream is built; a change of their content makes it a new one. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { UpstreamTlsSpec } from '@weir/proto/snapshot/snapshot.js';

const DEFAULTS: UpstreamTlsSpec = { verify: true, serverName: null, caFile: null, certFile: null, keyFile: null };

export interface TlsMaterial {
  readonly context: SecureContext;
  readonly verify: boolean;
  readonly serverName: string | null;
  /** Hash of what the files held. */
  readonly fingerprint: string;
}

/** Whether what it says depends on what files hold. */
export function namesFiles(spec: UpstreamTlsSpec | null): boolean {
  return spec !== null && (spec.caFile !== null || spec.certFile !== null || spec.keyFile !== null);
}

interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly fingerprint: string;
}

/** Throws when a file cannot be read or does not hold what it should: such a snapshot must not be taken. */
export function loadTlsMaterial(stated: UpstreamTlsSpec | null): TlsMaterial {
  const spec = stated ?? DEFAULTS;
  const { ca, cert, key, fingerprint } = readTlsFiles(spec);
  const context = createSecureContext({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return { context, verify: spec.verify, serverName: spec.serverName, fingerprint };
}

/** The fingerprint alone: to see that nothing has changed, which most reloads do, no context need be made. */
export function tlsFingerprint(spec: UpstreamTlsSpec | null): string {
  return readTlsFiles(spec ?? DEFAULTS).fingerprint;
}

function readTlsFiles({ caFile, certFile, keyFile }: UpstreamTlsSpec): TlsFiles {
  const hash = createHash('sha256');
  const read = (file: string | null): Buffer | undefined => {
    if (file === null) return undefined;
    const content = readFileSync(file);
    hash.update(`${content.length}:`).update(content);
    return content;
  };
  return { ca: read(caFile), cert: read(certFile), key: read(keyFile), fingerprint: hash.digest('hex') };
}
