/**
 * Transcriptions: a form (RFC 7578) with a sound in it, which nobody here opens. Only the field `model` is found and replaced, where
 * it lies; everything around it stays the very bytes that came. Source:
 * https://platform.openai.com/docs/api-reference/audio/createTranscription. Pure.
 *
 *   --boundary CRLF
 *   Content-Disposition: form-data; name="model" CRLF CRLF
 *   whisper-1 CRLF          ← from `start` to `end`
 *   --boundary-- CRLF
 */
import type { Misread } from '../format.js';
import type { Read } from './read.js';

export interface TranscriptionForm {
  readonly model: string;
  /** Where the name of the model lies in the body, in bytes. */
  readonly start: number;
  readonly end: number;
}

/** More than the published API has fields, several of which may be lists. */
const PARTS_MAX = 128;
const HEAD_BYTES_MAX = 8 * 1024;
const MODEL_BYTES_MAX = 256;
const CR = 0x0d;

export function readTranscriptionForm(body: Uint8Array, contentType: string): Read<TranscriptionForm> {
  const boundary = boundaryOf(contentType);
  if (boundary === null) return wrong('', 'The body is no form: send it as `multipart/form-data` with a `boundary`.');
  const delimiter = bytesOf(`--${boundary}`);
  if (!liesAt(body, delimiter, 0))
    return wrong('', 'The form does not begin with its boundary: send it as the `Content-Type` says.');
  let at = delimiter.length;
  for (let parts = 0; parts < PARTS_MAX; parts += 1) {
    if (!liesAt(body, LINE_END, at)) break;
    const part = partAt(body, at, delimiter);
    if (part === null) return wrong('', 'The form is cut, or the head of a part is too long: send it whole.');
    if (part.name === 'model') return modelOf(body, part);
    at = part.next;
  }
  return wrong('model', '`model` is missing: give it as a field of the form, before more than a hundred others.');
}

/** The body with another model in it, in pieces: nothing of the sound is copied. */
export function withModel(body: Uint8Array, form: TranscriptionForm, model: string): readonly Uint8Array[] {
  return [body.subarray(0, form.start), new TextEncoder().encode(model), body.subarray(form.end)];
}

interface FormPart {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Behind the delimiter that ends it. */
  readonly next: number;
}

/** `at` is the line end behind a delimiter. Null: there is no whole part. */
function partAt(body: Uint8Array, at: number, delimiter: Uint8Array): FormPart | null {
  const headEnd = find(body, HEAD_END, at, at + HEAD_BYTES_MAX);
  if (headEnd === -1) return null;
  const start = headEnd + HEAD_END.length;
  const end = find(body, new Uint8Array([...LINE_END, ...delimiter]), start, body.length);
  if (end === -1) return null;
  const head = new TextDecoder('latin1').decode(body.subarray(at, headEnd));
  return { name: nameIn(head), start, end, next: end + LINE_END.length + delimiter.length };
}

function modelOf(body: Uint8Array, { start, end }: FormPart): Read<TranscriptionForm> {
  const model = new TextDecoder().decode(body.subarray(start, Math.min(end, start + MODEL_BYTES_MAX)));
  if (end === start) return wrong('model', '`model` is empty: give the name of one.');
  if (end - start > MODEL_BYTES_MAX)
    return wrong('model', `\`model\` is longer than ${MODEL_BYTES_MAX} bytes: give the name of one.`);
  return { model, start, end };
}

/** Of `Content-Disposition: form-data; name="model"`; empty: it has none. A file name is none. */
function nameIn(head: string): string {
  const line = head.split('\r\n').find((field) => /^content-disposition:/i.test(field)) ?? '';
  const [, quoted, plain] = /;\s*name=(?:"([^"]*)"|([^;\s]+))/i.exec(line) ?? [];
  return quoted ?? plain ?? '';
}

function boundaryOf(contentType: string): string | null {
  if (!/^\s*multipart\/form-data\s*;/i.test(contentType)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

function find(body: Uint8Array, wanted: Uint8Array, from: number, to: number): number {
  for (let at = body.indexOf(CR, from); at !== -1 && at < to; at = body.indexOf(CR, at + 1)) {
    if (liesAt(body, wanted, at)) return at;
  }
  return -1;
}

function liesAt(body: Uint8Array, wanted: Uint8Array, at: number): boolean {
  return at + wanted.length <= body.length && wanted.every((byte, index) => body[at + index] === byte);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const LINE_END = bytesOf('\r\n');
const HEAD_END = bytesOf('\r\n\r\n');

function wrong(field: string, message: string): Misread {
  return { field, message };
}
