/**
 * Reads and refuses request heads: the decision whether a request may be believed to mean one thing only.
 *
 * The server library parses leniently in places (it takes the first of two Content-Length fields, any Transfer-Encoding
 * as chunked, two Hosts). Where two parsers could read two things, a gateway must refuse: that is what request smuggling
 * lives on (RFC 9112 §3.2, §5, §6.3, §11.2). Everything here is decided from the parsed head alone, in one pass over the
 * fields, since this stands on the path of every request.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { listTokens, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { type NameSketch, NO_NAME } from '@weir/proto/http/name-sketch.js';
import type { ListenerLimitsSpec } from '@weir/proto/snapshot/gateway.js';
import { familiarField } from './familiar-fields.js';

/** A parsed head whose names are lower-case. */
export interface RequestHead {
  readonly method: string;
  /** As they came; where they hold raw UTF-8, it is percent-encoded. */
  path: string;
  query: string;
  /** Values that were not plain ASCII are replaced by their exact bytes, and texts that are familiar by the ones that are kept. */
  readonly headers: MutableHeaderList;
}

/** What a good head says about the message. */
export interface HeadReading {
  readonly authority: string;
  readonly hasBody: boolean;
  /** Content-Length, or null for a chunked body; 0 when there is no body. */
  readonly lengthBytes: number | null;
  /** The client wants the connection closed after the answer. */
  readonly closeAsked: boolean;
  /** Of its fields. */
  readonly names: NameSketch;
  /** It asks for no more than what everybody gets (pipeline/reusable.ts), as far as that can be said without a config. */
  readonly isPlain: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** uri-host with a port (RFC 9110 §7.2): a reg-name without the characters that lists and URLs are split at, or an IP literal. */
const AUTHORITY = /^(?:[A-Za-z0-9._~!$&'()*+;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
// Fifteen digits stay below 2^53, and above any body that a machine will see.
const LENGTH = /^[0-9]{1,15}$/;
/** Visible ASCII without `#`: a fragment has no place in a request target, and others cut it off at different places. */
const TARGET_TEXT = /^[!"$-~]*$/;
const PLAIN_TEXT = /^[\t\x20-\x7e]*$/;
/** RFC 9110 §5.5: field-vchar, space, tab, and obs-text, one character for each byte. */
const FIELD_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

const COMMON_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Ask for the request as it arrived, which behind a gateway includes credentials that the client never had. */
const ECHOING_METHODS: ReadonlySet<string> = new Set(['TRACE', 'TRACK']);

const bad = (detail: string): Failure => failure('bad_request', detail);

/**
 * The reading of a good head, or why it is refused. `exactBytes` gives the bytes of a value that is not plain ASCII, one
 * character each, or null when they can't be known.
 */
export function readHead(
  head: RequestHead,
  limits: ListenerLimitsSpec,
  exactBytes: (name: string, value: string) => string | null,
): HeadReading | Failure {
  const line = checkRequestLine(head, limits);
  if (line !== null) return line;
  const { headers } = head;
  if (headers.length > limits.headerCount * 2) {
    return failure('headers_too_large', `more than ${limits.headerCount} header fields`);
  }
  let sizeBytes = head.method.length + head.path.length + head.query.length + 13;
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let closeAsked = false;
  let names = NO_NAME;
  let isPlain = true;
  for (let i = 0; i < headers.length; i += 2) {
    const field = familiarField(i / 2, headers[i] ?? '');
    const { name } = field;
    const came = headers[i + 1] ?? '';
    const kept = field.value;
    const isFamiliar = came === kept;
    const value = isFamiliar ? kept : came;
    headers[i] = name;
    names |= field.sketch;
    if (!field.isPlain && !(name === 'connection' && value === 'keep-alive')) isPlain = false;
    sizeBytes += name.length + value.length + 4;
    // What most fields are not.
    switch (field.isRead ? name : '') {
      case 'host':
        if (host !== undefined) return bad('more than one Host field');
        host = value;
        break;
      case 'content-length':
        if (contentLength !== undefined) return bad('more than one Content-Length field');
        contentLength = value;
        break;
      case 'transfer-encoding':
        if (transferEncoding !== undefined) return bad('more than one Transfer-Encoding field');
        transferEncoding = value;
        break;
      case 'connection':
        closeAsked ||= value === 'close' || (value !== 'keep-alive' && listTokens(value).includes('close'));
        break;
      case 'expect':
        // The library has answered 100 by now; RFC 9110 §10.1.1 knows no other expectation.
        if (value.toLowerCase() !== '100-continue') return failure('expectation_failed', 'unknown expectation');
        break;
    }
    if (isFamiliar) headers[i + 1] = value;
    else if (PLAIN_TEXT.test(value)) field.keep(value);
    else {
      const exact = exactBytes(name, value);
      if (exact === null || !FIELD_TEXT.test(exact)) return bad(`the field ${name} holds what no field may hold`);
      headers[i + 1] = exact;
    }
  }
  if (sizeBytes > limits.headerBytes) {
    return failure('headers_too_large', `the request head is larger than ${limits.headerBytes} bytes`);
  }
  const authority = host === undefined ? null : authorityOf(host);
  if (authority === null) return bad('Host is missing, empty or not a host');
  return readFraming({ authority, closeAsked, names, isPlain }, contentLength, transferEncoding);
}

/** The Host that was read last, and what it named: nearly all requests of a listener name the same few. */
const lastHost = { text: '', authority: '' };

/** In lower case; null for what is no host. */
function authorityOf(host: string): string | null {
  if (host !== lastHost.text) {
    if (!AUTHORITY.test(host)) return null;
    lastHost.text = host;
    lastHost.authority = host.toLowerCase();
  }
  return lastHost.authority === '' ? null : lastHost.authority;
}

const BEYOND_ASCII_RUNS = /[^\0-\x7f]+/g;

/**
 * A path or query as it is passed on: raw UTF-8 is percent-encoded, which names the same resource (RFC 3986 §2.5); all
 * else stays as it came. U+FFFD stands for bytes that were not UTF-8; it is left, and refused with other bad characters.
 */
export function targetText(raw: string): string {
  return raw.includes('\ufffd') ? raw : raw.replace(BEYOND_ASCII_RUNS, encodeURIComponent);
}

const isTargetText = (text: string): boolean => text === '' || TARGET_TEXT.test(text);

export function isFailure(reading: HeadReading | Failure): reading is Failure {
  return 'code' in reading;
}

function checkRequestLine(head: RequestHead, limits: ListenerLimitsSpec): Failure | null {
  const cameAsText = isTargetText(head.path) && isTargetText(head.query);
  if (!cameAsText) {
    head.path = targetText(head.path);
    head.query = targetText(head.query);
  }
  const { method, path, query } = head;
  if (!COMMON_METHODS.has(method)) {
    const refused = checkUncommonMethod(method);
    if (refused !== null) return refused;
  }
  const targetBytes = query === '' ? path.length : path.length + query.length + 1;
  if (targetBytes > limits.urlBytes) {
    return failure('url_too_long', `the request target is longer than ${limits.urlBytes} bytes`);
  }
  if (path.charCodeAt(0) !== 0x2f) return bad('the path does not begin with a slash');
  if (!cameAsText && !(isTargetText(path) && isTargetText(query))) {
    return bad('the request target holds a character that it must not hold');
  }
  return null;
}

/** Other methods pass: anybody may define one (RFC 9110 §16.1), and routes may name them. */
function checkUncommonMethod(method: string): Failure | null {
  if (!TOKEN.test(method)) return bad('the method is not a token');
  const capitals = method.toUpperCase();
  if (ECHOING_METHODS.has(capitals)) {
    const headers = ['allow', [...COMMON_METHODS].join(', ')];
    return failure('method_not_allowed', `${capitals} is not passed on`, { headers });
  }
  // Methods are case-sensitive (RFC 9110 §9.1), but not to every server: `get` would pass what is said about GET by.
  return capitals !== method && COMMON_METHODS.has(capitals) ? bad('a known method, not in capitals') : null;
}

type Rest = Pick<HeadReading, 'authority' | 'closeAsked' | 'names' | 'isPlain'>;

function readFraming(
  { authority, closeAsked, names, isPlain }: Rest,
  contentLength: string | undefined,
  transferEncoding: string | undefined,
): HeadReading | Failure {
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return bad('both Content-Length and Transfer-Encoding');
    // Anything but chunked alone is a coding that would have to be undone, or an attempt at being read in two ways.
    if (transferEncoding.toLowerCase() !== 'chunked') return bad('a Transfer-Encoding other than chunked');
    return { authority, hasBody: true, lengthBytes: null, closeAsked, names, isPlain };
  }
  if (contentLength === undefined) return { authority, hasBody: false, lengthBytes: 0, closeAsked, names, isPlain };
  if (!LENGTH.test(contentLength)) return bad('Content-Length is not a number');
  const lengthBytes = Number(contentLength);
  return { authority, hasBody: lengthBytes > 0, lengthBytes, closeAsked, names, isPlain };
}
