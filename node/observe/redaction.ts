/**
 * Keeps secrets out of logs: the values of query parameters and header fields whose names are on a list.
 *
 * The list is the configuration's, plus names that carry credentials by wide custom, plus whatever a route takes its API
 * keys from. A parameter's name is compared as an upstream would read it: percent-decoded, whatever its case, after `&`
 * or `;`, so that `%74oken=` hides nothing. The id of a job is a credential wherever it stands.
 */
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

import { concealJobIds } from '../jobs/job-id.js';

export const REDACTED = '[redacted]';

/** Names that carry credentials by custom; a configuration can add to them and not take away. */
const customary: readonly string[] = [
  ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'api-key', 'x-api-key', 'x-auth-token'],
  ...['x-csrf-token', 'x-amz-security-token', 'x-amz-signature', 'x-goog-signature', 'access_token', 'refresh_token'],
  ...['id_token', 'token', 'jwt', 'auth', 'code', 'api_key', 'apikey', 'key', 'password', 'passwd', 'secret'],
  ...['client_secret', 'session', 'sessionid', 'sig', 'signature'],
];

/** Everything that this snapshot calls a secret, lower-case. */
export function secretNames(snapshot: Pick<Snapshot, 'gateway' | 'routes'>): ReadonlySet<string> {
  const redacted = snapshot.gateway.accessLog.redact.map((name) => name.toLowerCase());
  return new Set([...customary, ...redacted, ...namesOfKeys(snapshot.routes)]);
}

/** By the list itself, which is the same one where no route has changed. */
const namesKnown = new WeakMap<Snapshot['routes'], ReadonlySet<string>>();

function namesOfKeys(routes: Snapshot['routes']): ReadonlySet<string> {
  const known = namesKnown.get(routes);
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const { auth } of routes) {
    for (const accepted of auth) {
      if (accepted.kind !== 'apiKey') continue;
      for (const place of accepted.in) {
        if (place === 'bearer') continue;
        names.add(('header' in place ? place.header : place.query).toLowerCase());
      }
    }
  }
  namesKnown.set(routes, names);
  return names;
}

/** The query with the values of secret parameters replaced; the same string when there are none. */
export function redactQuery(query: string, secrets: ReadonlySet<string>): string {
  let redacted = '';
  let copiedTo = 0;
  for (let start = 0; start < query.length; ) {
    const end = parameterEnd(query, start);
    const equals = query.indexOf('=', start);
    if (equals >= start && equals < end && isSecret(query.slice(start, equals), secrets)) {
      redacted += query.slice(copiedTo, equals + 1) + REDACTED;
      copiedTo = end;
    }
    start = end + 1;
  }
  return concealJobIds(copiedTo === 0 ? query : redacted + query.slice(copiedTo));
}

/** The value of a header field as a log may hold it. A referrer is a URL, and its query is redacted like any other. */
export function redactField(name: string, value: string, secrets: ReadonlySet<string>): string {
  if (secrets.has(name)) return REDACTED;
  const question = name === 'referer' ? value.indexOf('?') : -1;
  const shown = question < 0 ? value : value.slice(0, question + 1) + redactQuery(value.slice(question + 1), secrets);
  return concealJobIds(shown);
}

function parameterEnd(query: string, start: number): number {
  let end = start;
  for (; end < query.length; end += 1) {
    const char = query.charCodeAt(end);
    if (char === AMPERSAND || char === SEMICOLON) break;
  }
  return end;
}

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;

function isSecret(name: string, secrets: ReadonlySet<string>): boolean {
  if (!mayBeSecret(name, secrets)) return false;
  return secrets.has((name.includes('%') ? decoded(name) : name).toLowerCase());
}

/** For each first letter, without its case, the lengths of the names of this set that begin with it, as bits. */
let lengths = new Int32Array(32);
let lengthsOf: ReadonlySet<string> | null = null;

/** Nearly no name has first letter and length of one that is secret; to look one up that is new, it has to be lowered and hashed. */
function mayBeSecret(name: string, secrets: ReadonlySet<string>): boolean {
  if (secrets !== lengthsOf) {
    lengths = new Int32Array(32);
    for (const secret of secrets) {
      const letter = secret.charCodeAt(0) & 31;
      lengths[letter] = (lengths[letter] ?? 0) | (1 << (secret.length & 31));
    }
    lengthsOf = secrets;
  }
  const first = name.charCodeAt(0);
  const bits = lengths[first & 31] ?? 0;
  // What is escaped, or has a case beyond ASCII, is not told apart by these.
  return (bits & (1 << (name.length & 31))) !== 0 || first > 0x7f || name.includes('%');
}

function decoded(name: string): string {
  // Only ASCII names are on the list, so single bytes are enough, and nothing malformed can throw.
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
