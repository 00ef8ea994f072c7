/**
 * The head of an HTTP/1.1 request as text (RFC 9112 §3, §5, §6). Pure. Whatever stands in it was checked here, once: a character above
 * 0xff is refused like a CR, since one byte of it is what would be written (U+010A as LF).
 *
 * Of each name the value is kept that it had last: most fields of a request (Host, Via, Forwarded, a client's own) are those of the
 * one before, and need neither be looked at again nor put together again. Where a value has differed a few times, the next ones are
 * not compared for a while. The two that differ in each request, its id and its place in a trace, were made or checked by the gateway.
 */

import { Buffer } from 'node:buffer';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import type { OutgoingRequest } from '../pools/connection.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NOT_IN_TARGET = /[^\x21-\x7e\x80-\xff]/;
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** Methods that mean something by a body: without one they say so by a length of 0 (RFC 9110 §8.6). */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** What stands before the value, the end of the line above with it; empty for a field that is dropped, null for no name. */
type LineStart = string | null;

/** The line of a name, and the value that it had last: of that it is known that it can be sent. */
interface Line {
  readonly name: string;
  readonly start: LineStart;
  value: string | null;
  /** The whole of it, made when the value comes a second time. */
  text: string | null;
  /** Values since one was the same; the first few of a round are compared. */
  changes: number;
}

/** Of so many values that differ, so many are compared. */
const ROUND = 64;
const COMPARED = 4;

/** Names that lines are kept of; clients can make names up, so there is a bound. */
const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 64;
/** A longer value is seldom the same twice, and one that is kept may be somebody's secret until the next one comes. */
const VALUE_LENGTH_MAX = 128;
const lines = new Map<string, Line>();
/** Those of the head before, in its order: most heads have the same names, and comparing costs less than looking them up. */
const before: Line[] = [];
const ORDER_MAX = 128;

/** The head with its blank line; or what keeps it from being sent. Framing and hop-by-hop fields are made, never copied. */
export function requestHead(request: OutgoingRequest): string | Failure {
  const { method, target, headers, exchange } = request;
  if (lineOf(method).start === null) return unsendable('its method');
  if (NOT_IN_TARGET.test(target) || target === '') return unsendable('its path');
  // Two parts for a line, and not three: each takes as long again when the text is made flat.
  let head = `${method} ${target} HTTP/1.1`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const line = lineAt(i / 2, name);
    if (line.start === null) return unsendable('the name of a field');
    if (line.start === '') continue;
    const value = headers[i + 1] ?? '';
    if (line.changes < COMPARED && value === line.value) {
      line.changes = 0;
      line.text ??= flat(line.start + value);
      head += line.text;
      continue;
    }
    if (value !== exchange?.id && value !== exchange?.traceparent) {
      if (NOT_IN_VALUE.test(value)) return unsendable(`the value of ${name}`);
    }
    keep(line, value);
    head += line.start;
    head += value;
  }
  return `${head}${framing(request)}\r\n\r\n`;
}

function keep(line: Line, value: string): void {
  line.changes = line.changes === ROUND ? 0 : line.changes + 1;
  if (line.changes > COMPARED || value.length > VALUE_LENGTH_MAX) return;
  line.value = value;
  line.text = null;
}

/** In one piece: to put it together again and again would cost more than to copy it once. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function framing({ method, body }: OutgoingRequest): string {
  if (body === null) return EXPECTS_BODY.has(method) ? '\r\ncontent-length: 0' : '';
  if (body instanceof Uint8Array) return `\r\ncontent-length: ${body.length}`;
  return body.lengthBytes === null ? '\r\ntransfer-encoding: chunked' : `\r\ncontent-length: ${body.lengthBytes}`;
}

function lineAt(place: number, name: string): Line {
  const there = before[place];
  if (there !== undefined && there.name === name) return there;
  const line = lineOf(name);
  if (place < ORDER_MAX && place <= before.length) before[place] = line;
  return line;
}

function lineOf(name: string): Line {
  const known = lines.get(name);
  if (known !== undefined) return known;
  const line: Line = { name, start: judged(name), value: null, text: null, changes: 0 };
  if (lines.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) lines.set(name, line);
  return line;
}

function judged(name: string): LineStart {
  if (!TOKEN.test(name)) return null;
  return name === 'content-length' || name === 'expect' || isHopByHop(name) ? '' : `\r\n${name}: `;
}

const unsendable = (part: string): Failure =>
  failure('bad_request', `the request cannot be sent: ${part} holds a character that would break the message`);
