/**
 * Which requests may go to the upstream as one: those in which nothing differs but the item that they ask for. Every field of the request
 * counts, credentials, cookies and languages among them, but for a few that no answer should depend on; and where one does (Vary), the
 * answer is given to nobody. What a trusted proxy says of the place that was asked for is what links are made of, so it counts as well. Pure.
 */
import { type HeaderList, hasField } from '@weir/proto/http/headers.js';
import { placeSaid } from '@weir/proto/http/origin-claims.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';

/** Of one request, or of the way that it came. Others that begin with X-Forwarded- say who is asking (-User, -Email, -Client-Cert). */
const OF_ONE =
  /^(?:user-agent|referer|accept-encoding|traceparent|tracestate|x-request-id|forwarded|x-forwarded-(?:for|host|port|prefix|proto|server)|x-real-ip|via|priority|dnt|sec-ch-.*|sec-fetch-.*|sec-gpc)$/;

/** What they ask can't be asked for others as well. */
const ALONE = ['range', 'upgrade', 'expect', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

export interface KeyTerms {
  /** Fields that make no difference, lower-case. */
  readonly ignores: ReadonlySet<string>;
  /** Parameter by which the items are named. */
  readonly query: string;
}

/** Null: it goes by itself. */
export function groupKey(request: GatewayRequest, { ignores, query }: KeyTerms): string | null {
  const { method, body, headers, authority, exchange } = request;
  if (method !== 'GET' || body !== null || ALONE.some((name) => hasField(headers, name))) return null;
  if (request.query !== '' && new URLSearchParams(request.query).has(query)) return null;
  const { scheme, consumerId, vouchedBy, peerTrusted } = exchange;
  const said = peerTrusted ? placeSaid(headers, authority, scheme) : '';
  const counted = fieldsThatCount(headers, ignores);
  return JSON.stringify([scheme, authority, said, request.query, consumerId, vouchedBy, counted]);
}

export function makesNoDifference(name: string, ignores: ReadonlySet<string>): boolean {
  return OF_ONE.test(name) || ignores.has(name);
}

function fieldsThatCount(headers: HeaderList, ignores: ReadonlySet<string>): readonly string[] {
  const fields: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!makesNoDifference(name, ignores)) fields.push(JSON.stringify([name, headers[i + 1] ?? '']));
  }
  // Those of one name stay in their order, in which they mean what they mean.
  return fields
    .map((field, index) => [field, index] as const)
    .sort(([a, i], [b, j]) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : i - j))
    .map(([field]) => field);
}

const nameOf = (field: string): string => field.slice(0, field.indexOf('",'));
