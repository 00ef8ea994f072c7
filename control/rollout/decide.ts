/**
 * What is due in a rollout, as one control sees it. All controls reckon alike; the first whose step the log takes has decided.
 * Times are what this control has lived through itself: no clock of another machine is believed, so one that comes anew
 * in the middle of a canary watches it for as long as the plan says. Pure.
 */
import type { MissingFrom, RolloutRecord } from '@weir/proto/events/rollout.js';
import { type Evidence, harmOf } from './judge.js';
import { LATE_AFTER_MS, type NodeProgress, type NodeSight, progressOf } from './progress.js';
import { triesOut } from './rollout.js';

export interface RolloutSight {
  readonly nodes: readonly NodeSight[];
  /** Since this control learnt of the record. */
  readonly waitedMs: number;
  /** Since all who try it out were seen to run it; 0 while not. */
  readonly bakedMs: number;
  readonly evidence: Evidence;
}

export type Due =
  /** `why`: what is waited for. */
  | { readonly due: 'nothing'; readonly why: string }
  | { readonly due: 'promote'; readonly why: string }
  | { readonly due: 'rollBack' | 'finish'; readonly why: string; readonly missing: readonly MissingFrom[] };

/** A canary without enough traffic is waited for so many times as long as it was to bake, and at least so long. */
export const JUDGE_FACTOR = 10;
export const JUDGE_MIN_MS = 10 * 60_000;

export function whatIsDue(record: RolloutRecord, sight: RolloutSight): Due {
  switch (record.stage) {
    case 'canary':
    case 'paused':
      return dueOfCanary(record, sight);
    case 'everywhere':
      return dueOfAll(record, sight);
    case 'done':
    case 'rolledBack':
      return { due: 'nothing', why: '' };
  }
}

/** All of those who try it out run it, as far as this control has seen. */
export function isBaking(record: RolloutRecord, progress: readonly NodeProgress[]): boolean {
  const canary = progress.filter(({ isCanary }) => isCanary);
  return (
    canary.length > 0 && canary.length === record.canary.length && canary.every(({ state }) => state === 'applied')
  );
}

function dueOfCanary(record: RolloutRecord, { nodes, waitedMs, bakedMs, evidence }: RolloutSight): Due {
  const progress = progressOf(record, nodes, waitedMs);
  // Harm ends it also while it is paused: a pause is for looking, and nobody looks for that.
  const trouble = troubleOf(record, nodes, progress);
  if (trouble.length > 0) {
    const [first] = trouble;
    return { due: 'rollBack', why: `${first?.id}: ${first?.why}`, missing: trouble };
  }
  const harm = harmOf(evidence, record.plan);
  if (harm !== null) return { due: 'rollBack', why: harm, missing: [] };
  if (record.stage === 'paused') return wait('somebody to promote, resume or abort it');
  if (!isBaking(record, progress)) return wait('nodes that try it out');
  const { bakeMs, exchangesMin } = record.plan;
  if (bakedMs < bakeMs) return wait(`its time to bake: ${seconds(bakeMs - bakedMs)} more`);
  const { exchanges } = evidence.canary;
  const traffic = `${exchanges} of ${exchangesMin} exchanges that it is judged by`;
  if (exchanges >= exchangesMin)
    return { due: 'promote', why: `nothing spoke against it in ${seconds(bakedMs)} and ${exchanges} exchanges` };
  if (bakedMs < Math.max(bakeMs * JUDGE_FACTOR, JUDGE_MIN_MS)) return wait(traffic);
  return { due: 'rollBack', why: `nobody can say that it is good: ${traffic}`, missing: [] };
}

function troubleOf(
  record: RolloutRecord,
  nodes: readonly NodeSight[],
  progress: readonly NodeProgress[],
): readonly MissingFrom[] {
  const bad = progress.filter(({ isCanary, state }) => isCanary && (state === 'refused' || state === 'late'));
  const crashed = nodes.filter(({ id, hasCrashed }) => hasCrashed && triesOut(record, id));
  const away = progress.filter(({ isCanary, state }) => isCanary && state === 'gone');
  return [
    ...bad.map(({ id, state, why }) => ({ id, why: state === 'refused' ? `refused: ${why}` : why })),
    ...crashed.map(({ id }) => ({ id, why: 'its process ended while it tried it out' })),
    ...away.map(({ id }) => ({ id, why: 'it went away while it tried it out' })),
  ];
}

function dueOfAll(record: RolloutRecord, { nodes, waitedMs }: RolloutSight): Due {
  const progress = progressOf(record, nodes, waitedMs);
  const open = progress.filter(({ state }) => state === 'waiting' || state === 'fetching');
  if (open.length > 0) return wait(`${open.length} of ${progress.length} nodes`);
  if (progress.length === 0 && waitedMs <= LATE_AFTER_MS) return wait('nodes');
  const missing = progress
    .filter(({ state }) => state !== 'applied')
    .map(({ id, state, why }) => ({ id, why: state === 'refused' ? `refused: ${why}` : why }));
  const refusals = progress.filter(({ state }) => state === 'refused').length;
  const applied = progress.length - missing.length;
  const [first] = missing;
  if (applied === 0 && refusals > 0 && record.base !== null)
    return { due: 'rollBack', why: `no node can run it; ${first?.id} ${first?.why}`, missing };
  const all = applied === 1 ? 'on the one node that there is' : `on all ${applied} nodes`;
  const why = missing.length === 0 ? all : `on ${applied} of ${progress.length} nodes`;
  return { due: 'finish', why: progress.length === 0 ? 'no node is there' : why, missing };
}

function wait(why: string): Due {
  return { due: 'nothing', why };
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
