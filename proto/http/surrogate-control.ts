/**
 * Surrogate-Control (Edge Architecture Specification 1.0, W3C Note of 2001, §2.2): what an origin tells caches in front of it,
 * before there was RFC 9213. Like Cache-Control, but that a directive may be meant for one surrogate alone, that a span may
 * have a second one behind it, and that nobody but surrogates reads it.
 *
 *   max-age=60+600;weir, no-store;other, content="ESI/1.0"
 *   │        │   └ for the surrogate that calls itself so (Surrogate-Capability)
 *   │        └ stale for so long while it is fetched anew
 *   └ fresh for so long
 *
 * A directive that is addressed comes before one for everybody. `content` asks for a processing that this gateway never
 * offers; what remains of a field without one caching directive for it is no reason to set Cache-Control aside.
 */
import { addDirective, type CacheDirectives, emptyDirectives, isDirective, membersOf } from './cache-control.js';

export const SURROGATE_CONTROL = 'surrogate-control';

/** What a gateway of this name says of itself to origins: that it heeds the field, and does not assemble pages (§2.1). */
export const surrogateCapability = (name: string): string => `${name}="Surrogate/1.0"`;

/** Null: nothing here is for the surrogate of this name, or the field is malformed. */
export function parseSurrogateControl(value: string, name: string): CacheDirectives | null {
  const members = membersOf(value);
  if (members === null) return null;
  const addressed: string[] = [];
  const forAll: string[] = [];
  for (const member of members) {
    const [directive = '', ...to] = membersOf(member, SEMICOLON) ?? [];
    const isAddressed = to.length > 0;
    if (!isAddressed) forAll.push(directive);
    else if (to.some((token) => token.trim() === name)) addressed.push(directive);
  }
  const found = emptyDirectives();
  let isSaid = false;
  for (const directive of [...addressed, ...forAll]) isSaid = addSaid(directive, found) || isSaid;
  return isSaid ? found : null;
}

const SEMICOLON = 0x3b;

/** False for one that says nothing of caching. */
function addSaid(directive: string, into: ReturnType<typeof emptyDirectives>): boolean {
  const equals = directive.indexOf('=');
  const name = (equals < 0 ? directive : directive.slice(0, equals)).trim().toLowerCase();
  const argument = equals < 0 ? null : directive.slice(equals + 1).trimEnd();
  if (name === 'max-age' && argument !== null) {
    const plus = argument.indexOf('+');
    // The name's own end is judged as in Cache-Control: a space beside the equals sign is no span.
    const isTight = !/\s$/.test(directive.slice(0, equals));
    addDirective(into, name, isTight ? (plus < 0 ? argument : argument.slice(0, plus)) : '?');
    if (plus >= 0) addDirective(into, 'stale-while-revalidate', argument.slice(plus + 1));
    return true;
  }
  // This gateway may be far from the origin, for all that it knows.
  const known = name === 'no-store-remote' ? 'no-store' : name;
  if (!isDirective(known)) return false;
  addDirective(into, known, argument);
  return true;
}
