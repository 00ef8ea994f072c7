/**
 * The stages of a rollout: how one record of the log of rollouts follows from another. Any number of controls run this; which
 * of them is heard is decided by compare-and-set on that log, so each step is a function of the record that it replaces. Pure.
 *
 * Who runs what follows from the latest record alone (`wanted`), so whoever comes later, or takes over, needs nothing else.
 */

import { type Announcement, canaryNodesMax } from '@weir/proto/events/announcement.js';
import {
  type MissingFrom,
  missingMax,
  type Release,
  type RolloutRecord,
  whyLengthMax,
} from '@weir/proto/events/rollout.js';
import { isCanaryPlan, type RolloutPlan } from '@weir/proto/events/rollout-plan.js';

/** All nodes at once. */
export const atOnce: RolloutPlan = { sharePermille: 1_000, label: '', bakeMs: 0, exchangesMin: 0, unjudged: [] };

/** Who writes a record, and when, by the wall clock. */
export interface Author {
  readonly by: string;
  readonly control: string;
  readonly atWallMs: number;
}

/** A node that may try out a version. */
export interface Candidate {
  readonly id: string;
  readonly labels: readonly string[];
}

export type Step = { readonly ok: true; readonly record: RolloutRecord } | { readonly ok: false; readonly why: string };

export function isOver({ stage }: RolloutRecord): boolean {
  return stage === 'done' || stage === 'rolledBack';
}

/** What a node runs that tries out nothing. */
export function forAll({ stage, target, base }: RolloutRecord): Release {
  return stage === 'everywhere' || stage === 'done' || base === null ? target : base;
}

/** Whether this node tries out the target, while others don't. */
export function triesOut({ stage, canary }: RolloutRecord, id: string): boolean {
  return (stage === 'canary' || stage === 'paused') && canary.includes(id);
}

/** A new release takes the place of whatever is under way; what it goes back to is what everybody runs. */
export function begin(
  before: RolloutRecord | null,
  target: Release,
  plan: RolloutPlan,
  candidates: readonly Candidate[],
  author: Author,
): RolloutRecord {
  const base = before === null ? null : forAll(before);
  const policy = before?.policy === undefined ? {} : { policy: before.policy };
  const set = before?.policySet === undefined ? {} : { policySet: before.policySet };
  const record = { kind: 'rollout' as const, target, base, plan, missing: [], ...policy, ...set, ...author };
  const why = `revision ${target.revision}`;
  if (!isCanaryPlan(plan)) return { ...record, stage: 'everywhere', canary: [], why };
  if (base === null || base.version === target.version || candidates.length < 2) {
    const alone = base === null ? 'nothing ran before' : 'there is one node at most';
    return { ...record, stage: 'everywhere', canary: [], why: `${why}; no canary, since ${alone}` };
  }
  const canary = pickCanary(plan, candidates, target.version);
  if (canary.length > 0) return { ...record, stage: 'canary', canary, why };
  return { ...record, stage: 'paused', canary, why: `${why}; no node has the label ${plan.label}` };
}

/** At least one, and never all by share. Another one each time, so that no node is always the one that is harmed. */
function pickCanary(plan: RolloutPlan, candidates: readonly Candidate[], version: number): readonly string[] {
  const { label, sharePermille } = plan;
  const ids = candidates.map(({ id }) => id).sort();
  if (label !== '') {
    const labelled = new Set(candidates.filter(({ labels }) => labels.includes(label)).map(({ id }) => id));
    return ids.filter((id) => labelled.has(id)).slice(0, canaryNodesMax);
  }
  const wanted = Math.round((ids.length * sharePermille) / 1_000);
  const size = Math.min(Math.max(wanted, 1), ids.length - 1, canaryNodesMax);
  const first = version % ids.length;
  return [...ids.slice(first), ...ids.slice(0, first)].slice(0, size).sort();
}

export function promote(record: RolloutRecord, why: string, author: Author): Step {
  if (record.stage !== 'canary' && record.stage !== 'paused') return notNow(record, 'promoted');
  return { ok: true, record: { ...record, ...author, stage: 'everywhere', canary: [], why: clipped(why) } };
}

export function pause(record: RolloutRecord, why: string, author: Author): Step {
  if (record.stage !== 'canary') return notNow(record, 'paused');
  return { ok: true, record: { ...record, ...author, stage: 'paused', why: clipped(why) } };
}

export function resume(record: RolloutRecord, why: string, author: Author): Step {
  if (record.stage !== 'paused' || record.canary.length === 0) return notNow(record, 'resumed');
  return { ok: true, record: { ...record, ...author, stage: 'canary', why: clipped(why) } };
}

/** All go back to what they ran. Names the nodes that were the reason, if any were. */
export function rollBack(
  record: RolloutRecord,
  why: string,
  author: Author,
  missing: readonly MissingFrom[] = [],
): Step {
  if (isOver(record)) return notNow(record, 'rolled back');
  if (record.base === null) return { ok: false, why: 'there is nothing before it to go back to' };
  const back = { ...record, ...author, stage: 'rolledBack' as const, canary: [], why: clipped(why) };
  return { ok: true, record: { ...back, missing: boundedMissing(missing) } };
}

export function finish(record: RolloutRecord, why: string, author: Author, missing: readonly MissingFrom[]): Step {
  if (record.stage !== 'everywhere') return notNow(record, 'finished');
  const { by } = record;
  const done = { ...record, ...author, by, stage: 'done' as const, why: clipped(why) };
  return { ok: true, record: { ...done, missing: boundedMissing(missing) } };
}

/** How later revisions are rolled out; null: everywhere at once. What is under way goes on as it began, and is whose it was. */
export function withPolicy(record: RolloutRecord, plan: RolloutPlan | null, author: Author): RolloutRecord {
  const { policy: _, ...rest } = record;
  const { by, control, atWallMs } = author;
  const set = { ...rest, policySet: { by, control, atWallMs } };
  return plan === null ? set : { ...set, policy: plan };
}

function notNow({ stage, target }: RolloutRecord, what: string): Step {
  const words = {
    canary: 'is tried out',
    paused: 'is paused',
    everywhere: 'is announced to all nodes',
    done: 'is over',
    rolledBack: 'was rolled back',
  };
  return { ok: false, why: `version ${target.version} ${words[stage]}, so it can't be ${what}` };
}

/** What is to be announced while this is the latest record; a control adds the serial. */
export type Wanted = Omit<Announcement, 'serial'>;

export function wanted(record: RolloutRecord): Wanted {
  const { stage, target, canary } = record;
  const { version, hash, sizeBytes } = forAll(record);
  // Versions rise from release to release: whatever runs another one that was ever made is to give it up.
  const takesBack = version === target.version ? 0 : target.version;
  const announced = { kind: 'snapshot' as const, version, hash, sizeBytes, takesBack };
  if ((stage !== 'canary' && stage !== 'paused') || canary.length === 0) return announced;
  const tried = { version: target.version, hash: target.hash, sizeBytes: target.sizeBytes };
  return { ...announced, canary: { only: canary, ...tried } };
}

type Announced = Pick<Release, 'version' | 'hash' | 'sizeBytes'>;

export function announces(announced: Announcement, want: Wanted): boolean {
  const one = announced.canary;
  const other = want.canary;
  const isSame = (a: Announced, b: Announced): boolean =>
    a.version === b.version && a.hash === b.hash && a.sizeBytes === b.sizeBytes;
  if (!isSame(announced, want) || announced.takesBack !== want.takesBack) return false;
  if (one === undefined || other === undefined) return one === other;
  return isSame(one, other) && one.only.length === other.only.length && one.only.every((id, i) => id === other.only[i]);
}

function boundedMissing(missing: readonly MissingFrom[]): readonly MissingFrom[] {
  return missing.slice(0, missingMax).map(({ id, why }) => ({ id, why: clipped(why) }));
}

function clipped(text: string): string {
  return text.length <= whyLengthMax ? text : `${text.slice(0, whyLengthMax - 1)}…`;
}
