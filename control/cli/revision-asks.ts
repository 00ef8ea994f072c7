/** What the commands about revisions ask of the admin API, and what they say on stderr where nothing came of it. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Fault } from '@weir/proto/config/faults.js';
import type { AppendAnswer, PreviewAnswer } from '../api/revisions-api.js';
import { authorLengthMax } from '../log/revision.js';
import type { RevisionName } from '../rollout/publishing.js';
import { baseOf, getJson, type Posted, postJson } from './ask.js';
import { formatFault } from './check.js';
import { followRollout, isInForce } from './follow-rollout.js';
import { isObeyed, order } from './order.js';
import { showAppended, showComparison } from './show-revisions.js';
import { noAdmin } from './status.js';
import { type Paint, paintFor, printable } from './terminal.js';

/** The largest config takes ten seconds to check, and a node some to compile it. */
const WITHIN_MS = 60_000;
const ATTEMPTS_MAX = 3;
/** Whether it is in the log is not known. */
const UNCERTAIN = 504;

export interface ChangeOptions {
  readonly reason: string;
  readonly author: string;
  readonly yes: boolean;
  readonly admin: string;
}

export type WantedText = { readonly text: string } | { readonly restore: number };

/** The answer, or null: it was told why there is none. */
export async function lookAt<Answer extends object>(
  path: string,
  admin: string,
  member: keyof Answer,
): Promise<Answer | null> {
  const base = baseOf(admin);
  return answerOf<Answer>(await getJson(path, base, WITHIN_MS), base, member);
}

/** What a config would change, and its faults. */
export async function preview(wanted: WantedText, admin: string): Promise<PreviewAnswer | null> {
  const base = baseOf(admin);
  const asked = await postJson('/revisions/preview', base, wanted, WITHIN_MS);
  return answerOf<PreviewAnswer>(asked, base, 'changes');
}

/** The request has an id, so that it is one revision however often it is sent. */
async function postUntilCertain(path: string, base: string, sent: object): Promise<Posted> {
  for (let attempt = 1; ; attempt += 1) {
    const asked = await postJson(path, base, sent, WITHIN_MS);
    const isOpen = asked.kind === 'silence' || (asked.kind === 'answer' && asked.status === UNCERTAIN);
    if (!isOpen || attempt === ATTEMPTS_MAX) return asked;
  }
}

function answerOf<Answer extends object>(asked: Posted, base: string, member: keyof Answer): Answer | null {
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return null;
  }
  // The service of the same release writes this type.
  if (asked.status === 200 && member in asked.told) return asked.told as Answer;
  process.stderr.write(`weir: ${printable(String(Reflect.get(asked.told, 'detail')))}\n`);
  if (asked.status === 409 && 'last' in asked.told) {
    process.stderr.write('weir: `weir diff` shows what differs now; apply again to put yours in force behind it.\n');
  }
  return null;
}

/**
 * Shows what would change, asks, and makes it a revision behind the one that the difference was made with. Exit code.
 * `name`: what faults are said to stand in.
 */
export async function change(wanted: WantedText, name: string, options: ChangeOptions): Promise<number> {
  const { admin, author, reason, yes } = options;
  const seen = await preview(wanted, admin);
  if (seen === null) return 1;
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  tellFaults(seen.faults, name);
  if (!seen.ok) return 1;
  if (seen.isSame)
    return seen.isRolledOut ? settled(seen.current ?? 0, options, paint) : nothingToDo(seen.current ?? 0);
  process.stdout.write(showComparison(seen, paint));
  // With a file to follow it is refused, in words that the service has.
  if (seen.followedFile === null && !yes && !(await confirmed('Put this in force?'))) return 1;
  const sent = { ...wanted, expected: seen.last?.number ?? 0, author, reason, id: randomBytes(16).toString('hex') };
  const base = baseOf(admin);
  const answer = answerOf<AppendAnswer>(await postUntilCertain('/revisions', base, sent), base, 'revision');
  if (answer === null) return 1;
  process.stdout.write(showAppended(answer, paint));
  if (answer.outcome !== null) return answer.outcome.state === 'accepted' ? 0 : 3;
  if (answer.isNew) return followed(answer.revision, admin, paint);
  return seen.isRolledOut ? settled(answer.revision.number, options, paint) : 0;
}

function nothingToDo(current: number): number {
  process.stdout.write(`nothing to do: revision ${current} says the same\n`);
  return 0;
}

/** That the log has it is not all: nodes run it, or it comes to them, or it is said why not. */
async function settled(current: number, { admin, author }: ChangeOptions, paint: Paint): Promise<number> {
  const started = await order('/rollouts/start', { by: author }, { admin, json: false }, isObeyed, WITHIN_MS);
  if (started === null) return 1;
  const { stage, target, base, missing, why } = started.record;
  if (stage === 'rolledBack') {
    const runs = base === null ? '' : `; nodes run version ${base.version} (revision ${base.revision})`;
    process.stderr.write(
      `weir: revision ${current} says the same and was taken back: ${printable(why)}${runs}\n` +
        'weir: nothing was changed; `weir rollout retry` rolls it out once more, or apply a mended one\n',
    );
    return 3;
  }
  if (stage === 'done' && missing.length === 0) return nothingToDo(current);
  process.stdout.write(`revision ${current} says the same, and is followed\n`);
  const id = target.revisionId;
  return followed(id === undefined ? null : { number: target.revision, id }, admin, paint);
}

/** Of a cluster: its controls bring the revision to the nodes, and tell how that goes. */
async function followed(revision: RevisionName | null, admin: string, paint: Paint): Promise<number> {
  const write = (text: string): void => void process.stdout.write(text);
  const end = await followRollout({ admin, revision, json: false, paint, write });
  if (end.kind === 'over') return isInForce(end.line) ? 0 : 3;
  process.stderr.write(noAdmin(end, baseOf(admin)));
  process.stderr.write('weir: it is a revision, and its rollout goes on; `weir rollout status` follows it\n');
  return 3;
}

export function tellFaults(faults: readonly Fault[], name: string): void {
  const paint: Paint = paintFor(process.stderr.isTTY === true, process.env);
  for (const fault of faults) process.stderr.write(`${formatFault(name, fault, paint.isOn)}\n`);
}

/** Asked at the terminal. */
export async function confirmed(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) {
    process.stderr.write('weir: nothing was changed: there is no terminal to ask at; --yes goes on without asking\n');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    // Ctrl-D: an answer as well.
    return false;
  } finally {
    terminal.close();
  }
}

/** Who is at this terminal, as far as the system knows. */
export function defaultAuthor(): string {
  const name = process.env['WEIR_AUTHOR'] ?? `${userName()}@${hostname()}`;
  return name.replace(/\p{Cc}/gu, '').slice(0, authorLengthMax) || 'unknown';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have them.
    return String(process.getuid?.() ?? 'unknown');
  }
}
