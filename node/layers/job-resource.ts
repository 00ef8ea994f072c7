/**
 * The resource of a job: its status, its result, its end.
 *
 *   GET     PREFIX/ID           202 while pending; 303 to the result when done; 200 when failed, cancelled or lost
 *   GET     PREFIX/ID/result    the answer as it was, streamed; the failure as it would have been
 *   DELETE  PREFIX/ID           cancels what is pending, forgets what has ended
 *
 * A job is asked for under the policies of the route that made it (CORS, addresses, limits, authentication), as the
 * snapshot in force has them, and only by the consumer that made it. Anyone else is told what is told of a job that never
 * was. The bottom of the chain of such requests; what stands above it is in pipeline/chain.ts.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type JobRecord, mayAsk, ownerOf } from '../jobs/job.js';
import type { JobAddress } from '../jobs/job-id.js';
import { StoreAway } from '../jobs/job-store.js';
import { streamResult } from '../jobs/result-stream.js';
import { statusAnswer } from '../jobs/status-answer.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
} from '../pipeline/dispatch.js';
import { goOnLater } from '../pipeline/late-dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

/** The policies of a route before a bottom; undefined for a route that is not in force. */
export type RouteAccess = (routeId: string) => ((bottom: Dispatch) => Dispatch) | undefined;

export function jobResource(address: JobAddress | null, access: RouteAccess, services: ChainServices): Dispatch {
  return (request, handler) => {
    if (address === null) return refuse(handler, notFound);
    return goOnLater(
      services.jobs.look(address.id),
      handler,
      (record, ear) => {
        const guard = record === null ? undefined : access(record.routeId);
        if (record === null || guard === undefined) return refuse(ear, gone(address, services));
        return guard((asked, answering) => serve(asked, answering, record, address, services))(request, ear);
      },
      (cause) => notDone(cause, services),
    );
  };
}

/** Of the path of a request, what may be logged: the secret part of an id is a credential. */
export function shownJobPath(prefix: string, address: JobAddress | null): string {
  if (address === null) return `${prefix}/...`;
  return `${prefix}/${address.publicId}-...${address.part === 'result' ? '/result' : ''}`;
}

const notFound = failure('job_not_found', 'there is no such job, or it is not yours');

/** A job that was kept in memory ends with its node. Whoever asks has learnt nothing that he had not brought along. */
function gone({ epoch }: JobAddress, { jobs }: ChainServices): Failure {
  if (jobs.counts().store === 'redis' || epoch === jobs.epoch) return notFound;
  return failure(
    'job_not_found',
    'it was kept in the memory of another node, or of an earlier life of this one: it is lost',
  );
}

function notDone(cause: unknown, { onBug }: ChainServices): Failure {
  if (cause instanceof StoreAway)
    return failure('job_store_away', 'the store of jobs does not answer', { retryAfterS: 1, cause });
  onBug(cause);
  return failure('internal_error', 'the gateway failed while it looked at the job', { cause });
}

function refuse(handler: ResponseHandler, failed: Failure): Cancel {
  handler.onError(failed);
  return nothingToCancel;
}

function serve(
  request: GatewayRequest,
  handler: ResponseHandler,
  record: JobRecord,
  { part }: JobAddress,
  services: ChainServices,
): Cancel {
  const { consumerId, vouchedBy } = request.exchange;
  if (!mayAsk(record, ownerOf(consumerId, vouchedBy))) return refuse(handler, notFound);
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') {
    return part === 'result' ? result(request, handler, record, services) : status(request, handler, record, services);
  }
  if (method === 'DELETE' && part === 'status') return end(request, handler, record, services);
  const allow = part === 'result' ? 'GET, HEAD' : 'DELETE, GET, HEAD';
  return refuse(handler, failure('method_not_allowed', 'a job is read, or deleted', { headers: ['allow', allow] }));
}

function status(request: GatewayRequest, handler: ResponseHandler, record: JobRecord, services: ChainServices): Cancel {
  const { status, headers, body } = statusAnswer(record, services.gateway.jobs.prefix, services.clock.wallMs());
  return answerDirectly(request, handler, status, headers, body);
}

function result(request: GatewayRequest, handler: ResponseHandler, record: JobRecord, services: ChainServices): Cancel {
  switch (record.state) {
    case 'pending':
      return status(request, handler, record, services);
    case 'done':
      return streamResult(request, handler, record, (id, index) => services.jobs.read(id, index));
    case 'failed':
      return refuse(handler, record.failure ?? failure('internal_error', 'the job failed'));
    case 'cancelled':
      return refuse(handler, failure('job_cancelled', 'the job was cancelled before it was done'));
    case 'lost':
      return refuse(
        handler,
        failure('job_lost', 'the node that ran the job ended, or lost its store, before it was done'),
      );
  }
}

/** 204 when it is so: the job is cancelled, or nothing of it is kept. */
function end(request: GatewayRequest, handler: ResponseHandler, { id }: JobRecord, services: ChainServices): Cancel {
  const { jobs } = services;
  const ended = async (): Promise<void> => {
    const before = await jobs.look(id);
    if (before?.state === 'pending') {
      const record = await jobs.cancel(id);
      if (record?.state === 'cancelled') return;
    }
    await jobs.forget(id);
  };
  return goOnLater(
    ended(),
    handler,
    (_done, ear) => answerDirectly(request, ear, 204, []),
    (cause) => notDone(cause, services),
  );
}
