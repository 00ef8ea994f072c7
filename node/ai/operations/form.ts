/**
 * Forms (RFC 7578) that come with a question: where each of their fields lies. Nothing is copied, and a file is not opened. Pure.
 *
 *   --boundary CRLF
 *   Content-Disposition: form-data; name="model" CRLF CRLF
 *   whisper-1 CRLF          ← from `start` to `end`
 *   --boundary-- CRLF
 */
import type { Misread } from '../format.js';
import type { Read } from './read.js';

export interface FormPart {
  readonly name: string;
  /** Empty: it is no file, or one without a name. */
  readonly fileName: string;
  /** As its head says; empty: it says none. */
  readonly mediaType: string;
  /** Where its content lies in the body, in bytes. */
  readonly start: number;
  readonly end: number;
}

/** More than the published APIs have fields, several of which may be lists. */
const PARTS_MAX = 128;
const HEAD_BYTES_MAX = 8 * 1024;
/** Of a field that is read as text: a prompt is the longest. */
const TEXT_BYTES_MAX = 128 * 1024;

export class Form {
  readonly body: Uint8Array;
  readonly parts: readonly FormPart[];

  constructor(body: Uint8Array, parts: readonly FormPart[]) {
    this.body = body;
    this.parts = parts;
  }

  part(name: string): FormPart | null {
    return this.parts.find((part) => part.name === name) ?? null;
  }

  bytes({ start, end }: FormPart): Uint8Array {
    return this.body.subarray(start, end);
  }

  /** Null: there is no such field, or it is empty. */
  text(name: string): string | null {
    const [first] = this.texts(name);
    return first === undefined || first === '' ? null : first;
  }

  /** Of a field that may be there several times, as `name[]` or by its plain name. */
  texts(name: string): readonly string[] {
    const named = this.parts.filter((part) => part.name === name || part.name === `${name}[]`);
    return named.map(({ start, end }) =>
      new TextDecoder().decode(this.body.subarray(start, Math.min(end, start + TEXT_BYTES_MAX))),
    );
  }
}

export function readForm(body: Uint8Array, contentType: string): Read<Form> {
  const boundary = boundaryOf(contentType);
  if (boundary === null) return wrong('', 'The body is no form: send it as `multipart/form-data` with a `boundary`.');
  const delimiter = bytesOf(`--${boundary}`);
  if (!liesAt(body, delimiter, 0))
    return wrong('', 'The form does not begin with its boundary: send it as the `Content-Type` says.');
  const ends = new Wanted(bytesOf(`\r\n--${boundary}`));
  const parts: FormPart[] = [];
  for (let at = delimiter.length; liesAt(body, LINE_END, at); ) {
    if (parts.length === PARTS_MAX) return wrong('', `The form has more than ${PARTS_MAX} fields.`);
    const headEnd = HEAD_END.find(body, at, at + HEAD_BYTES_MAX);
    const start = headEnd + HEAD_END.bytes.length;
    const end = headEnd === -1 ? -1 : ends.find(body, start, body.length);
    if (end === -1) return wrong('', 'The form is cut, or the head of a part is too long: send it whole.');
    parts.push({ ...headOf(body.subarray(at, headEnd)), start, end });
    at = end + ends.bytes.length;
  }
  return new Form(body, parts);
}

/** The body with another content in one of its parts, in pieces: nothing of the others is copied. */
export function withContent(body: Uint8Array, { start, end }: FormPart, content: string): readonly Uint8Array[] {
  return [body.subarray(0, start), bytesOf(content), body.subarray(end)];
}

/** `Content-Disposition: form-data; name="model"; filename="a.wav"`, and a type. */
function headOf(bytes: Uint8Array): Pick<FormPart, 'name' | 'fileName' | 'mediaType'> {
  const lines = new TextDecoder('latin1').decode(bytes).split('\r\n');
  const field = (name: RegExp): string => lines.find((line) => name.test(line)) ?? '';
  const disposition = field(/^content-disposition:/i);
  return {
    name: parameterIn(disposition, /;\s*name=(?:"([^"]*)"|([^;\s]+))/i),
    fileName: parameterIn(disposition, /;\s*filename=(?:"([^"]*)"|([^;\s]+))/i),
    mediaType: (/^content-type:\s*([^;\s]+)/i.exec(field(/^content-type:/i))?.[1] ?? '').toLowerCase(),
  };
}

function parameterIn(line: string, pattern: RegExp): string {
  const [, quoted, plain] = pattern.exec(line) ?? [];
  return quoted ?? plain ?? '';
}

function boundaryOf(contentType: string): string | null {
  if (!/^\s*multipart\/form-data\s*;/i.test(contentType)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? null;
}

/**
 * Bytes that are looked for in many more (Horspool 1980): of what does not fit, the byte under the last one says how far to go on, which in a
 * sound is nearly always all of it.
 */
export class Wanted {
  readonly bytes: Uint8Array;
  readonly #steps: Uint8Array;

  /** At most 255 bytes. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#steps = new Uint8Array(256).fill(bytes.length);
    for (let i = 0; i < bytes.length - 1; i += 1) this.#steps[bytes[i] ?? 0] = bytes.length - 1 - i;
  }

  /** Where they begin, before `to`; -1: nowhere. */
  find(body: Uint8Array, from: number, to: number): number {
    const last = this.bytes.length - 1;
    const end = Math.min(to, body.length - last);
    for (let at = from; at < end; at += this.#steps[body[at + last] ?? 0] ?? 1)
      if (liesAt(body, this.bytes, at)) return at;
    return -1;
  }
}

function liesAt(body: Uint8Array, wanted: Uint8Array, at: number): boolean {
  if (at + wanted.length > body.length) return false;
  for (let i = wanted.length - 1; i >= 0; i -= 1) if (body[at + i] !== wanted[i]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const LINE_END = bytesOf('\r\n');
const HEAD_END = new Wanted(bytesOf('\r\n\r\n'));

function wrong(field: string, message: string): Misread {
  return { field, message };
}
