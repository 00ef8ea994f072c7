/**
 * Reads the head of an HTTP/1.1 answer, once all of it is there as text (RFC 9112 §2 to §6). Pure. Stricter than the
 * RFC asks where two readers could disagree: no folded lines, no bare CR or LF, no other control characters, no blank in
 * front of a colon, one framing. Whoever reads the answer behind us then sees the same fields, or none at all.
 */
import { type HeaderList, listTokens } from '@weir/proto/http/headers.js';
import { answerLength, framingFault } from './answer-head.js';

/** Fields in one head; with the bound on its bytes this one only cuts off what no server sends. */
const FIELDS_MAX = 1000;
/** Names kept in lower case. What upstreams send is a small set; the bound is for those who make names up. */
const NAMES_MAX = 512;
const NAME_LENGTH_MAX = 64;

const STATUS_LINE = /^HTTP\/1\.[01] [0-9]{3}(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const STATUS = /^HTTP\/1\.[01] [0-9]{3}$/;
/** `HTTP/1.1 200`: version and status. */
export const STATUS_BYTES = 12;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What no head holds: a control character, a CR without its LF, an LF without its CR. */
const FORBIDDEN = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
/** The same of a beginning, whose last CR may still get its LF. */
const FORBIDDEN_SO_FAR = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n|$)|(?<!\r)\n/;
const KEEP_ALIVE_TIMEOUT = /(?:^|[\s,;])timeout=([0-9]{1,6})/i;

export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderList;
  /** As ResponseHead has it: null when only the end of the body tells. */
  readonly lengthBytes: number | null;
  readonly isChunked: boolean;
  /** The peer keeps the connection after this answer, as far as its head says. */
  readonly keepsAlive: boolean;
  /** Seconds for which the peer has promised to keep it (Keep-Alive: timeout), or null. */
  readonly keepAliveS: number | null;
}

/** A head, up to and with the CRLF in front of its blank line; or, as a string, what is wrong with it. */
export function readHead(text: string): AnswerHead | string {
  const lineEnd = text.indexOf('\r\n');
  if (FORBIDDEN.test(text)) return 'a control character in its head';
  if (!STATUS_LINE.test(text.slice(0, lineEnd))) return 'a status line that is none';
  const status = Number(text.slice(9, 12));
  if (status < 100 || status > 599) return `status ${status}`;
  const headers: string[] = [];
  const fault = readFields(text, lineEnd + 2, headers);
  if (fault !== null) return fault;
  return judged(status, text[7] === '1', headers);
}

/** The beginning of a head may still become one, judged by the part of its status line that never varies in length. */
export function beginsLikeHead(text: string): boolean {
  return STATUS.test(text.slice(0, STATUS_BYTES) + 'HTTP/1.1 200'.slice(text.length));
}

/** A piece of a head that holds what none may hold. */
export function hasForbidden(piece: string): boolean {
  return FORBIDDEN_SO_FAR.test(piece);
}

/** The fields of a trailer section (RFC 9112 §7.1.2), which are judged and dropped; null when nothing is wrong with them. */
export function trailerFault(text: string): string | null {
  if (FORBIDDEN.test(text)) return 'a control character in its trailers';
  const headers: string[] = [];
  const fault = readFields(text, 2, headers);
  if (fault !== null) return fault;
  return headers.includes('content-length') || headers.includes('transfer-encoding') ? 'framing in its trailers' : null;
}

function judged(status: number, isLatest: boolean, headers: HeaderList): AnswerHead | string {
  const fault = framingFault(status, headers);
  if (fault !== null) return fault;
  let keepsAlive = isLatest;
  let closes = false;
  let isChunked = false;
  let keepAliveS: number | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    switch (headers[i]) {
      case 'connection':
        // What nearly all servers say needs no list.
        if (headers[i + 1] === 'keep-alive') keepsAlive = true;
        else {
          const options = listTokens(headers[i + 1] ?? '');
          closes ||= options.includes('close');
          keepsAlive ||= options.includes('keep-alive');
        }
        break;
      case 'transfer-encoding':
        // HTTP/1.0 does not know chunks, so its readers see another message (RFC 9112 §6.1).
        if (!isLatest) return 'chunks in HTTP/1.0';
        isChunked = true;
        break;
      case 'keep-alive': {
        const match = KEEP_ALIVE_TIMEOUT.exec(headers[i + 1] ?? '');
        if (match !== null) keepAliveS = Number(match[1]);
        break;
      }
    }
  }
  const lengthBytes = answerLength(status, headers);
  return { status, headers, lengthBytes, isChunked, keepsAlive: keepsAlive && !closes, keepAliveS };
}

/** Reads the lines from `at` to the end of the text; the text has been searched for forbidden characters. */
function readFields(text: string, at: number, into: string[]): string | null {
  let start = at;
  while (start < text.length) {
    // Every CR has its LF; looking for one character is several times cheaper than for two.
    const end = text.indexOf('\r', start);
    const colon = text.indexOf(':', start);
    if (colon === -1 || colon > end) return 'a field without a colon';
    const name = nameOf(text.slice(start, colon));
    if (name === null) return 'a field name that is none';
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from += 1;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
    // Readers differ on whether a tab belongs to a length or a coding; nobody sends one.
    if (isFraming(name) && text.slice(colon, end).includes('\t')) return 'a tab in a framing field';
    into.push(name, text.slice(from, to));
    if (into.length > 2 * FIELDS_MAX) return 'too many fields';
    start = end + 2;
  }
  return null;
}

const isFraming = (name: string): boolean => name === 'content-length' || name === 'transfer-encoding';

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

/** Names as they were written → in lower case; the writer of a field seldom varies it. */
const names = new Map<string, string>();

function nameOf(written: string): string | null {
  const known = names.get(written);
  if (known !== undefined) return known;
  if (!TOKEN.test(written)) return null;
  const name = written.toLowerCase();
  if (names.size < NAMES_MAX && written.length <= NAME_LENGTH_MAX) names.set(written, name);
  return name;
}
