/** How the end of a job is written on its exchange, for its log line, its span and the doctor. Pure. */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { JobFailure, JobState } from './job.js';

/** By the answer that may be collected, or by why there is none. */
export function writeEnd(exchange: Exchange, state: JobState, failed: JobFailure | null, status: number): void {
  const ends: Readonly<Partial<Record<JobState, Failure>>> = {
    cancelled: { code: 'job_cancelled', detail: 'the job was cancelled' },
    lost: { code: 'job_lost', detail: 'the job was lost: its store was away, or its lease had passed' },
  };
  exchange.failure = failed ?? ends[state] ?? null;
  exchange.status = exchange.failure === null ? status : failureTable[exchange.failure.code].status;
}
