/**
 * The part of the admin API that is about revisions: the history, what differs, and new ones. Each change names the revision that its
 * author has seen as the last; one that came first is a conflict, which says whose it is. What is appended has been
 * checked before, as `weir check` does, in the environment of this process.
 *
 *   GET  /revisions?before=N&max=50        newest first
 *   GET  /revisions/N                      with its text; `current` is the one in force
 *   GET  /revisions/N/diff/M               from N to M, by entity; N may be 0, for nothing
 *   POST /revisions/preview                what a config would change, and its faults
 *   POST /revisions                        200 appended (or there already), 409 conflict, 422 faults
 */
import { type Entity, entitiesOf } from '@weir/proto/config/entities.js';
import type { Fault } from '@weir/proto/config/faults.js';
import type { FastifyInstance } from 'fastify';
import type { Outcome, Revision, RevisionHead, Revisions } from '../log/revision.js';
import type { CheckedText } from '../publish/check-config.js';
import { type Comparison, changesOf, compareConfigs } from '../publish/compare-configs.js';
import type { PublishOutcome } from './control-status.js';
import { forOperators, signedBy } from './guard.js';
import { type Problem, problem, sendProblem } from './problem.js';
import { readNumber } from './read-request.js';
import { readAppend, readPreview, type WantedConfig } from './revision-requests.js';

export interface RevisionOperations {
  readonly revisions: Revisions;
  /** The file that the config is read from, whose changes are recorded here; null where changes are made here. */
  readonly followedFile: string | null;
  /** Every fault of a config; `ok` where it has warnings at most. */
  check(text: string): Promise<CheckedText>;
  /** Controls of a cluster bring what is current to its nodes, step by step (`/rollouts`). */
  readonly isRolledOut: boolean;
  /** Puts what is current in force, and tells what became of that; null where others do it, and tell it elsewhere. */
  publish(): Promise<PublishOutcome | null>;
  /** 128 random bits, in hexadecimal digits. */
  newId(): string;
}

export interface HistoryAnswer {
  readonly revisions: readonly RevisionHead[];
  /** Number of the one in force; null: none. */
  readonly current: number | null;
  readonly followedFile: string | null;
  /** What is wrong with the log; empty where nothing is. */
  readonly trouble: string;
}

export interface PreviewAnswer extends Comparison {
  /** What `expected` has to be. */
  readonly last: RevisionHead | null;
  /** Null while the built-in page is served. */
  readonly current: number | null;
  readonly faults: readonly Fault[];
  readonly ok: boolean;
  readonly followedFile: string | null;
  /** What becomes of it on the nodes is to be asked of the rollout. */
  readonly isRolledOut: boolean;
}

export interface AppendAnswer {
  readonly revision: RevisionHead;
  /** False: it was in force already, or has been appended by an earlier try. */
  readonly isNew: boolean;
  readonly outcome: PublishOutcome | null;
  /** Warnings. */
  readonly faults: readonly Fault[];
}

export interface DiffAnswer extends Comparison {
  readonly from: number;
  readonly to: number;
}

/** A text of 1 MiB as JSON: each line break and quote takes two characters. */
const BODY_BYTES_MAX = 2.5 * 1024 * 1024;
const PAGE_MAX = 200;
const reading = { config: forOperators('config', 'read') };

export function addRevisionsApi(server: FastifyInstance, operations: RevisionOperations): void {
  const { revisions, followedFile, isRolledOut } = operations;
  const current = (): number | null => revisions.current()?.number ?? null;
  // Whoever applies looks at what would change first: then the text before was the one that was looked at last time, and is not read again.
  let known: { readonly text: string; readonly entities: readonly Entity[] } | null = null;
  const compare = (before: string | null, text: string, entities: readonly Entity[]): Comparison => {
    const earlier = before === null ? [] : known?.text === before ? known.entities : entitiesOf(before);
    known = { text, entities };
    return before === text ? { changes: [], isSame: true } : { changes: changesOf(earlier, entities), isSame: false };
  };

  server.get<{ Querystring: Record<string, string> }>('/revisions', reading, async ({ query }, reply) => {
    const [before, max] = [readNumber(query['before'] ?? '0'), readNumber(query['max'] ?? '50')];
    if (before === null || max === null) {
      return sendProblem(reply, problem(400, 'Bad Request', '`before` and `max` are numbers.'));
    }
    const page = revisions.history(before, Math.min(max, PAGE_MAX));
    return { revisions: page, current: current(), followedFile, trouble: revisions.trouble() } satisfies HistoryAnswer;
  });

  server.get<{ Params: { number: string } }>('/revisions/:number', reading, async ({ params }, reply) => {
    const found = await find(revisions, params.number);
    return 'status' in found ? sendProblem(reply, found) : found;
  });

  server.get<{ Params: { from: string; to: string } }>(
    '/revisions/:from/diff/:to',
    reading,
    async ({ params }, reply) => {
      const from = params.from === '0' ? null : await find(revisions, params.from);
      const to = await find(revisions, params.to);
      if (from !== null && 'status' in from) return sendProblem(reply, from);
      if ('status' in to) return sendProblem(reply, to);
      const compared = compareConfigs(from?.text ?? null, to.text);
      return { from: from?.number ?? 0, to: to.number, ...compared } satisfies DiffAnswer;
    },
  );

  server.post('/revisions/preview', { ...reading, bodyLimit: BODY_BYTES_MAX }, async ({ body }, reply) => {
    const asked = readPreview(body);
    if (!asked.ok) return sendProblem(reply, problem(400, 'Bad Request', asked.detail));
    const text = await textOf(revisions, asked.value);
    if (typeof text !== 'string') return sendProblem(reply, text);
    const { ok, faults, entities } = await operations.check(text);
    // What a faulty text means is a guess, and one that is made to be slow would be read twice.
    const compared = ok ? compare(revisions.current()?.text ?? null, text, entities) : { changes: [], isSame: false };
    const place = { last: revisions.last(), current: current(), followedFile, isRolledOut };
    return { ...place, ...compared, ok, faults } satisfies PreviewAnswer;
  });

  const writing = { bodyLimit: BODY_BYTES_MAX, config: forOperators('config', 'write') };
  server.post('/revisions', writing, async (request, reply) => {
    const answer = await append(operations, request.body, (told) => signedBy(request, told));
    return 'status' in answer ? sendProblem(reply, answer) : answer;
  });
}

async function append(
  operations: RevisionOperations,
  body: unknown,
  signed: (told: string) => string,
): Promise<AppendAnswer | Problem> {
  const { revisions, followedFile } = operations;
  const asked = readAppend(body);
  if (!asked.ok) return problem(400, 'Bad Request', asked.detail);
  if (followedFile !== null) return problem(409, 'Follows A File', followsFile(followedFile));
  const { wanted, expected, reason, id } = asked.value;
  const author = signed(asked.value.author);
  const text = await textOf(revisions, wanted);
  if (typeof text !== 'string') return text;
  const current = revisions.current();
  if (current !== null && current.text === text) {
    const { text: _, ...revision } = current;
    return { revision, isNew: false, outcome: null, faults: [] };
  }
  const { ok, faults } = await operations.check(text);
  if (!ok) return problem(422, 'Faulty Config', 'The config has faults, and nothing was changed.', { faults });
  const restores = wanted.kind === 'restore' ? wanted.number : 0;
  const outcome = await revisions.append({ id: id ?? operations.newId(), author, reason, text, restores }, expected);
  if (!outcome.ok) return refusal(outcome);
  return { revision: outcome.revision, isNew: outcome.isNew, outcome: await operations.publish(), faults };
}

function refusal(outcome: Outcome & { readonly ok: false }): Problem {
  const { why, detail } = outcome;
  switch (why) {
    case 'conflict':
      return problem(409, 'Conflict', `Somebody else was first: ${detail}.`, { last: outcome.last });
    case 'refused':
      return problem(413, 'Content Too Large', `The revision log does not take it: ${detail}.`);
    case 'away':
      return problem(503, 'Service Unavailable', `Nothing was changed: ${detail}.`);
    case 'uncertain':
      return problem(504, 'Uncertain', `Ask again with the same id, which is safe: ${detail}.`);
  }
}

export function followsFile(file: string): string {
  return (
    `This weir follows the file ${file}: save your change there, and it is in force within a moment. ` +
    'To have revisions applied instead, start weir without --config and apply the file once.'
  );
}

async function textOf(revisions: Revisions, wanted: WantedConfig): Promise<string | Problem> {
  if (wanted.kind === 'text') return wanted.text;
  const found = await find(revisions, String(wanted.number));
  return 'status' in found ? found : found.text;
}

async function find(revisions: Revisions, asked: string): Promise<Revision | Problem> {
  const current = revisions.current();
  if (asked === 'current' && current !== null) return current;
  const number = readNumber(asked);
  const found = number === null ? null : await revisions.read(number);
  if (found !== null) return found;
  const [oldest, last] = [revisions.history(0, Number.POSITIVE_INFINITY).at(-1), revisions.last()];
  const range =
    oldest === undefined || last === null ? 'there is none yet' : `there are ${oldest.number} to ${last.number}`;
  return problem(404, 'No Such Revision', `There is no revision ${asked.slice(0, 20)} to be read; ${range}.`);
}
