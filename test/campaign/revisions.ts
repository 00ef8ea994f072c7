/**
 * Revisions against kill -9: writers apply configs over the admin API of a real `weir up` as fast as they are answered, the process is
 * killed at instants that nobody chose, and started again. Whatever was acknowledged is there afterwards, under its number, once;
 * what was not answered is there once or not at all.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { AppendAnswer, HistoryAnswer } from '@weir/control/api/revisions-api.js';
import { lmdbLog } from '@weir/control/log/lmdb-log.js';
import type { RevisionHead } from '@weir/control/log/revision.js';
import { openRevisions } from '@weir/control/log/revisions.js';
import { askAdmin, rememberAdmin } from '../support/admin.js';
import { ensureBuilt, weirProgram } from '../support/built.js';
import { onStage, type Program, passed, type Stage, until, untilUp } from '../support/stage.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface RevisionsScale {
  /** That are acknowledged. */
  readonly writes: number;
  readonly kills: number;
}

export const fullRevisions: RevisionsScale = { writes: 500, kills: 20 };

/** At the same time: they get into each other's way, as people do. */
const WRITERS = 3;
/** A kill comes so long after it was decided, at most: longer than a write takes. */
const KILL_AFTER_MAX_MS = 60;

const config = (body: string): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: { enabled: false } }
routes:
  - { id: fixed, match: /*, respond: { status: 200, body: "${body}" } }
`;

export interface Ledger {
  readonly acknowledged: Map<string, number>;
  /** Sent, and no answer came. */
  readonly open: Set<string>;
  readonly tookMs: number[];
  conflicts: number;
  /** Answers that nothing was changed, since the log can't be reached. */
  away: number;
  readonly broken: string[];
}

export function runRevisions({ writes, kills }: RevisionsScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const folder = stage.folder();
    const first = await seed(folder);
    const ledger: Ledger = { acknowledged: new Map(), open: new Set(), tookMs: [], conflicts: 0, away: 0, broken: [] };
    for (let life = 0; life <= kills; life += 1) {
      const wanted = Math.ceil((writes * (life + 1)) / (kills + 1));
      await onStage((ofLife) => live(ofLife, folder, { life, wanted, isLast: life === kills, first }, ledger));
    }
    if (ledger.away > 0) ledger.broken.push(`the log was away ${ledger.away} times`);
    const inFile = await idsInFile(folder);
    if (new Set(inFile).size !== inFile.length) ledger.broken.push('the file has a revision twice');
    const arrived = [...ledger.open].filter((id) => inFile.includes(id)).length;
    return {
      figures: {
        'writes acknowledged': ledger.acknowledged.size,
        'kill -9': kills,
        'not answered': `${ledger.open.size}, of which ${arrived} are there`,
        conflicts: ledger.conflicts,
        'a write': `p50 ${showMs(quantile(ledger.tookMs, 0.5))}, p99 ${showMs(quantile(ledger.tookMs, 0.99))}`,
      },
      broken: ledger.broken,
    };
  });
}

interface Life {
  readonly life: number;
  /** Acknowledged by its end, by all lives. */
  readonly wanted: number;
  readonly isLast: boolean;
  readonly first: string;
}

/** From a start to a kill. */
async function live(
  stage: Stage,
  folder: string,
  { life, wanted, isLast, first }: Life,
  ledger: Ledger,
): Promise<void> {
  const { program, admin } = await startUp(stage, folder);
  const writing = Array.from({ length: WRITERS }, (_, writer) => write(admin, wanted, `${life}-${writer}`, ledger));
  await until(
    () => ledger.acknowledged.size >= wanted,
    () => `${ledger.acknowledged.size} of ${wanted} writes, ${program.said()}`,
  );
  if (isLast) {
    await Promise.all(writing);
    ledger.broken.push(...differences(await all(admin), first, ledger));
  } else await passed(randomInt(KILL_AFTER_MAX_MS));
  program.child.kill('SIGKILL');
  await Promise.all([program.exited, ...writing]);
}

/** The built-in page listens where others may; so the first revision is there before the first start. */
async function seed(folder: string): Promise<string> {
  const log = lmdbLog(join(folder, 'state', 'revisions.mdb'));
  const options = { copy: null, writer: 'up', wallMs: () => Date.now(), every: null, say: () => {} };
  const revisions = await openRevisions({ log, ...options });
  const id = randomBytes(16).toString('hex');
  await revisions.append({ id, author: 'campaign', reason: '', text: config('first'), restores: 0 }, 0);
  await revisions.close();
  await log.close();
  return id;
}

async function startUp(stage: Stage, folder: string): Promise<{ program: Program; admin: string }> {
  const ports = ['--admin', '127.0.0.1:0', '--metrics', '127.0.0.1:0'];
  const program = stage.run(weirProgram, ['up', '--data', join(folder, 'state'), ...ports], folder);
  const place = await untilUp(program, 'weir');
  return { program, admin: rememberAdmin(place('admin'), join(folder, 'state')) };
}

/** As long as the log is away: nobody's loop is that quick. */
const AWAY_MS = 50;

/** Writes until so many are acknowledged, by all writers together, or nobody answers any more. */
export async function write(admin: string, wanted: number, name: string, ledger: Ledger): Promise<void> {
  for (let count = 0; ledger.acknowledged.size < wanted + WRITERS * 4; count += 1) {
    const id = randomBytes(16).toString('hex');
    const sentAtMs = performance.now();
    let isSent = false;
    try {
      const last = (await ask<HistoryAnswer>(`${admin}/revisions?max=1`)).body.revisions[0]?.number ?? 0;
      isSent = true;
      const sent = { text: config(`${name}-${count}`), expected: last, author: name, id };
      const { status, body } = await ask<AppendAnswer>(`${admin}/revisions`, sent);
      if (status === 409) ledger.conflicts += 1;
      else if (status === 504) ledger.open.add(id);
      else if (status === 503) {
        ledger.away += 1;
        await passed(AWAY_MS);
      } else if (status !== 200) ledger.broken.push(`${status}: ${JSON.stringify(body)}`);
      else {
        ledger.acknowledged.set(id, body.revision.number);
        ledger.tookMs.push(performance.now() - sentAtMs);
        if (body.revision.id !== id || !body.isNew) ledger.broken.push(`${id} was told to be ${body.revision.id}`);
      }
    } catch {
      if (isSent) ledger.open.add(id);
      return;
    }
  }
}

async function ask<Answer>(url: string, sent?: object): Promise<{ status: number; body: Answer }> {
  const headers = { 'content-type': 'application/json' };
  const request = sent === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(sent) };
  const answer = await askAdmin(url, request);
  // Our own API of the same build.
  return { status: answer.status, body: (await answer.json()) as Answer };
}

export async function all(admin: string): Promise<RevisionHead[]> {
  const heads: RevisionHead[] = [];
  for (let before = 0; ; ) {
    const { body } = await ask<HistoryAnswer>(`${admin}/revisions?max=200&before=${before}`);
    heads.push(...body.revisions);
    const oldest = body.revisions.at(-1)?.number;
    if (oldest === undefined || oldest === 1) return heads.reverse();
    before = oldest;
  }
}

export function differences(heads: readonly RevisionHead[], first: string, { acknowledged, open }: Ledger): string[] {
  const broken: string[] = [];
  const numbers = new Map(heads.map(({ id, number }) => [id, number]));
  if (numbers.size !== heads.length) broken.push('a revision is there twice');
  if (heads.some(({ number }, index) => number !== index + 1)) broken.push('numbers do not follow one another');
  for (const [id, number] of acknowledged) {
    const found = numbers.get(id);
    // Lost by the log, and back behind another that had taken its place.
    if (found !== number && heads.find((head) => head.id === id)?.recovers !== number)
      broken.push(`acknowledged as ${number}, and now ${found ?? 'lost'}`);
  }
  for (const { id, number } of heads) {
    if (!acknowledged.has(id) && !open.has(id) && id !== first) broken.push(`revision ${number} is nobody's`);
  }
  return broken;
}

async function idsInFile(folder: string): Promise<string[]> {
  const log = lmdbLog(join(folder, 'state', 'revisions.mdb'));
  const options = { copy: null, writer: 'up', wallMs: () => Date.now(), every: null, say: () => {} };
  const revisions = await openRevisions({ log, ...options });
  const ids = revisions.history(0, Number.POSITIVE_INFINITY).map(({ id }) => id);
  await revisions.close();
  await log.close();
  return ids;
}
