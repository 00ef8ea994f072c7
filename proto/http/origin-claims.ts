/**
 * Fields by which a proxy tells of a client what upstreams then believe: where it comes from, and what it asked for. Only a trusted
 * peer may say it. X-Forwarded-For, -Host and -Proto and Forwarded (RFC 7239) are written anew at each hop and not among `originClaims`. Pure.
 */
import type { HeaderList } from './headers.js';

/** Where it comes from. */
const addressClaims: readonly string[] = [
  ...['x-real-ip', 'x-client-ip', 'true-client-ip', 'x-original-forwarded-for', 'x-cluster-client-ip', 'client-ip'],
  ...['cf-connecting-ip', 'fastly-client-ip', 'x-azure-clientip', 'x-forwarded-client-cert'],
];

/** What it asked for, and how: an upstream may make another answer of it, links and redirects above all. */
const placeClaims: readonly string[] = [
  ...['x-original-host', 'x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-host', 'x-http-host-override'],
  ...['x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-path', 'x-forwarded-uri', 'x-forwarded-server'],
  ...['x-forwarded-ssl', 'x-forwarded-scheme', 'x-forwarded-protocol', 'x-url-scheme', 'front-end-https'],
];

export const originClaims: readonly string[] = [...addressClaims, ...placeClaims];

const places: ReadonlySet<string> = new Set([...placeClaims, 'x-forwarded-host', 'x-forwarded-proto', 'forwarded']);

/** What fields say of the place that was asked for; of a peer that is not trusted, nobody gets to know it. */
export function saysPlace(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) if (places.has(headers[i] ?? '')) return true;
  return false;
}

/** `host=` and `proto=` of Forwarded: its `for=` is another one for each client. */
const PLACE_PAIRS = /(?:^|[;,])\s*(?:host|proto)\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^;,"]*)/gi;

/**
 * The same as one text, line by line, in the order of the fields; empty where they say nothing but what the message says by itself. It holds whatever may
 * make another answer, and no address.
 */
export function placeSaid(headers: HeaderList, authority: string, scheme: string): string {
  let said = '';
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (!places.has(name)) continue;
    const isKnown =
      (name === 'x-forwarded-host' && value === authority) || (name === 'x-forwarded-proto' && value === scheme);
    const told = name === 'forwarded' ? (value.match(PLACE_PAIRS) ?? []).join('') : value;
    if (!isKnown && told !== '') said += `\n${name}:${told}`;
  }
  return said;
}
