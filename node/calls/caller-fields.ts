/**
 * What of a caller's head goes with a request that the gateway makes of it: its credentials and whatever else says who it is. Not what is
 * about the message that carried the call: its body, its form, its freshness, the protocol, and the page that it came from. Pure.
 */
import type { HeaderList, MutableHeaderList } from '@weir/proto/http/headers.js';
import { connectionNamed, isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';

const OWN: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'content-type', 'content-encoding', 'content-digest', 'digest', 'expect', 'date'],
  ...['accept', 'accept-encoding', 'accept-charset', 'range', 'if-range', 'prefer', 'cache-control', 'pragma'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'idempotency-key'],
  ...['origin', 'referer', 'last-event-id', 'grpc-timeout', 'upgrade', 'http2-settings'],
]);

/** A field that is about the message that carried the call: no call is made with it. */
export function isOfMessage(name: string): boolean {
  return OWN.has(name) || isHopByHop(name) || /^(?:mcp|access-control|sec-fetch|sec-websocket)-/.test(name);
}

/** `deadlineField`: the client's own limit is the call's already. */
export function callerFields(headers: HeaderList, deadlineField: string): MutableHeaderList {
  const named = connectionNamed(headers);
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (isOfMessage(name) || named.has(name) || name === deadlineField) continue;
    kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

/** Parameters of the caller's query that the route which is asked looks for keys in. */
export function callerKeys(query: string, auth: readonly AuthSpec[]): string {
  const places = auth.flatMap((one) => (one.kind === 'apiKey' ? one.in : []));
  const names = new Set(
    places.flatMap((place) => (typeof place === 'object' && 'query' in place ? [place.query] : [])),
  );
  if (names.size === 0 || query === '') return '';
  return query
    .split('&')
    .filter((pair) => names.has(decodedName(pair)))
    .join('&');
}

function decodedName(pair: string): string {
  const [name] = new URLSearchParams(pair).keys();
  return name ?? '';
}
