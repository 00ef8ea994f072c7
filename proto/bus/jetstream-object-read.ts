/**
 * Reads an object of JetStream's object store by questions for single messages of its stream, which its leader answers. The library
 * makes a consumer for each object instead, and who may make consumers may name any subject for what they deliver; a node's
 * credentials are not to be good for that (`deploy/nats/`).
 *
 *     $O.<bucket>.M.<name in base64>   { nuid, size, chunks, digest }      the latest counts
 *     $O.<bucket>.C.<nuid>             one chunk each, in order
 */
import { createHash } from 'node:crypto';
import { isObject, type JetStream, jsonOf } from './jetstream.js';

export interface ObjectReadOptions {
  readonly bucket: string;
  readonly objectBytesMax: number;
  /** For all of it. */
  readonly withinMs: number;
}

export type FoundObject =
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `missing`: it is certain that there is none. */
  | { readonly ok: false; readonly why: 'missing' | 'away' | 'too large'; readonly detail: string };

/** Numbers that the API has for its errors (nats-server, server/errors.json). */
const NO_MESSAGE = 10037;
const NO_STREAM = 10059;

export async function readObject(jetStream: JetStream, options: ObjectReadOptions, name: string): Promise<FoundObject> {
  const { bucket, objectBytesMax, withinMs } = options;
  const untilMs = jetStream.clock.nowMs() + withinMs;
  const found = await messageOf(jetStream, bucket, { last_by_subj: metaSubject(bucket, name) }, untilMs);
  if (found === 'none') return { ok: false, why: 'missing', detail: `there is no ${name}` };
  if ('detail' in found) return { ok: false, why: 'away', detail: found.detail };
  const note = readNote(found.bytes);
  if (note === null) return { ok: false, why: 'away', detail: `what is noted of ${name} is not understood` };
  if (note === 'deleted') return { ok: false, why: 'missing', detail: `there is no ${name}` };
  if (note.size > objectBytesMax) return { ok: false, why: 'too large', detail: `larger than ${objectBytesMax} bytes` };
  const chunks: Uint8Array[] = [];
  let [bytes, sequence] = [0, 0];
  while (bytes < note.size) {
    const wanted = { seq: sequence + 1, next_by_subj: `$O.${bucket}.C.${note.nuid}` };
    const chunk = await messageOf(jetStream, bucket, wanted, untilMs);
    // Replaced or removed meanwhile, or being written anew.
    if (chunk === 'none') return { ok: false, why: 'away', detail: `a piece of ${name} is gone` };
    if ('detail' in chunk) return { ok: false, why: 'away', detail: chunk.detail };
    bytes += chunk.bytes.length;
    if (bytes > note.size || chunk.bytes.length === 0 || chunk.sequence <= sequence) break;
    chunks.push(chunk.bytes);
    sequence = chunk.sequence;
  }
  const whole = Buffer.concat(chunks);
  const digest = createHash('sha256').update(whole).digest('base64url');
  // The library pads it.
  if (whole.length !== note.size || note.digest.replace(/=+$/, '') !== `SHA-256=${digest}`)
    return { ok: false, why: 'away', detail: `${name} is not what was noted of it` };
  return { ok: true, bytes: new Uint8Array(whole) };
}

/** A name in base64 with its padding, as the library writes it. */
export function metaSubject(bucket: string, name: string): string {
  const encoded = Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return `$O.${bucket}.M.${encoded}`;
}

type FoundMessage = { readonly sequence: number; readonly bytes: Uint8Array } | 'none' | { readonly detail: string };

async function messageOf(
  jetStream: JetStream,
  bucket: string,
  wanted: Readonly<Record<string, unknown>>,
  untilMs: number,
): Promise<FoundMessage> {
  const leftMs = untilMs - jetStream.clock.nowMs();
  if (leftMs <= 0) return { detail: 'not answered in time' };
  const asked = await jetStream.api(`STREAM.MSG.GET.OBJ_${bucket}`, wanted, leftMs);
  if (!asked.ok)
    return asked.code === NO_MESSAGE || asked.code === NO_STREAM ? 'none' : { detail: asked.detail || 'not answered' };
  const { message } = asked.value;
  if (!isObject(message)) return { detail: 'the answer of JetStream is not understood' };
  // Left out where it is empty.
  const { seq, data = '' } = message;
  if (typeof seq !== 'number' || typeof data !== 'string')
    return { detail: 'the answer of JetStream is not understood' };
  return { sequence: seq, bytes: Buffer.from(data, 'base64') };
}

/** What is noted of an object that is there; null where there is none, or that can't be known now. */
export async function noteOf(
  jetStream: JetStream,
  bucket: string,
  name: string,
  untilMs: number,
): Promise<ObjectNote | null> {
  const found = await messageOf(jetStream, bucket, { last_by_subj: metaSubject(bucket, name) }, untilMs);
  const note = found === 'none' || 'detail' in found ? null : readNote(found.bytes);
  return note === 'deleted' ? null : note;
}

export interface ObjectNote {
  readonly nuid: string;
  readonly size: number;
  readonly digest: string;
}

function readNote(bytes: Uint8Array): ObjectNote | 'deleted' | null {
  const { nuid, size, digest, deleted } = jsonOf(bytes) ?? {};
  if (deleted === true) return 'deleted';
  // It becomes a part of a subject.
  if (typeof nuid !== 'string' || !/^[A-Za-z0-9]+$/.test(nuid)) return null;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
  return typeof digest === 'string' ? { nuid, size, digest } : null;
}
