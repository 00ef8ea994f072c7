/**
 * Who the client is, behind proxies: only what a trusted hop says is believed, and the right-most untrusted address wins.
 *
 * Each proxy adds on the right the address it saw. Read from the right, an entry may be believed as long as everyone to
 * the right of it is trusted; the first one that is not trusted is the client as far as anyone here can know. Whatever
 * stands left of it, the client may have made up. X-Forwarded-For is preferred over Forwarded (RFC 7239): proxies that
 * maintain the one commonly pass the other through untouched, and an entry nobody maintains is the client's own text.
 */
import { combinedValue, type HeaderList } from '@weir/proto/http/headers.js';
import ipaddr from 'ipaddr.js';

export interface TrustedProxies {
  readonly none: boolean;
  includes(address: string): boolean;
}

/** Distinct peers whose verdict is remembered; beyond, the memory starts anew. Peers of a gateway are few or random. */
const REMEMBERED_MAX = 4096;
/** Hops that are read, at most; a longer list ends at the last one read. */
const HOPS_MAX = 32;

/** `blocks` are CIDR blocks or single addresses; throws on one that is neither. */
export function trustedProxies(blocks: readonly string[]): TrustedProxies {
  const ranges = blocks.map((block) => ipaddr.parseCIDR(block.includes('/') ? block : singleAddress(block)));
  const remembered = new Map<string, boolean>();
  const matches = (address: string): boolean => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  };
  return {
    none: ranges.length === 0,
    includes(address) {
      if (ranges.length === 0) return false;
      const known = remembered.get(address);
      if (known !== undefined) return known;
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      const trusted = matches(address);
      remembered.set(address, trusted);
      return trusted;
    },
  };
}

function singleAddress(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** The client of a request that came from `peer`, which is already the PROXY protocol's where that is in use. */
export function clientAddress(peer: string, headers: HeaderList, proxies: TrustedProxies): string {
  if (proxies.none || !proxies.includes(peer)) return peer;
  const hops = hopsOf(headers);
  let client = peer;
  for (let i = hops.length - 1; i >= 0 && hops.length - i <= HOPS_MAX; i -= 1) {
    const address = plainAddress(hops[i] ?? '');
    // An entry that is not an address (unknown, _hidden, nonsense) ends what can be known.
    if (address === null) return client;
    client = address;
    if (!proxies.includes(address)) return client;
  }
  return client;
}

function hopsOf(headers: HeaderList): readonly string[] {
  const forwardedFor = combinedValue(headers, 'x-forwarded-for');
  if (forwardedFor !== undefined) return forwardedFor.split(',');
  const forwarded = combinedValue(headers, 'forwarded');
  if (forwarded === undefined) return [];
  return splitOutsideQuotes(forwarded, ',').map(forParameter);
}

/** The `for` of one Forwarded element; an element without one is a hop that hides, like `unknown`. */
function forParameter(element: string): string {
  for (const pair of splitOutsideQuotes(element, ';')) {
    // No pattern: one that allows spaces on both sides of a value tries them in every split.
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim().toLowerCase() !== 'for') continue;
    const value = pair.slice(equals + 1).trim();
    return value.startsWith('"') && value.endsWith('"') && value.length >= 2 ? value.slice(1, -1) : value;
  }
  return 'unknown';
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (quoted && char === '\\') i += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

const V4_WITH_PORT = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/;
const BRACKETED = /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/;

/** An address in its canonical text, without port and brackets; null for what is no address. */
export function plainAddress(text: string): string | null {
  const trimmed = text.trim();
  const bare = V4_WITH_PORT.exec(trimmed)?.[1] ?? BRACKETED.exec(trimmed)?.[1] ?? trimmed;
  // Four full parts only: ipaddr.js also reads `1` and `0x7f.1`, which no proxy writes.
  if (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return null;
  if (bare.includes('%') || !ipaddr.isValid(bare)) return null;
  return ipaddr.process(bare).toString();
}
