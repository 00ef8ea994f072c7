/** The answer of a composition that fails with one of its parts: a problem document (RFC 9457) that names the part, and what it met. Pure. */
import { failureTable } from '@weir/proto/http/failures.js';
import type { PartError } from './outcome.js';

export function fatalAnswer(error: PartError, requestId: string): { status: number; type: string; body: string } {
  const { title } = failureTable.part_failed;
  const status = statusOf(error);
  const { part, index, detail, timer } = error;
  const document = {
    ...{ type: 'urn:weir:problem:part_failed', title, status, code: 'part_failed', requestId },
    detail: `the part ${part} failed: ${detail}`,
    ...{ part, ...(index === undefined ? {} : { index }), partStatus: error.status, partType: error.type },
    ...(timer === undefined ? {} : { timer }),
  };
  return { status, type: 'application/problem+json', body: `${JSON.stringify(document)}\n` };
}

/** What the client did is the client's to mend (404, 403, 429); anything else is what a gateway says of those behind it. */
function statusOf({ status, timer }: PartError): number {
  if (status !== null && status >= 400 && status < 500) return status;
  return timer !== undefined || status === 504 ? 504 : 502;
}
