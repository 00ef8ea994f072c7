/**
 * Cache-Control (RFC 9111 §5.2), of requests and of responses: one reading for both, since the directives that both may
 * carry mean the same.
 *
 * It is read with a bias. A restriction counts whatever stands behind it (`no-store=1`, `no-store =x`). A span that is not a
 * span is zero: the response is stale, which is what §4.2.1 encourages. Of several spans of one name the first counts. A
 * quote that never closes hides what follows it, so nothing of the field can be believed: `isBroken`, and nobody stores it.
 *
 *   max-age=60, no-cache="set-cookie, x-a" , EXT="a, no-store"
 *   └ name = value ┘ └ names, in quotes ┘    └ unknown: skipped, quotes and all
 */
import { deltaSeconds } from './delta-seconds.js';
import { combinedValue, type HeaderList, listTokens } from './headers.js';

export interface CacheDirectives {
  readonly maxAgeS: number | null;
  readonly sMaxageS: number | null;
  readonly noStore: boolean;
  /** True: the whole response. A list: these fields of it, lower-case. */
  readonly noCache: boolean | readonly string[];
  readonly isPrivate: boolean | readonly string[];
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly noTransform: boolean;
  /** RFC 8246. */
  readonly immutable: boolean;
  /** RFC 5861. */
  readonly staleWhileRevalidateS: number | null;
  readonly staleIfErrorS: number | null;
  /** Of requests. Infinity: however stale. */
  readonly maxStaleS: number | null;
  readonly minFreshS: number | null;
  readonly onlyIfCached: boolean;
  readonly isBroken: boolean;
}

/** What is still being read. */
export type MutableDirectives = { -readonly [Name in keyof CacheDirectives]: CacheDirectives[Name] };

export function emptyDirectives(): MutableDirectives {
  return {
    maxAgeS: null,
    sMaxageS: null,
    noStore: false,
    noCache: false,
    isPrivate: false,
    isPublic: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    staleWhileRevalidateS: null,
    staleIfErrorS: null,
    maxStaleS: null,
    minFreshS: null,
    onlyIfCached: false,
    isBroken: false,
  };
}

export const noDirectives: CacheDirectives = Object.freeze(emptyDirectives());

export function cacheControl(headers: HeaderList): CacheDirectives {
  const value = combinedValue(headers, 'cache-control');
  return value === undefined ? noDirectives : parseCacheControl(value);
}

export function parseCacheControl(value: string): CacheDirectives {
  const found = emptyDirectives();
  let at = 0;
  while (at < value.length) {
    const end = endOfMember(value, at, COMMA);
    if (end === UNCLOSED) return { ...found, isBroken: true };
    readMember(value.slice(at, end), found);
    at = end + 1;
  }
  return found;
}

/** The members of a list with quotes in it, as they are written; null where a quote never closes. */
export function membersOf(value: string, separator: number = COMMA): string[] | null {
  const members: string[] = [];
  for (let at = 0; at < value.length; ) {
    const end = endOfMember(value, at, separator);
    if (end === UNCLOSED) return null;
    members.push(value.slice(at, end));
    at = end + 1;
  }
  return members;
}

const UNCLOSED = -1;

/** Position of the separator behind a member, or of the end; one in quotes ends nothing. */
function endOfMember(value: string, from: number, separator: number): number {
  let isQuoted = false;
  for (let at = from; at < value.length; at += 1) {
    const character = value.charCodeAt(at);
    if (character === QUOTE) isQuoted = !isQuoted;
    else if (character === BACKSLASH && isQuoted) at += 1;
    else if (character === separator && !isQuoted) return at;
  }
  return isQuoted ? UNCLOSED : value.length;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

function readMember(member: string, into: MutableDirectives): void {
  const equals = member.indexOf('=');
  if (equals < 0) {
    addDirective(into, member.trim().toLowerCase(), null);
    return;
  }
  const name = member.slice(0, equals);
  const value = member.slice(equals + 1).trimEnd();
  // A space beside the equals sign: the name is meant, but its value is not what the grammar allows.
  const isTight = name === name.trimEnd() && value === value.trimStart();
  addDirective(into, name.trim().toLowerCase(), isTight ? unquoted(value) : '?');
}

function unquoted(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** Adds a directive, known or not; `argument` is null where there was none. Names are lower-case. */
export function addDirective(into: MutableDirectives, name: string, argument: string | null): void {
  const flag = flags[name];
  if (flag !== undefined) {
    into[flag] = true;
    return;
  }
  const span = spans[name];
  if (span !== undefined) {
    into[span] ??= argument === null ? 0 : spanOrZero(argument);
    return;
  }
  if (name === 'no-cache') into.noCache = restricted(into.noCache, argument);
  else if (name === 'private') into.isPrivate = restricted(into.isPrivate, argument);
  else if (name === 'max-stale') into.maxStaleS ??= argument === null ? Number.POSITIVE_INFINITY : spanOrZero(argument);
}

/** Whether `addDirective` makes something of it. Lower-case. */
export function isDirective(name: string): boolean {
  return flags[name] !== undefined || spans[name] !== undefined || ['no-cache', 'private', 'max-stale'].includes(name);
}

/** RFC 9110 §5.6.2, in lower case. */
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

const spanOrZero = (argument: string): number => deltaSeconds(argument) ?? 0;

/** Names add up; a restriction of the whole takes all of them in. One that names nothing, or no field, is meant for the whole. */
function restricted(before: boolean | readonly string[], argument: string | null): boolean | readonly string[] {
  if (before === true || argument === null) return true;
  const names = listTokens(argument);
  if (names.length === 0 || !names.every((name) => FIELD_NAME.test(name))) return true;
  return before === false ? names : [...before, ...names];
}

type Flag =
  | 'noStore'
  | 'isPublic'
  | 'mustRevalidate'
  | 'proxyRevalidate'
  | 'mustUnderstand'
  | 'noTransform'
  | 'immutable'
  | 'onlyIfCached';
type Span = 'maxAgeS' | 'sMaxageS' | 'staleWhileRevalidateS' | 'staleIfErrorS' | 'minFreshS';

/** Without a prototype, so that no directive is called `constructor`. */
const table = <Value>(entries: Readonly<Record<string, Value>>): Readonly<Partial<Record<string, Value>>> =>
  Object.assign(Object.create(null), entries);

const flags = table<Flag>({
  'no-store': 'noStore',
  public: 'isPublic',
  'must-revalidate': 'mustRevalidate',
  'proxy-revalidate': 'proxyRevalidate',
  'must-understand': 'mustUnderstand',
  'no-transform': 'noTransform',
  immutable: 'immutable',
  'only-if-cached': 'onlyIfCached',
});

const spans = table<Span>({
  'max-age': 'maxAgeS',
  's-maxage': 'sMaxageS',
  'stale-while-revalidate': 'staleWhileRevalidateS',
  'stale-if-error': 'staleIfErrorS',
  'min-fresh': 'minFreshS',
});
