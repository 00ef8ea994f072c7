/**
 * Cookies of the console. Browsers send a cookie to every port of its host (RFC 6265 §8.5), so where the console and the gateway have one host,
 * whoever is signed in would show the session to the upstreams of all teams, and any of those could set another one. Pure.
 */
import type { HeaderList, MutableHeaderList } from './headers.js';

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

/** Fields of a request without them; the same list where there are none. */
export function withoutOwnCookieFields(headers: HeaderList): HeaderList {
  let kept: MutableHeaderList | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    const left = name === 'cookie' ? withoutOwnCookies(value) : value;
    if (left !== value) kept ??= headers.slice(0, i);
    if (left === value || left !== '') kept?.push(name, left);
  }
  return kept ?? headers;
}

/** Whether a Set-Cookie field is of one of them. */
export const setsOwnCookie = (field: string): boolean => own.has(nameOf(field));

const nameOf = (pair: string): string => (/^[^=;]*/.exec(pair)?.[0] ?? '').trim();
