/** Rollouts as text for people. Pure: the same rollout gives the same text. */

import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { isCanaryPlan, type RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import type { RolloutLine } from '../api/rollouts-api.js';
import type { RolloutView } from '../cluster/rollout-view.js';
import type { NodeProgress } from '../rollout/progress.js';
import { showFault } from './show-status.js';
import { columns, type Paint, printable, showDuration } from './terminal.js';

/** One line for where it stands; empty before the one that was asked for has begun. */
export function showStep({ rollout, compilation, isMeant, isRejected, isLast }: RolloutLine, paint: Paint): string {
  if (isLast && rollout === null && compilation?.state !== 'rejected') return 'nothing was ever rolled out';
  if (!isMeant) return '';
  const isLater = compilation !== null && compilation.revision > (rollout?.record.target.revision ?? 0);
  if (compilation?.state === 'rejected' && (isRejected || isLater))
    return [
      paint.red(`revision ${compilation.revision} can't be compiled`),
      ...compilation.faults.map((fault) => `  ${showFault(fault, paint)}`),
    ].join('\n');
  return rollout === null ? '' : showProgress(rollout, paint);
}

export function showProgress({ record, nodes, waitsFor }: RolloutView, paint: Paint): string {
  const name = `version ${record.target.version} (revision ${record.target.revision})`;
  const meant =
    record.stage === 'canary' || record.stage === 'paused' ? nodes.filter(({ isCanary }) => isCanary) : nodes;
  const applied = meant.filter(({ state }) => state === 'applied').length;
  const count = `${applied} of ${meant.length} nodes`;
  const waits = waitsFor === '' ? '' : `, waits for ${printable(waitsFor)}`;
  switch (record.stage) {
    case 'canary':
      return `${paint.yellow('canary')} ${name} on ${count} that try it out${waits}`;
    case 'paused':
      return `${paint.yellow('paused')} ${name} on ${count} that try it out${waits}`;
    case 'everywhere':
      return `${paint.yellow('everywhere')} ${name} on ${count}`;
    case 'done':
      return [
        `${missingOf(record) ? paint.yellow('done') : paint.green('in force')} ${name} ${printable(record.why)}`,
        ...missing(record),
      ].join('\n');
    case 'rolledBack':
      return [`${paint.red('rolled back')} ${name}: ${printable(record.why)}`, ...missing(record)].join('\n');
  }
}

function missingOf({ missing }: RolloutRecord): boolean {
  return missing.length > 0;
}

function missing({ missing }: RolloutRecord): string[] {
  return columns(missing.map(({ id, why }) => [printable(id), printable(why)])).map((line) => `  ${line}`);
}

/** As it stands, with each node. */
export function showRollout(view: RolloutView, nowWallMs: number, paint: Paint): string {
  const { record, nodes } = view;
  const ago = showDuration(Math.max(0, nowWallMs - record.atWallMs));
  const rows = columns([
    ['plan', showPlan(record.plan)],
    ['before', record.base === null ? 'nothing' : `version ${record.base.version} (revision ${record.base.revision})`],
    ['since', `${ago}, by ${printable(record.by)} at ${printable(record.control)}: ${printable(record.why)}`],
    ['policy', showPolicy(record)],
  ]);
  const table = columns([['NODE', 'RUNS', 'IS TO RUN', 'STATE', ''], ...nodes.map(rowOf)]).map((line, index) =>
    index === 0 ? paint.dim(line.trimEnd()) : line.trimEnd(),
  );
  const lines = [showProgress(view, paint), ...rows.map((row) => `  ${row}`)];
  return nodes.length === 0 ? lines.join('\n') : [...lines, '', ...table.map((line) => `  ${line}`)].join('\n');
}

function rowOf({ id, version, wanted, isCanary, state, why }: NodeProgress): string[] {
  return [
    printable(id),
    version === 0 ? '-' : String(version),
    `${wanted}${isCanary ? ' (tries it out)' : ''}`,
    state,
    printable(why),
  ];
}

function showPolicy({ policy, policySet }: RolloutRecord): string {
  const by = policySet === undefined ? '' : `, by ${printable(policySet.by)}`;
  return `${policy === undefined ? 'everywhere at once' : showPlan(policy)}${by}`;
}

export function showPlan(plan: RolloutPlan): string {
  if (!isCanaryPlan(plan)) return 'everywhere at once';
  const who = plan.label === '' ? `${plan.sharePermille / 10} % of the nodes` : `nodes with ${printable(plan.label)}`;
  const unjudged = plan.unjudged.length === 0 ? '' : `, not judged by ${plan.unjudged.join(', ')}`;
  return `${who} first, for ${showDuration(plan.bakeMs)} and ${plan.exchangesMin} exchanges${unjudged}`;
}

export function showHistory(records: readonly RolloutRecord[], paint: Paint): string {
  const rows = records.map((record, index) => {
    const { target, stage, policy, policySet } = record;
    const before = records[index + 1];
    // The rollout is as it was, and somebody has said how the next ones are to be.
    const isPolicy = before !== undefined && policySet?.atWallMs !== before.policySet?.atWallMs;
    const { by, control, atWallMs } = isPolicy && policySet !== undefined ? policySet : record;
    return [
      new Date(atWallMs).toISOString(),
      String(target.version),
      String(target.revision),
      stage === 'rolledBack' ? 'rolled back' : stage,
      printable(by),
      printable(control),
      isPolicy
        ? `later ones: ${policy === undefined ? 'everywhere at once' : showPlan(policy)}`
        : printable(record.why),
    ];
  });
  const head = ['WHEN', 'VERSION', 'REVISION', 'STAGE', 'BY', 'CONTROL', 'WHY'];
  return `${columns([head, ...rows])
    .map((line, index) => (index === 0 ? paint.dim(line) : line))
    .join('\n')}\n`;
}
