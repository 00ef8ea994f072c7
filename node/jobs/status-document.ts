/** The status resource of a job as JSON; docs/jobs.md describes its members. Pure. */
import { failureTable } from '@weir/proto/http/failures.js';
import { expiresAtMs, type JobRecord } from './job.js';

export function statusDocument(record: JobRecord, location: string): string {
  const { id, state, method, createdMs, endedMs, progress, head, failure } = record;
  const isPending = state === 'pending';
  const iso = (ms: number): string => new Date(ms).toISOString();
  const document = {
    id,
    state,
    method,
    created: iso(createdMs),
    ...(endedMs === null ? {} : { ended: iso(endedMs), expires: iso(expiresAtMs(record)) }),
    status: location,
    // Of one that was lost or cancelled there will never be a result.
    ...(isPending || state === 'done' || state === 'failed' ? { result: `${location}/result` } : {}),
    ...(isPending ? { progress: shown(progress) } : {}),
    ...(head === null ? {} : { answer: { status: head.status, bytes: record.bytes } }),
    ...(failure === null
      ? {}
      : {
          failure: {
            code: failure.code,
            title: failureTable[failure.code].title,
            status: failureTable[failure.code].status,
            detail: failure.detail,
          },
        }),
  };
  return `${JSON.stringify(document)}\n`;
}

function shown({ phase, attempts, bytes, ofBytes }: JobRecord['progress']): object {
  return {
    ...(phase === '' ? {} : { phase }),
    attempts,
    bytes,
    ...(ofBytes === null ? {} : { ofBytes }),
  };
}
