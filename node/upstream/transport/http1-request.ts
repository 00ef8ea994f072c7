/**
 * The head of an HTTP/1.1 request as text (RFC 9112 §3, §5, §6). Pure. Whatever stands in it was checked here, once:
 * a character above 0xff is refused like a CR, since one byte of it is what would be written (U+010A as LF).
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import type { OutgoingRequest } from '../pools/connection.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_IN_TARGET = /[^\x21-\x7e\x80-\xff]/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** Methods that mean something by a body: without one they say so by a length of 0 (RFC 9110 §8.6). */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Names kept with what becomes of them; clients can make names up, so there is a bound. */
const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 64;
const names = new Map<string, Fate>();
type Fate = 'sent' | 'dropped' | 'refused';

/** The head with its blank line; or what keeps it from being sent. Framing and hop-by-hop fields are made, never copied. */
export function requestHead(request: OutgoingRequest): string | Failure {
  const { method, target, headers } = request;
  if (fateOf(method) === 'refused') return unsendable('its method');
  if (NOT_IN_TARGET.test(target) || target === '') return unsendable('its path');
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    const fate = fateOf(name);
    if (fate === 'dropped') continue;
    if (fate === 'refused') return unsendable('the name of a field');
    if (NOT_IN_VALUE.test(value)) return unsendable(`the value of ${name}`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}${framing(request)}\r\n`;
}

function framing({ method, body }: OutgoingRequest): string {
  if (body === null) return EXPECTS_BODY.has(method) ? 'content-length: 0\r\n' : '';
  if (body instanceof Uint8Array) return `content-length: ${body.length}\r\n`;
  return body.lengthBytes === null ? 'transfer-encoding: chunked\r\n' : `content-length: ${body.lengthBytes}\r\n`;
}

function fateOf(name: string): Fate {
  const known = names.get(name);
  if (known !== undefined) return known;
  const fate = judged(name);
  if (names.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) names.set(name, fate);
  return fate;
}

function judged(name: string): Fate {
  if (!TOKEN.test(name)) return 'refused';
  return name === 'content-length' || name === 'expect' || isHopByHop(name) ? 'dropped' : 'sent';
}

const unsendable = (part: string): Failure =>
  failure('bad_request', `the request cannot be sent: ${part} holds a character that would break the message`);
