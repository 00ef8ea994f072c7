/**
 * The form of a conformance case: a few requests, one after the other, with what the origin would answer to each, and what
 * is to come of it. As data, so that a table can be read beside the RFC that it cites.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { formatHttpDate } from '@weir/proto/http/http-date.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { Ask } from '../ask.js';
import type { How, OriginAnswer } from './pure-cache.js';

/** [section, what it claims, steps, what the route says]. */
export type Case = readonly [rfc: string, claim: string, steps: readonly Step[], spec?: Partial<CacheSpec>];

export interface Step {
  /** Seconds that pass before. */
  readonly after?: number;
  /** Path and query. */
  readonly url?: string;
  readonly method?: string;
  readonly scheme?: 'http' | 'https';
  readonly consumer?: string;
  /** Request fields. */
  readonly with?: HeaderList;
  /** What the origin answers if it is asked; null: it fails. */
  readonly origin?: Partial<OriginAnswer> | null;
  readonly how: How;
  readonly status?: number;
  readonly body?: string;
  /** Fields that the answer has, each with this value. */
  readonly has?: HeaderList;
  readonly lacks?: readonly string[];
  /** Fields that the origin was sent. */
  readonly sent?: HeaderList;
  readonly unsent?: readonly string[];
}

/** When all cases begin. */
export const START_MS = Date.UTC(2026, 2, 1, 12, 0, 0);

/** A date on the wire, so many seconds from the beginning. */
export function at(seconds: number): string {
  return formatHttpDate(START_MS + seconds * 1000);
}

export function askOf(step: Step): Ask {
  const [path = '/', query = ''] = (step.url ?? '/a').split('?');
  const method = step.method ?? 'GET';
  return {
    method,
    scheme: step.scheme ?? 'https',
    authority: 'example.com',
    path,
    query,
    headers: step.with ?? [],
    hasBody: false,
    consumerId: step.consumer ?? null,
  };
}

/** First request: the origin answers with these fields, and it goes through. */
export function first(
  headers: HeaderList,
  more: Partial<Step> & { readonly answer?: Partial<OriginAnswer> } = {},
): Step {
  const { answer, ...step } = more;
  return { how: 'fetched', origin: { headers, body: 'one', ...answer }, ...step };
}

/** A later request, answered in this way. */
export function next(how: How, more: Omit<Step, 'how'> = {}): Step {
  return { after: 5, origin: { body: 'two' }, how, ...more };
}

/** The request is answered from what was stored: the origin would say something else. */
export const reused: Step = next('hit', { body: 'one' });
/** The origin is asked, without anything to validate by. */
export const refetched: Step = next('fetched', { body: 'two', unsent: ['if-none-match', 'if-modified-since'] });
