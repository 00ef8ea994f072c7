/**
 * The part of the admin API that is about rollouts: the one under way, line by line until it is over, its history, and what an
 * operator may do about it. Any control answers, and any control may be told.
 *
 *   GET  /rollouts?max=20                 records, the newest first
 *   GET  /rollouts/current?revision=N&id=I  a line of JSON with each change, until the rollout of that revision (or a later one) is over
 *   POST /rollouts/start, retry           { by }    the revision in force, where nothing has rolled it out; where it was taken back
 *   POST /rollouts/promote, pause, resume, abort        { by }
 *   POST /rollouts/policy                 { by, plan }   plan: how later revisions are rolled out; null: everywhere at once
 */

import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Compilation, Obeyed } from '../cluster/publisher.js';
import type { RolloutView } from '../cluster/rollout-view.js';
import type { Command } from '../cluster/rollouts.js';
import { isRevisionId } from '../log/revision.js';
import type { AskedRevision } from '../rollout/publishing.js';
import { forOperators, signedBy } from './guard.js';
import { problem, sendProblem } from './problem.js';
import { readNumber } from './read-request.js';
import { readOrder, readPolicy } from './rollout-requests.js';

export interface RolloutOperations {
  view(): RolloutView | null;
  compilation(): Compilation | null;
  /** Whether the view is of that revision, or of one that took its place. */
  isOf(asked: AskedRevision): boolean;
  /** Called when either may have changed. */
  onChange(listener: () => void): () => void;
  history(max: number): Promise<readonly RolloutRecord[] | null>;
  command(command: Command, by: string): Promise<Obeyed>;
  setPolicy(plan: RolloutPlan | null, by: string): Promise<Obeyed>;
}

/** One line of the stream. */
export interface RolloutLine {
  /** Null: nothing was ever rolled out. */
  readonly rollout: RolloutView | null;
  /** What became of the latest revision that was compiled here. */
  readonly compilation: Compilation | null;
  /** The revision that was asked for is what the rollout is about, or it was rejected. */
  readonly isMeant: boolean;
  /** It can't be compiled here. */
  readonly isRejected: boolean;
  readonly isLast: boolean;
}

const HISTORY_MAX = 200;
const STREAMS_MAX = 64;
/** Who reads more slowly misses lines, each of which says all. */
const UNREAD_BYTES_MAX = 1024 * 1024;
/** No proxy in between is silent for longer than it allows. */
const EVERY_MS = 5_000;
const COALESCE_MS = 5;
/** A canary bakes for a day at most. */
const STREAM_MAX_MS = 25 * 3_600_000;
const reading = { config: forOperators('config', 'read') };
const writing = { config: forOperators('config', 'write') };
const commands: readonly Command[] = ['start', 'retry', 'promote', 'pause', 'resume', 'abort'];

export function addRolloutsApi(server: FastifyInstance, rollouts: RolloutOperations): void {
  const streams = new Set<() => void>();
  server.addHook('onClose', async () => {
    for (const end of streams) end();
  });

  server.get<{ Querystring: Record<string, string> }>('/rollouts', reading, async ({ query }, reply) => {
    const max = readNumber(query['max'] ?? '20');
    if (max === null) return sendProblem(reply, problem(400, 'Bad Request', '`max` is a number.'));
    const records = await rollouts.history(Math.min(max, HISTORY_MAX));
    if (records !== null) return { rollouts: records };
    return sendProblem(reply, problem(503, 'Service Unavailable', 'The log of rollouts cannot be read now.'));
  });

  server.get<{ Querystring: Record<string, string> }>('/rollouts/current', reading, async ({ query }, reply) => {
    const revision = readNumber(query['revision'] ?? '0');
    if (revision === null) return sendProblem(reply, problem(400, 'Bad Request', '`revision` is a number.'));
    const { id = null } = query;
    if (id !== null && !isRevisionId(id))
      return sendProblem(reply, problem(400, 'Bad Request', '`id` is that of a revision: 32 hexadecimal digits.'));
    if (streams.size >= STREAMS_MAX) {
      const detail = `${STREAMS_MAX} others follow the rollout here already.`;
      return sendProblem(reply, problem(503, 'Service Unavailable', detail));
    }
    reply.hijack();
    stream(reply, rollouts, { number: revision, id }, streams);
    return reply;
  });

  for (const command of commands) {
    server.post(`/rollouts/${command}`, writing, async (request, reply) => {
      const order = readOrder(request.body);
      if (!order.ok) return sendProblem(reply, problem(400, 'Bad Request', order.detail));
      return answer(reply, await rollouts.command(command, signedBy(request, order.value.by)));
    });
  }
  server.post('/rollouts/policy', writing, async (request, reply) => {
    const order = readPolicy(request.body);
    if (!order.ok) return sendProblem(reply, problem(400, 'Bad Request', order.detail));
    return answer(reply, await rollouts.setPolicy(order.value.plan, signedBy(request, order.value.by)));
  });
}

async function answer(reply: FastifyReply, obeyed: Obeyed): Promise<unknown> {
  if (obeyed.ok) return { record: obeyed.record };
  const { why, detail } = obeyed;
  const isLate = why === 'not now';
  return sendProblem(reply, problem(isLate ? 409 : 503, isLate ? 'Conflict' : 'Service Unavailable', `${detail}.`));
}

export function lineOf(
  rollouts: Pick<RolloutOperations, 'view' | 'compilation' | 'isOf'>,
  asked: AskedRevision,
): RolloutLine {
  const [view, compilation] = [rollouts.view(), rollouts.compilation()];
  const isCompiled = asked.id === null ? compilation?.revision === asked.number : compilation?.revisionId === asked.id;
  const isRejected = asked.number > 0 && isCompiled && compilation?.state === 'rejected';
  const isMeant = isRejected || (view !== null && rollouts.isOf(asked));
  // Nothing was asked for, and nothing was ever rolled out: there is nothing to wait for.
  const isIdle = asked.number === 0 && view === null;
  const isLast = isRejected || isIdle || (isMeant && view?.isOver === true);
  return { rollout: view, compilation, isMeant, isRejected, isLast };
}

function stream(
  reply: FastifyReply,
  rollouts: RolloutOperations,
  asked: AskedRevision,
  streams: Set<() => void>,
): void {
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  let told = '';
  let coalescing: NodeJS.Timeout | null = null;
  const tell = (isDue: boolean): void => {
    coalescing = null;
    const line = lineOf(rollouts, asked);
    const text = JSON.stringify(line);
    const isNews = text !== told;
    if ((isNews || isDue) && (line.isLast || raw.writableLength < UNREAD_BYTES_MAX)) {
      raw.write(`${text}\n`);
      told = text;
    }
    if (line.isLast) end();
  };
  const endListening = rollouts.onChange(() => {
    coalescing ??= setTimeout(() => tell(false), COALESCE_MS);
  });
  const everySoOften = setInterval(() => tell(true), EVERY_MS);
  const atLast = setTimeout(() => end(), STREAM_MAX_MS);
  const end = (): void => {
    endListening();
    clearInterval(everySoOften);
    clearTimeout(atLast);
    if (coalescing !== null) clearTimeout(coalescing);
    streams.delete(end);
    raw.end();
  };
  streams.add(end);
  raw.on('close', end);
  raw.on('error', end);
  tell(true);
}
