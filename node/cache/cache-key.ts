/**
 * The key of a stored response (RFC 9111 §2): which requests are one request. A key never equates what an upstream might
 * tell apart, unless the operator says so: the path is taken as it was sent, and so is the query by default.
 *
 * Parts are joined by a line feed, which can stand in none of them, so that no value can pretend to be two.
 */
import { combinedValue, type HeaderList } from '@weir/proto/http/headers.js';
import type { CacheKeySpec, QueryKeySpec } from '@weir/proto/snapshot/cache.js';
import { decodeFormText } from '../route/conditions.js';
import type { Ask } from './ask.js';
import { deviceOf } from './device.js';

export type CacheKey = string;

export function cacheKey(ask: Ask, spec: CacheKeySpec): CacheKey {
  const query = keyedQuery(ask.query, spec);
  const url = `${ask.scheme}://${ask.authority}${ask.path}${query === '' ? '' : `?${query}`}`;
  const { placeSaid = '' } = ask;
  const isMore = spec.byConsumer || spec.byDevice || spec.headers.length > 0 || spec.cookies.length > 0;
  return isMore || placeSaid !== '' ? `${url}${furtherParts(ask, spec)}${placeSaid}` : url;
}

/**
 * The query with only what counts, in its order or sorted. Where few names count, so does whatever an origin might read as
 * one of them: what is not spelt plainly (`p%61ge`, `page[]`, `x;page=2`), and another case of it.
 */
export function keyedQuery(query: string, spec: Pick<CacheKeySpec, 'query' | 'sortsQuery'>): string {
  if (query === '' || (spec.query.mode === 'all' && !spec.sortsQuery)) return query;
  let parameters = query.split('&');
  if (spec.query.mode === 'only') {
    const names = new Set(spec.query.names.map(foldedName));
    parameters = parameters.filter((parameter) => !PLAIN.test(parameter) || names.has(foldedName(nameOf(parameter))));
  } else if (spec.query.mode === 'except') {
    const names = new Set(spec.query.names);
    // Of a value with a semicolon an origin may make two parameters.
    parameters = parameters.filter((parameter) => parameter.includes(';') || !names.has(nameOf(parameter)));
  }
  if (spec.sortsQuery && !query.includes(';')) parameters = sortedByName(parameters);
  return parameters.join('&');
}

/**
 * The same for purges, to which all spellings of a name are one. It leaves out at least what a key does, so that a purge may
 * mean more than one key, and misses none.
 */
export function purgedQuery(query: string, rule: QueryKeySpec): string {
  if (query === '' || rule.mode === 'all') return query;
  const names = new Set(rule.names.map(foldedName));
  const keepsNamed = rule.mode === 'only';
  return query
    .split('&')
    .filter((parameter) => names.has(foldedName(nameOf(parameter))) === keepsNamed)
    .join('&');
}

/** A name that all origins read alike, and a value of which none makes another parameter. */
const PLAIN = /^[\w~-]*(?:=[^;]*)?$/;

const foldedName = (name: string): string => decodeFormText(name).toLowerCase();

/** By name only: two values of one name, in whichever of its spellings, mean another thing in another order. */
function sortedByName(parameters: readonly string[]): string[] {
  const named = parameters.map((parameter) => ({ name: rootOf(nameOf(parameter)), parameter }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return named.map(({ parameter }) => parameter);
}

/** What `page`, `p%61ge` and `page[2]` have in common: origins may put them into one value. PHP reads `a.b` as `a_b`. */
function rootOf(name: string): string {
  const folded = foldedName(name).trim();
  const bracket = folded.indexOf('[');
  return (bracket < 0 ? folded : folded.slice(0, bracket)).replace(/[. ]/g, '_');
}

function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=');
  return equals < 0 ? parameter : parameter.slice(0, equals);
}

/** Each part with a mark of its kind, so that an absent one is not an empty one. */
function furtherParts(ask: Ask, spec: CacheKeySpec): string {
  let parts = '';
  if (spec.byConsumer) parts += `\nc${ask.consumerId ?? '\n'}`;
  if (spec.byDevice) parts += `\nd${deviceOf(ask.headers)}`;
  for (const name of spec.headers) parts += `\nh${combinedValue(ask.headers, name) ?? '\n'}`;
  for (const name of spec.cookies) parts += `\nk${cookiesOf(ask.headers, name) ?? '\n'}`;
  return parts;
}

/** All cookies of this name, as they were sent: servers differ about which one counts. No value holds a semicolon. */
function cookiesOf(headers: HeaderList, name: string): string | undefined {
  const found: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    for (const part of (headers[i + 1] ?? '').split(';')) {
      const pair = part.trim();
      if (nameOf(pair).trim() === name) found.push(pair);
    }
  }
  return found.length === 0 ? undefined : found.join(';');
}
