/**
 * Targeted cache control (RFC 9213): fields such as CDN-Cache-Control by which an origin tells one kind of cache something
 * else than all others. The first field of a cache's target list that is there, well-formed and not empty takes the place of
 * Cache-Control and Expires altogether; without one those count.
 *
 * These are dictionaries of Structured Fields, so unlike Cache-Control they are read strictly: a malformed one is ignored.
 * A span of the wrong type is not guessed at (§2.1): the response is stale. A restriction of the wrong type restricts.
 * Surrogate-Control, which is older, may be in such a list as well; it has a grammar of its own.
 */
import { addDirective, type CacheDirectives, cacheControl, emptyDirectives } from './cache-control.js';
import { combinedValue, type HeaderList } from './headers.js';
import { isInnerList, type Member, parseDictionary } from './structured-fields.js';
import { parseSurrogateControl, SURROGATE_CONTROL } from './surrogate-control.js';

/** This gateway's own field, and the one of its kind, most particular first. */
export const targetList: readonly string[] = ['weir-cache-control', 'cdn-cache-control'];

export interface ResponseDirectives {
  readonly directives: CacheDirectives;
  /** The field that they were read from, when it is not Cache-Control; Expires does not count then. */
  readonly target: string | null;
}

/** `surrogate`: by which name this gateway is addressed in Surrogate-Control. */
export function responseDirectives(
  headers: HeaderList,
  targets: readonly string[] = targetList,
  surrogate = '',
): ResponseDirectives {
  for (const target of targets) {
    const value = combinedValue(headers, target);
    if (value === undefined) continue;
    if (target === SURROGATE_CONTROL) {
      const directives = parseSurrogateControl(value, surrogate);
      if (directives !== null) return { directives, target };
      continue;
    }
    const members = parseDictionary(value);
    if (members !== null && members.size > 0) return { directives: directivesOf(members), target };
  }
  return { directives: cacheControl(headers), target: null };
}

function directivesOf(members: ReadonlyMap<string, Member>): CacheDirectives {
  const found = emptyDirectives();
  for (const [name, member] of members) {
    const argument = argumentOf(member);
    if (argument !== ABSENT) addDirective(found, name, argument);
  }
  return found;
}

/** `no-store=?0` says that there is none. */
const ABSENT = Symbol('absent');
/** What no directive takes. */
const UNUSABLE = '?';

/** As Cache-Control would have it: null for a directive without argument. Parameters are ignored (RFC 9213 §2.1). */
function argumentOf(member: Member): string | null | typeof ABSENT {
  if (isInnerList(member)) return UNUSABLE;
  const { bare } = member;
  switch (bare.kind) {
    case 'boolean':
      return bare.value ? null : ABSENT;
    case 'integer':
      return bare.value < 0 ? UNUSABLE : String(bare.value);
    case 'string':
      // A list of field names is a string; a number in quotes is not a number.
      return /^\s*[0-9]/.test(bare.value) ? UNUSABLE : bare.value;
    case 'token':
      return bare.value;
    default:
      return UNUSABLE;
  }
}
