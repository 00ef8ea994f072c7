/**
 * How a response is framed to the client (RFC 9110 §6.4.1, RFC 9112 §6): decided from method, status and length alone,
 * never from framing fields that an upstream sent.
 */
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';

/**
 * - `none`: no body follows whatever the fields say and whatever comes (HEAD, 204, 205, 304); `lengthBytes` is announced where it may be.
 * - `known`: exactly `lengthBytes` follow.
 * - `chunked`: the end is marked.
 */
export type Framing =
  | { readonly kind: 'none'; readonly lengthBytes: number | null }
  | { readonly kind: 'known'; readonly lengthBytes: number }
  | { readonly kind: 'chunked' };

const CHUNKED: Framing = { kind: 'chunked' };
const NO_BODY: Framing = { kind: 'none', lengthBytes: null };

export function frameResponse(method: string, status: number, lengthBytes: number | null): Framing {
  // RFC 9110 §8.6: no Content-Length in a 204. In a 304 it would be that of a 200, which nobody here knows.
  if (status === 204 || status === 304) return NO_BODY;
  if (method === 'HEAD') return lengthBytes === null ? NO_BODY : { kind: 'none', lengthBytes };
  // RFC 9110 §15.3.6: a 205 has no content, and says so by its length. What an upstream sends with one all the same ends here.
  if (status === 205) return { kind: 'none', lengthBytes: 0 };
  return lengthBytes === null ? CHUNKED : { kind: 'known', lengthBytes };
}

/** Fields that are never copied from below: framing and hop-by-hop fields are made anew, a Date is added by the library. */
export function isOurField(name: string): boolean {
  return name === 'content-length' || name === 'date' || isHopByHop(name);
}

/** Reason phrases carry no meaning (RFC 9112 §4) but old clients expect one; RFC 9110 §15 and registered extensions. */
const reasons: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
};

/** Status code and reason phrase as they stand in a status line; a code without a phrase keeps its space (RFC 9112 §4). */
export function statusText(status: number): string {
  return `${status} ${reasons[status] ?? ''}`;
}
