/**
 * AWS Signature Version 4 in the header, for services other than S3. Pure: the digests, the keys and the time are passed in.
 *
 *   canonical request = method, path, query, headers, names of headers, hash of the body
 *   text to sign      = algorithm, date, scope, hash of the canonical request
 *   signature         = HMAC(HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request"), text)
 *
 * Source: "Create a signed AWS API request" in the IAM user guide; held to AWS's signing test suite.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { encodeUri } from '../uri.js';

export interface Digests {
  /** In hexadecimal. */
  sha256(data: string | Uint8Array): string;
  hmacSha256(key: string | Uint8Array, text: string): Uint8Array;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken: string | null;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
}

export interface SignableRequest {
  readonly method: string;
  /** As it is sent. It is encoded once more for the signature, as all services but S3 do. */
  readonly path: string;
  /** As it is sent, without the question mark. */
  readonly query: string;
  /** All that are signed: `host` at least, and nothing that an intermediary may change. */
  readonly headers: HeaderList;
  readonly body: string | Uint8Array;
}

/** The header fields to send besides those that were signed. */
export function signatureHeaders(
  request: SignableRequest,
  keys: AwsKeys,
  scope: SigningScope,
  digests: Digests,
): HeaderList {
  const date = amzDate(scope.nowMs);
  const added = ['x-amz-date', date];
  if (keys.sessionToken !== null) added.push('x-amz-security-token', keys.sessionToken);
  const canonical = canonicalRequest({ ...request, headers: [...request.headers, ...added] }, digests);
  const place = `${date.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`;
  const text = [ALGORITHM, date, place, digests.sha256(canonical.text)].join('\n');
  let key: string | Uint8Array = `AWS4${keys.secretAccessKey}`;
  for (const step of place.split('/')) key = digests.hmacSha256(key, step);
  const signature = hexOf(digests.hmacSha256(key, text));
  const credential = `Credential=${keys.accessKeyId}/${place}`;
  const authorization = `${ALGORITHM} ${credential}, SignedHeaders=${canonical.names}, Signature=${signature}`;
  return [...added, 'authorization', authorization];
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

export interface CanonicalRequest {
  readonly text: string;
  /** Of the signed headers, separated by semicolons. */
  readonly names: string;
}

export function canonicalRequest(request: SignableRequest, digests: Digests): CanonicalRequest {
  const headers = canonicalHeaders(request.headers);
  const names = headers.map(([name]) => name).join(';');
  const text = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    digests.sha256(request.body),
  ].join('\n');
  return { text, names };
}

/** `20150830T123600Z` */
function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/** Without empty and dotted segments (RFC 3986 §5.2.4), and encoded. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encodeUri(segment));
  }
  const last = segments.at(-1);
  const isFolder = kept.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    return [encodedAgain(name), encodedAgain(equals === -1 ? '' : pair.slice(equals + 1))] as const;
  });
  return pairs
    .sort(([aName, aValue], [bName, bValue]) => compare(aName, bName) || compare(aValue, bValue))
    .map((pair) => pair.join('='))
    .join('&');
}

/** The one spelling of what may be encoded in several ways. What is no encoding stands for itself. */
function encodedAgain(text: string): string {
  try {
    return encodeUri(decodeURIComponent(text));
  } catch {
    return encodeUri(text);
  }
}

function canonicalHeaders(headers: HeaderList): [string, string][] {
  const values = new Map<string, string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = (headers[i + 1] ?? '').trim().replaceAll(/ +/g, ' ');
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return [...values].map(([name, all]): [string, string] => [name, all.join(',')]).sort(([a], [b]) => compare(a, b));
}

/** By code units, which is by bytes for what is ASCII here; never by the rules of a language. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
