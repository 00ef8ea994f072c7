/**
 * What of a caller's head goes with the request that its call becomes: its credentials and whatever else says who it is. Not what is about
 * the message that carried the call: its body, its form, its freshness, the protocol, and the page that it came from. Pure.
 */
import { type HeaderList, headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { connectionNamed, isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import type { AuthSpec } from '@weir/proto/snapshot/snapshot.js';

const OWN: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'content-type', 'content-encoding', 'content-digest', 'digest', 'expect', 'date'],
  ...['accept', 'accept-encoding', 'accept-charset', 'range', 'if-range', 'prefer', 'cache-control', 'pragma'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'idempotency-key'],
  ...['origin', 'referer', 'last-event-id', 'grpc-timeout', 'upgrade', 'http2-settings'],
]);

/** `deadlineField`: the client's own limit is the call's already. */
export function callerFields(headers: HeaderList, deadlineField: string): MutableHeaderList {
  const named = connectionNamed(headers);
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const isOwn = OWN.has(name) || isHopByHop(name) || named.has(name) || name === deadlineField;
    if (isOwn || /^(?:mcp|access-control|sec-fetch|sec-websocket)-/.test(name)) continue;
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

/** How the client takes an answer. One that says nothing takes JSON. */
export function acceptOf(headers: HeaderList): { readonly json: boolean; readonly stream: boolean } {
  const accept = headerValue(headers, 'accept') ?? 'application/json';
  const stream = /\btext\/event-stream\b/i.test(accept);
  return { json: /\*\/\*|\bapplication\/(?:json|\*)/i.test(accept), stream };
}
