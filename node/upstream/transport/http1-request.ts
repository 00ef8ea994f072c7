/**
 * The head of an HTTP/1.1 request as text (RFC 9112 §3, §5, §6). Pure. Whatever stands in it was checked here, once:
 * a character above 0xff is refused like a CR, since one byte of it is what would be written (U+010A as LF). Nearly all
 * heads are ASCII, and are checked as a whole; the others value by value, which also finds the one that is wrong.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import type { OutgoingRequest } from '../pools/connection.js';
import { isPlainLines } from './http1-lines.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_IN_TARGET = /[^\x21-\x7e\x80-\xff]/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** Methods that mean something by a body: without one they say so by a length of 0 (RFC 9110 §8.6). */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Names kept with how their line begins; clients can make names up, so there is a bound. */
const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 64;
const lineStarts = new Map<string, LineStart>();
/** What stands before the value, the end of the line above with it; empty for a field that is dropped, null for no name. */
type LineStart = string | null;

/** The head with its blank line; or what keeps it from being sent. Framing and hop-by-hop fields are made, never copied. */
export function requestHead(request: OutgoingRequest): string | Failure {
  const { method, target, headers } = request;
  if (lineStartOf(method) === null) return unsendable('its method');
  if (NOT_IN_TARGET.test(target) || target === '') return unsendable('its path');
  // Two parts for a line, and not three: each takes as long again when the text is made flat.
  let head = `${method} ${target} HTTP/1.1`;
  let lines = 2; // with the blank one
  for (let i = 0; i < headers.length; i += 2) {
    const start = lineStartOf(headers[i] ?? '');
    if (start === null) return unsendable('the name of a field');
    if (start === '') continue;
    head += start;
    head += headers[i + 1] ?? '';
    lines += 1;
  }
  const frame = framing(request);
  if (frame !== '') {
    head += frame;
    lines += 1;
  }
  head += '\r\n\r\n';
  return isPlainLines(head, lines) ? head : (firstUnsendable(headers) ?? head);
}

function firstUnsendable(headers: HeaderList): Failure | null {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (lineStartOf(name) !== '' && NOT_IN_VALUE.test(headers[i + 1] ?? '')) return unsendable(`the value of ${name}`);
  }
  return null;
}

function framing({ method, body }: OutgoingRequest): string {
  if (body === null) return EXPECTS_BODY.has(method) ? '\r\ncontent-length: 0' : '';
  if (body instanceof Uint8Array) return `\r\ncontent-length: ${body.length}`;
  return body.lengthBytes === null ? '\r\ntransfer-encoding: chunked' : `\r\ncontent-length: ${body.lengthBytes}`;
}

function lineStartOf(name: string): LineStart {
  const known = lineStarts.get(name);
  if (known !== undefined) return known;
  const start = judged(name);
  if (lineStarts.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) lineStarts.set(name, start);
  return start;
}

function judged(name: string): LineStart {
  if (!TOKEN.test(name)) return null;
  return name === 'content-length' || name === 'expect' || isHopByHop(name) ? '' : `\r\n${name}: `;
}

const unsendable = (part: string): Failure =>
  failure('bad_request', `the request cannot be sent: ${part} holds a character that would break the message`);
