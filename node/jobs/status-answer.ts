/**
 * What is answered about a job: status, fields and body. The pattern is that of OData's asynchronous requests (v4.01,
 * §11.6), which RFC 7240 was written for: 202 with Location as long as there is nothing to collect. What is done says
 * where with 303, so a client that follows redirects needs to know nothing else. Pure.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type JobRecord, retryAfterS } from './job.js';
import { statusDocument } from './status-document.js';

export interface StatusAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** To the request that has become a job. */
export function acceptedAnswer(record: JobRecord, prefix: string, applied: string | null): StatusAnswer {
  const answer = statusAnswer(record, prefix, record.createdMs);
  const preference = applied === null ? [] : ['preference-applied', applied];
  return { ...answer, headers: [...answer.headers, ...preference, 'vary', 'Prefer'] };
}

/** To whoever asks for the status resource. */
export function statusAnswer(record: JobRecord, prefix: string, nowMs: number): StatusAnswer {
  const location = `${prefix}/${record.id}`;
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store'];
  const body = new TextEncoder().encode(statusDocument(record, location));
  if (record.state === 'pending') {
    const again = String(retryAfterS(nowMs - record.createdMs));
    return { status: 202, headers: [...headers, 'location', location, 'retry-after', again], body };
  }
  if (record.state === 'done') return { status: 303, headers: [...headers, 'location', `${location}/result`], body };
  return { status: 200, headers, body };
}
