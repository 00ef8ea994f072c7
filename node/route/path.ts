/** Segments of paths in normal form (proto/http/request-path.ts), and prefixes of them. */
import { matchablePath } from '@weir/proto/http/request-path.js';

/** The segments of a path in normal form; a trailing slash shows as a last, empty segment. */
export function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

/**
 * What is left of a path as it was sent when the segments of `prefix` are taken off, or null when it does not begin
 * with them. The comparison is that of the router, so that whatever a prefix route matched, its prefix can be stripped.
 */
export function withoutPrefix(path: string, prefix: readonly string[]): string | null {
  let at = 0;
  for (const segment of prefix) {
    while (path[at] === '/') at += 1;
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    if (matchablePath(`/${path.slice(at, end)}`) !== `/${segment}`) return null;
    at = end;
  }
  return path.slice(at);
}
