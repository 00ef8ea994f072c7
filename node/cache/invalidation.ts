/**
 * What a change makes invalid (RFC 9111 §4.4): when a request by an unsafe method did not fail, whatever is stored for
 * its own URL, and for those that Location and Content-Location name on the same origin. On another origin they are
 * somebody else's, and naming them would be an attack on their cache. Pure.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { type Ask, isUnsafe } from './ask.js';

/** A URL as marks and keys have it. */
export interface InvalidUrl {
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

/**
 * `asksByPost`: answers to POST are stored under its URL, so that a POST is a question there, and changes nothing of it. `below`: where the service of a
 * team lies; what lies elsewhere on that origin is somebody else's as well.
 */
export function invalidatedBy(
  ask: Ask,
  status: number,
  headers: HeaderList,
  asksByPost: boolean,
  below?: string,
): readonly InvalidUrl[] {
  if (!isUnsafe(ask.method) || status < 200 || status >= 400) return [];
  const urls: InvalidUrl[] = [];
  if (ask.method !== 'POST' || !asksByPost) urls.push({ authority: ask.authority, path: ask.path, query: ask.query });
  for (const name of ['location', 'content-location']) {
    const value = headerValue(headers, name);
    const url = value === undefined ? null : onSameOrigin(value, ask);
    if (url !== null && isBelow(below, url.path)) urls.push(url);
  }
  return urls;
}

function isBelow(base: string | undefined, path: string): boolean {
  return base === undefined || path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`);
}

/** RFC 3986 §5, against the URL of the request; null on another origin, or where it is no URL. */
function onSameOrigin(reference: string, ask: Ask): InvalidUrl | null {
  const base = `${ask.scheme}://${ask.authority}`;
  let origin: string;
  let url: URL;
  try {
    origin = new URL(base).origin;
    url = new URL(reference, `${base}${ask.path}${ask.query === '' ? '' : `?${ask.query}`}`);
  } catch {
    return null;
  }
  if (url.origin !== origin) return null;
  return { authority: ask.authority, path: url.pathname, query: url.search.slice(1) };
}
