/**
 * The other resources that a path may name, beside the one that its normal form (proto/http/request-path.ts) spells. For
 * two things servers don't agree on, and a gateway can't know what the one behind it does:
 *
 *   /admin%2Fsecret   one segment (RFC 3986 §2.2), or /admin/secret: WSGI and many others decode before they route;
 *                     `%5C` becomes a backslash, which is a slash to some
 *   /admin;x/secret   as it stands (RFC 3986 §3.3), or /admin/secret: Servlet containers take `;…` out of each segment,
 *                     before they decode (Tomcat) or after (`%3B`)
 *
 * The router asks for the route of each reading and goes on only where all have the same (after Envoy's
 * `path_with_escaped_slashes_action`, which refuses or rewrites; here a path that means no harm passes untouched).
 * Decoded once: a server that decodes `%252F` twice makes a slash of any text, and no gateway can stand before that.
 */

const TWO_READINGS = /;|%(?:2F|5C|3B)/;
const PARAMETERS = /;[^/]*/g;

/** What is made a slash: nothing, or one spelling, or both. */
const DECODINGS: readonly RegExp[] = [/%2F/g, /%5C/g, /%(?:2F|5C)/g];

const NO_OTHERS: readonly string[] = [];
/** The last path that had none: it is asked twice for each request. */
let lastSingle = '';

/** Readings of a path in normal form other than itself; none for nearly all paths, which pay for one test. */
export function otherReadings(path: string): readonly string[] {
  if (path === lastSingle) return NO_OTHERS;
  if (!TWO_READINGS.test(path)) {
    lastSingle = path;
    return NO_OTHERS;
  }
  const readings = new Set<string>();
  for (const start of [path, withoutParameters(path), withoutParameters(path.replaceAll('%3B', ';'))]) {
    readings.add(start);
    for (const decoding of DECODINGS) {
      const decoded = oneSlash(start.replace(decoding, '/'));
      readings.add(decoded);
      readings.add(withoutParameters(decoded));
      readings.add(withoutParameters(decoded.replaceAll('%3B', ';')));
    }
  }
  readings.delete(path);
  return [...readings];
}

/** A segment that was nothing but parameters is empty then, and counts for as much as one that was empty before. */
const withoutParameters = (path: string): string => oneSlash(path.replace(PARAMETERS, ''));

const oneSlash = (path: string): string => path.replace(/\/{2,}/g, '/');
