/** What a connection to NATS takes from files: credentials, and certificates. Read once, when a process starts. */
import { readFileSync } from 'node:fs';
import type { NatsCredentials, NatsOptions } from './nats-bus.js';
import type { NatsPlace } from './nats-place.js';

/** Paths; empty ones are left out. */
export interface NatsFiles {
  /** A .creds file, as `nsc` writes it. */
  readonly creds: string;
  /** The seed of an nkey. */
  readonly nkey: string;
  /** Authorities that are believed, in place of the system's. */
  readonly ca: string;
  /** This side's own certificate and its key. */
  readonly cert: string;
  readonly key: string;
}

export const noNatsFiles: NatsFiles = { creds: '', nkey: '', ca: '', cert: '', key: '' };

/** Throws when a file can't be read, and for credentials of two kinds. Tells paths, and nothing of what is in them. */
export function natsOptionsOf(place: NatsPlace, files: NatsFiles, name: string): NatsOptions {
  const credentials = credentialsOf(place, files);
  const { ca, cert, key } = files;
  if ((cert === '') !== (key === '')) throw new Error('a certificate for NATS and its key are named together');
  const hasTls = place.isTls || ca !== '' || cert !== '';
  const tls = {
    ...(ca === '' ? {} : { ca: read(ca) }),
    ...(cert === '' ? {} : { cert: read(cert), key: read(key) }),
  };
  return {
    servers: place.servers,
    name,
    ...(credentials === null ? {} : { credentials }),
    ...(hasTls ? { tls } : {}),
  };
}

function credentialsOf(place: NatsPlace, { creds, nkey }: NatsFiles): NatsCredentials | null {
  const given = [place.credentials !== null, creds !== '', nkey !== ''].filter((isGiven) => isGiven);
  if (given.length > 1) throw new Error('NATS takes credentials of one kind: in its URL, a .creds file, or an nkey');
  if (creds !== '') return { kind: 'creds', creds: new TextEncoder().encode(read(creds)) };
  if (nkey !== '') return { kind: 'nkey', seed: new TextEncoder().encode(read(nkey).trim()) };
  return place.credentials;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // `code` is how Node names errors of the system.
    throw new Error(`${path} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
