/**
 * Cookies of the console. Browsers send a cookie to every port of its host (RFC 6265 §8.5), so where the console and the gateway have one host,
 * whoever is signed in would show the session to the upstreams of all teams, and any of those could set another one. Pure.
 */
export const sessionCookie = 'weir_session';
export const oidcCookie = 'weir_oidc';

const own: ReadonlySet<string> = new Set([sessionCookie, oidcCookie]);

/** A Cookie field without them; empty when there was nothing else. */
export function withoutOwnCookies(field: string): string {
  if (!field.includes('weir_')) return field;
  return field
    .split(';')
    .filter((pair) => !own.has(nameOf(pair)))
    .join(';')
    .trim();
}

/** Whether a Set-Cookie field is of one of them. */
export const setsOwnCookie = (field: string): boolean => own.has(nameOf(field));

const nameOf = (pair: string): string => (/^[^=;]*/.exec(pair)?.[0] ?? '').trim();
