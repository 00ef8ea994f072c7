/** Leaves that name things of the network: hosts, listen addresses, targets, header fields, URLs, files. */
import { isIpv4, isIpv6, readIpBlock } from './ip-block.js';
import { hasControl, leaf, nameKind, readText } from './scalars.js';
import { accept, quote, type Reading, refuse } from './units.js';

/** RFC 9110 §5.6.2: the characters of a field name, of a method and of a parameter name in a template. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

function isToken(value: string): boolean {
  return TOKEN.test(value);
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port alone, which listens on loopback. */
export function listenAddress() {
  return leaf(readListen, { type: ['string', 'integer'], examples: ['127.0.0.1:8080', '0.0.0.0:80', '[::]:443'] });
}

function readListen(value: unknown): Reading<ListenAddress> {
  const cure = 'write an address and a port, such as 127.0.0.1:8080, or 0.0.0.0:8080 for all interfaces';
  // A port alone listens where everything listens unless told otherwise: on loopback.
  const written = typeof value === 'number' ? `127.0.0.1:${value}` : value;
  if (typeof written !== 'string') return refuse(`a listen address was expected, not ${nameKind(value)}`, cure, true);
  const match = /^(?:\[([^\]]{1,45})\]|([^:[\]]{1,253})):(\d{1,5})$/.exec(written);
  if (match === null) return refuse(`${quote(written)} is not a listen address`, cure);
  const [, ipv6, name = '', digits = ''] = match;
  const port = Number(digits);
  if (port > 65_535)
    return refuse(`the port ${port} does not exist`, 'write a port from 0 to 65535; 0 takes a free one');
  if (ipv6 !== undefined)
    return isIpv6(ipv6) ? accept({ host: ipv6, port }) : refuse(`${quote(ipv6)} is not an IPv6 address`, cure);
  if (!isHost(name.toLowerCase())) return refuse(`${quote(name)} is not an address to listen on`, cure);
  return accept({ host: name.toLowerCase(), port });
}

/** A name or an IPv4 address; digits and dots alone must be an address, or 10.0.0.256 would be asked of the DNS. */
function isHost(text: string): boolean {
  return /^[\d.]+$/.test(text) ? isIpv4(text) : HOST_NAME.test(text);
}

/** A host to match: a name, `*.example.com`, or an address; lower-cased, without port. */
export function hostPattern() {
  return leaf((value) => readText(value, 'a host name', readHostPattern), {
    type: 'string',
    examples: ['api.example.com', '*.example.com'],
  });
}

export function readHostPattern(text: string): Reading<string> {
  const host = text.toLowerCase();
  const cure = 'write a name such as api.example.com or *.example.com, without scheme, port and path';
  if (host === '*') return refuse('`*` alone is not a host', 'leave `host` out to match any host');
  if (/^\[.*\]$/.test(host))
    return isIpv6(host.slice(1, -1)) ? accept(host) : refuse(`${quote(text)} is not a host`, cure);
  const name = host.startsWith('*.') ? host.slice(2) : host;
  const isWildcardAddress = name !== host && isIpv4(name);
  return isHost(name) && !isWildcardAddress ? accept(host) : refuse(`${quote(text)} is not a host`, cure);
}

export interface TargetAddress {
  readonly scheme: 'http' | 'https';
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where an upstream listens: scheme, host and port; everything else of a URL has no meaning here. */
export function targetUrl() {
  return leaf(
    (value): Reading<TargetAddress> => {
      const cure = 'write a URL such as http://10.0.0.1:9000';
      if (typeof value !== 'string') return refuse(`a target URL was expected, not ${nameKind(value)}`, cure, true);
      return readTarget(value, cure);
    },
    { type: 'string', pattern: '^https?://[^/]+/?$', examples: ['http://127.0.0.1:9000'] },
  );
}

function readTarget(text: string, cure: string): Reading<TargetAddress> {
  const url = parseUrl(text);
  const bare = bareAddress(text);
  if (bare !== null) return refuse(`${quote(text)} is not a URL`, `write http://${bare}`);
  if (/^https?:\/\/[^/]+:\d{5,}\/?$/.test(text) && url === null)
    return refuse(`the port of ${quote(text)} is above 65535`, 'write a port from 1 to 65535');
  if (url === null || url.hostname === '') return refuse(`${quote(text)} is not a URL`, cure);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') return refuse(`${quote(text)} is neither http nor https`, cure);
  if (url.username !== '' || url.password !== '') {
    return refuse('a target URL must not hold credentials', 'set them as a header of the route: headers.request.set');
  }
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '' || url.hash !== '') {
    return refuse(
      `the target ${quote(text)} has a path`,
      `write ${scheme}://${url.host} and use the route's \`rewrite\` for the path`,
    );
  }
  if (url.port === '0') return refuse('a target cannot have port 0', cure);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return accept({ scheme, host, port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port) });
}

/** `127.0.0.1:9000` or `api:9000`: all there but the scheme. */
function bareAddress(text: string): string | null {
  return /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(text) ? text : null;
}

/** An absolute http or https URL of something that the gateway itself calls. */
export function httpUrl(what: string) {
  const cure = 'write an absolute URL such as https://example.com/path';
  const read = (text: string): Reading<string> => {
    const url = parseUrl(text);
    const known = url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
    return known && !hasControl(text) ? accept(url.href) : refuse(`${quote(text)} is not a URL for ${what}`, cure);
  };
  return leaf((value) => readText(value, `a URL for ${what}`, read), { type: 'string' });
}

/** Control characters and spaces are refused first: the URL parser of the platform would drop or encode them. */
export function parseUrl(text: string): URL | null {
  if (hasControl(text) || text.includes(' ') || text.length > 2048) return null;
  try {
    return new URL(text);
  } catch {
    return null; // the only failure that the parser knows
  }
}

export function ipBlock() {
  return leaf((value) => readText(value, 'an address or block', readIpBlock), {
    type: 'string',
    examples: ['10.0.0.0/8', '::1'],
  });
}

/** A field name, lower-cased. */
export function fieldName() {
  return leaf((value) => readText(value, 'a header name', readFieldName), { type: 'string' });
}

/** Fields that mean something to HTTP itself, so that the gateway can't use them for its own purposes. */
const SPOKEN_FOR: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'trailer', 'expect', 'date', 'via'],
  ...['authorization', 'cookie', 'set-cookie', 'forwarded', 'traceparent', 'tracestate', 'content-type', 'location'],
]);

/** The name of a field that the gateway reads and writes by itself. */
export function ownFieldName() {
  return leaf(
    (value) =>
      readText(value, 'a header name', (name) =>
        SPOKEN_FOR.has(name.toLowerCase())
          ? refuse(`${quote(name)} has a meaning of its own in HTTP`, 'choose a name of your own, such as x-request-id')
          : readFieldName(name),
      ),
    { type: 'string' },
  );
}

export function readFieldName(name: string): Reading<string> {
  if (isToken(name)) return accept(name.toLowerCase());
  return refuse(
    `${quote(name)} is not a header name`,
    "use letters, digits and hyphens; RFC 9110 also allows !#$%&'*+.^_`|~",
  );
}

export function method() {
  const read = (name: string): Reading<string> => {
    const upper = name.toUpperCase();
    if (upper === 'CONNECT') return refuse('CONNECT cannot be routed', 'use the other methods');
    return /^[A-Z][A-Z-]{0,31}$/.test(upper)
      ? accept(upper)
      : refuse(`${quote(name)} is not a method`, 'write one such as GET or POST');
  };
  return leaf((value) => readText(value, 'a method', read), { type: 'string', examples: ['GET', 'POST'] });
}

/** A path of the file system, as the node sees it. Its existence is the node's to find out: it may be another machine. */
export function filePath() {
  const read = (path: string): Reading<string> => {
    if (/^https?:/i.test(path)) return refuse('this is a URL, and a file is needed', null, true);
    const isSound = path !== '' && !hasControl(path) && path.length <= 4096;
    return isSound ? accept(path) : refuse(`${quote(path)} is not a file path`);
  };
  return leaf((value) => readText(value, 'a file path', read), { type: 'string' });
}
