/**
 * Writes an object into JetStream's object store, in the library's own format (`jetstream-object-read.ts` draws it). The library hashes in
 * JavaScript and asks for the bucket and for what was there before, one after the other; for a snapshot that all nodes wait for, that
 * was longer than all of the rest. Here the chunks leave together while what was there is asked for, and the digest is the platform's.
 */
import { createHash, randomBytes } from 'node:crypto';
import { errorOf, type JetStream, jsonOf } from './jetstream.js';
import { metaSubject, noteOf } from './jetstream-object-read.js';

export interface ObjectWriteOptions {
  readonly bucket: string;
  /** For all of it. */
  readonly withinMs: number;
}

/** `no bucket`: nothing answers there, and nothing was written. */
export type Written = 'written' | 'no bucket' | { readonly detail: string };

const CHUNK_BYTES = 128 * 1024;
/** Chunks that are on their way at once: 8 MiB. */
const CHUNKS_AT_ONCE = 64;

export async function writeObject(
  jetStream: JetStream,
  { bucket, withinMs }: ObjectWriteOptions,
  name: string,
  bytes: Uint8Array,
): Promise<Written> {
  const untilMs = jetStream.clock.nowMs() + withinMs;
  const nuid = randomBytes(11).toString('hex');
  const before = noteOf(jetStream, bucket, name, untilMs);
  const publish = (subject: string, part: Uint8Array, fields: Readonly<Record<string, string>>): Promise<Written> =>
    published(jetStream, { bucket, subject, bytes: part, fields, untilMs });
  const chunkSubject = `$O.${bucket}.C.${nuid}`;
  let chunks = 0;
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES * CHUNKS_AT_ONCE) {
    const parts = partsOf(bytes.subarray(from, from + CHUNK_BYTES * CHUNKS_AT_ONCE));
    chunks += parts.length;
    const fates = await Promise.all(parts.map((part) => publish(chunkSubject, part, {})));
    const failed = fates.find((fate) => fate !== 'written');
    if (failed === undefined) continue;
    // What is there of it would stay for good, and nobody could find it.
    if (failed !== 'no bucket') await jetStream.api(`STREAM.PURGE.OBJ_${bucket}`, { filter: chunkSubject });
    return failed;
  }
  const digest = createHash('sha256').update(bytes).digest('base64');
  const note = {
    ...{ bucket, nuid, size: bytes.length, chunks, name, description: '', options: { max_chunk_size: CHUNK_BYTES } },
    ...{ digest: `SHA-256=${digest.replaceAll('+', '-').replaceAll('/', '_')}`, deleted: false },
  };
  const noted = new TextEncoder().encode(JSON.stringify(note));
  const fate = await publish(metaSubject(bucket, name), noted, { 'Nats-Rollup': 'sub' });
  if (fate !== 'written') return fate;
  const old = await before;
  // Its chunks are nobody's any more; where they can't be removed now they cost their bytes and nothing else.
  if (old !== null) await jetStream.api(`STREAM.PURGE.OBJ_${bucket}`, { filter: `$O.${bucket}.C.${old.nuid}` });
  return 'written';
}

function partsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) parts.push(bytes.subarray(at, at + CHUNK_BYTES));
  return parts;
}

interface Publication {
  readonly bucket: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly fields: Readonly<Record<string, string>>;
  readonly untilMs: number;
}

async function published(
  jetStream: JetStream,
  { bucket, subject, bytes, fields, untilMs }: Publication,
): Promise<Written> {
  const withinMs = untilMs - jetStream.clock.nowMs();
  if (withinMs <= 0) return { detail: 'not answered in time' };
  const headers = { ...fields, 'Nats-Expected-Stream': `OBJ_${bucket}` };
  const asked = await jetStream.ask({ subject, bytes, headers, withinMs });
  if (!asked.ok) return asked.why === 'away' && jetStream.state().isConnected ? 'no bucket' : { detail: asked.detail };
  const answer = jsonOf(asked.message.data);
  if (answer === null) return { detail: 'an acknowledgement that is none' };
  const error = errorOf(answer);
  return error === null ? 'written' : { detail: error.detail };
}
