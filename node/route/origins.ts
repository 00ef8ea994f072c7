/**
 * Which origins (RFC 6454) a list names: exactly, by `https://*.example.com`, or all by `*`. CORS and WebSockets ask. Pure.
 */

/** Named exactly or by a wildcard, allowed because everyone is, or neither. */
export type Trust = 'named' | 'anyone' | null;

export function compileTrust(origins: readonly string[]): (origin: string) => Trust {
  const exact = new Set(origins.filter((origin) => !origin.includes('*')));
  const wildcards = origins.filter((origin) => origin !== '*' && origin.includes('*')).map(compileWildcard);
  const other: Trust = origins.includes('*') ? 'anyone' : null;
  return (origin) => (exact.has(origin) || wildcards.some((matches) => matches(origin)) ? 'named' : other);
}

/** `https://*.example.com:8443`: one or more labels where the star stands; scheme and port must be the same. */
function compileWildcard(pattern: string): (origin: string) => boolean {
  const star = pattern.indexOf('*');
  const before = pattern.slice(0, star);
  const behind = pattern.slice(star + 1);
  return (origin) =>
    origin.startsWith(before) &&
    origin.endsWith(behind) &&
    /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(origin.slice(before.length, origin.length - behind.length));
}
