/**
 * The head of an answer as a result keeps it: what was meant for the moment of the answer, or for the place that it was
 * asked at, must still be true when it is collected later, elsewhere. Pure.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { ResultHead } from './job.js';

/** What was left of a limit then; the limits of the pick-up are stated with it. */
const ofTheMoment: ReadonlySet<string> = new Set(['ratelimit', 'ratelimit-policy']);
/** RFC 9110 §10.2.2 and §8.7: relative to the target of the request, which the place of a result is not. */
const references: ReadonlySet<string> = new Set(['location', 'content-location']);

export function keptHead({ status, headers }: ResultHead, request: GatewayRequest): ResultHead {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? '';
    const value = headers[at + 1] ?? '';
    if (ofTheMoment.has(name)) continue;
    kept.push(name, references.has(name) ? absolute(value, request) : value);
  }
  return { status, headers: kept };
}

/** One that is absolute, or can't be read, stays as it was written. */
function absolute(reference: string, { exchange, authority, path, query }: GatewayRequest): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference)) return reference;
  try {
    return new URL(reference, `${exchange.scheme}://${authority}${path}${query === '' ? '' : `?${query}`}`).href;
  } catch {
    return reference;
  }
}

/** A result is its owner's, and on a route without authentication whoever has its URL may read it: no cache may keep it. */
export function resultHeaders(headers: HeaderList): HeaderList {
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at] !== 'cache-control') left.push(headers[at] ?? '', headers[at + 1] ?? '');
  return [...left, 'cache-control', 'no-store'];
}

/** In the memory of whoever keeps them; the framing of a field in HTTP/1.1 stands for what each costs beside its text. */
export function headBytes(headers: HeaderList): number {
  return headers.reduce((sum, text) => sum + text.length + 2, 0);
}
