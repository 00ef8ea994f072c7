/**
 * The path as routes see it, shared by the node that matches it and by the lint that says what can never match. What goes upstream is the path as it was sent; routes, and with them every policy that
 * hangs on a route, are chosen by this normal form. The two must not be able to mean different resources, or a request
 * could pass a door that is locked by walking through the one next to it (`/public/%2e%2e/admin`).
 *
 * Equivalent spellings are made one (RFC 3986 §6.2.2): percent-encoded unreserved characters are decoded, the digits of
 * the other ones are upper-cased, characters beyond ASCII are encoded, and runs of slashes count as one, as nginx does.
 * `%2F` and `;` stay what they are, data inside a segment; that a server may read them otherwise is the concern of
 * node/route/readings.ts.
 *
 * What servers are known to read in two ways is refused (400) rather than resolved, since resolving would send upstream
 * something else than was asked for, and forwarding it raw would leave the choice to the upstream's parser:
 * - dot segments, raw or encoded, also between encoded separators (`..%2f`, `..%5c`) and with path parameters
 *   (`..;x`, which Tomcat strips before it resolves);
 * - a backslash (a slash to some), `#`, spaces and control characters (not allowed in a path), `%00`, a bare `%`.
 */

/** Anything that makes a second look necessary; most paths hold nothing of it and are their own normal form. */
const SUSPECT = /[^\x21-\x7e]|[%\\#]|\/[/.]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused here.
const REFUSED = /[\x00-\x20\x7f\\#]|%(?![0-9A-Fa-f]{2})|%00/;
const DOT_SEGMENT = /(?:\/|%2F|%5C)\.{1,2}(?:\/|%2F|%5C|;|%3B|$)/;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** The last path that needed none: whether a request is for a job and which route takes it is asked one after the other. */
let lastPlain = '';

/** The normal form of a path that begins with a slash, or null when it is one of those that are refused. */
export function matchablePath(path: string): string | null {
  if (path === lastPlain) return path;
  if (!SUSPECT.test(path)) {
    lastPlain = path;
    return path;
  }
  if (REFUSED.test(path)) return null;
  const encoded = encodeBeyondAscii(path);
  if (encoded === null) return null;
  const normal = encoded.replace(/%[0-9A-Fa-f]{2}/g, normalTriplet).replace(/\/{2,}/g, '/');
  return DOT_SEGMENT.test(normal) ? null : normal;
}

function normalTriplet(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return UNRESERVED.test(character) ? character : triplet.toUpperCase();
}

function encodeBeyondAscii(path: string): string | null {
  try {
    return path.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  } catch {
    return null; // Half a surrogate pair: not text.
  }
}
