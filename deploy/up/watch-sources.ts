/**
 * Watches what a running snapshot was made from: the config file, and the certificates and keys that it names. A
 * certificate that was renewed in place (as ACME clients do) is a reason to publish again, although the config file says
 * what it said before.
 *
 * A renewal replaces several files one after the other, and a new certificate does not fit the old key. So changes are
 * gathered until the files have been quiet for a second.
 */
import type { PublishCause } from '@weir/control/api/control-status.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { type FileWatch, watchContent } from './watch-file.js';

const QUIET_MS = 1_000;

export interface SourceWatch {
  /** Watches these files, besides the config, instead of those before. */
  follow(files: ReadonlySet<string>): Promise<void>;
  close(): void;
}

type OnChange = (cause: Extract<PublishCause, 'file-change' | 'certificate-change'>) => void;

export async function watchSources(configFile: string | null, onChange: OnChange): Promise<SourceWatch> {
  const config = configFile === null ? null : await watchContent(configFile, () => onChange('file-change'));
  const watches = new Map<string, Promise<FileWatch>>();
  let quiet: NodeJS.Timeout | null = null;
  const changed = (): void => {
    if (quiet !== null) clearTimeout(quiet);
    quiet = setTimeout(() => onChange('certificate-change'), QUIET_MS);
  };
  const drop = (file: string): void => {
    void watches.get(file)?.then((watch) => watch.close());
    watches.delete(file);
  };
  return {
    async follow(files) {
      for (const file of [...watches.keys()]) if (!files.has(file)) drop(file);
      for (const file of files) if (!watches.has(file)) watches.set(file, watchContent(file, changed));
      await Promise.all(watches.values());
    },
    close() {
      config?.close();
      if (quiet !== null) clearTimeout(quiet);
      for (const file of [...watches.keys()]) drop(file);
    },
  };
}

/** Every file that a snapshot names for TLS, towards clients and towards upstreams. */
export function tlsFilesOf({ gateway, upstreams }: Pick<Snapshot, 'gateway' | 'upstreams'>): Set<string> {
  const served = gateway.tls?.certificates.flatMap(({ certFile, keyFile }) => [certFile, keyFile]) ?? [];
  const spoken = upstreams.flatMap(({ tls }) => (tls === null ? [] : [tls.caFile, tls.certFile, tls.keyFile]));
  return new Set([...served, ...spoken].filter((file) => file !== null));
}
