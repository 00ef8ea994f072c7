/** The files of an upstream's TLS, read once when the upstream is built; a change of their content makes it a new one. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { UpstreamTlsSpec } from '@weir/proto/snapshot/snapshot.js';

export interface TlsMaterial {
  readonly context: SecureContext;
  readonly verify: boolean;
  readonly serverName: string | null;
  /** Hash of what the files held. */
  readonly fingerprint: string;
}

const DEFAULTS: UpstreamTlsSpec = { verify: true, serverName: null, caFile: null, certFile: null, keyFile: null };

/** Throws when a file cannot be read or does not hold what it should: such a snapshot must not be taken. */
export function loadTlsMaterial(spec: UpstreamTlsSpec | null): TlsMaterial {
  const { verify, serverName, caFile, certFile, keyFile } = spec ?? DEFAULTS;
  const hash = createHash('sha256');
  const read = (file: string | null): Buffer | undefined => {
    if (file === null) return undefined;
    const content = readFileSync(file);
    hash.update(`${content.length}:`).update(content);
    return content;
  };
  const ca = read(caFile);
  const cert = read(certFile);
  const key = read(keyFile);
  const context = createSecureContext({
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return { context, verify, serverName, fingerprint: hash.digest('hex') };
}
