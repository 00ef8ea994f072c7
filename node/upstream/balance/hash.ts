/**
 * What a request is hashed by, and the hash: the same on every node and after every restart, so that all of them send
 * a key to the same target. Not a defence: whoever may choose keys can choose some that meet on one target.
 */
import { combinedValue, type HeaderList } from '@weir/proto/http/headers.js';
import type { HashKeySpec } from '@weir/proto/snapshot/resilience.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';

/**
 * 32 bits by FNV-1a over UTF-16 units, with the finalizer of MurmurHash3, whose avalanche spreads keys that differ in
 * their last letter only (`target#1`, `target#2`) over the whole range. `seed` makes hashes that have nothing in common.
 */
export function hash32(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix32(hash ^ text.length);
}

/** The finalizer alone: a number to another one that looks independent of it. */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** As a share of the range, in [0, 1). */
export const shareOf = (hash: number): number => hash / 0x1_0000_0000;

/** What a request is hashed by; undefined for one that has nothing of the kind. */
export function hashKeyOf(spec: HashKeySpec): (request: GatewayRequest) => string | undefined {
  switch (spec.kind) {
    case 'address':
      return (request) => request.exchange.clientAddress;
    case 'path':
      return (request) => request.path;
    case 'header':
      return (request) => combinedValue(request.headers, spec.name);
    case 'cookie':
      return (request) => cookieValue(request.headers, spec.name);
  }
}

/** The first cookie of this name (RFC 6265 §5.4), as it was sent; HTTP/2 may split the field (RFC 9113 §8.2.3). */
export function cookieValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    const found = inField(headers[i + 1] ?? '', name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inField(field: string, name: string): string | undefined {
  for (let from = 0; from < field.length; ) {
    const semicolon = field.indexOf(';', from);
    const to = semicolon === -1 ? field.length : semicolon;
    let at = from;
    while (field[at] === ' ' || field[at] === '\t') at += 1;
    // Names of cookies are compared as they are (RFC 6265 §5.4): no other case, no surrounding quotes.
    if (field.startsWith(name, at) && field[at + name.length] === '=')
      return field.slice(at + name.length + 1, to).trim();
    from = to + 1;
  }
  return undefined;
}
