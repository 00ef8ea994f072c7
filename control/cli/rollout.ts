/** `weir rollout`: how the latest revision comes to the nodes, and what to do about it. */

import { userInfo } from 'node:os';
import { isLabel } from '@weir/proto/events/labels.js';
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { criteria, type RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { askJson, baseOf } from './ask.js';
import { withAdmin } from './credential.js';
import { followRollout, isInForce } from './follow-rollout.js';
import { isObeyed, order } from './order.js';
import { showHistory, showPlan } from './show-rollout.js';
import { noAdmin } from './status.js';
import { type Paint, paintFor } from './terminal.js';

/** The largest config takes ten seconds to compile. */
const COMPILED_WITHIN_MS = 60_000;

interface RolloutOptions {
  readonly json: boolean;
  readonly admin: string;
  readonly canary?: number;
  readonly label?: string;
  readonly bake: number;
  readonly exchanges: number;
  readonly without: readonly (typeof criteria)[number][];
}

const HELP = `
status   follow the rollout until it is over
history  what was done, by whom, and why; the newest first
promote  end the canary: all nodes run it
pause    keep the canary as it is, however long; harm still ends it
resume   let its time go on
abort    all nodes go back to what they ran
retry    roll out once more what was taken back, as the plan is now
plan     how later revisions are rolled out: --canary or --label, else everywhere at once

A canary is tried out by some nodes, for --bake and until they have had --exchanges. It is taken back by itself when one of
them refuses it, ends, or is late, or when they fare worse than the rest, beyond what chance allows, in
  errors       answers with 5xx, or broken off
  timeouts     those of a timer of the gateway
  turned-away  4xx of the gateway itself: no such route, not allowed, beyond a limit
  latency      p99 until the head of an answer, when it is half as long again
--without leaves out what the change is meant to change.

Exit codes:
  0  done: all nodes have it; or the order was obeyed
  1  nothing answers at that address, or it can't be done now
  3  rolled back, not on all nodes, or the revision can't be compiled

Examples:
  weir rollout status
  weir rollout plan --canary 10 --bake 5m
  weir rollout plan --label zone=a --bake 1h --without turned-away
  weir rollout plan
  weir rollout history --json | jq '.rollouts[0].why'`;

const words = ['status', 'history', 'promote', 'pause', 'resume', 'abort', 'retry', 'plan'] as const;
type Word = (typeof words)[number];

export function registerRollout(program: Command): void {
  withAdmin(program.command('rollout'))
    .summary('follow, promote, pause, abort or retry the rollout of a revision')
    .description(
      'Shows how the latest revision of the config comes to the nodes of a cluster, and what to do about it.',
    )
    .addArgument(new Argument('<what>').choices(words))
    .option('--canary <percent>', 'with plan: share of the nodes that try it out', readPercent)
    .option('--label <name=value>', 'with plan: those that have this label try it out', readLabel)
    .addOption(
      new Option('--bake <duration>', 'with plan: so long, such as 30s, 5m or 1h')
        .argParser(readDuration)
        .default(5 * 60_000, '5m'),
    )
    .option('--exchanges <n>', 'with plan: so many exchanges they must have had', readCount, 50)
    .option('--without <criterion...>', `with plan: don't judge by ${criteria.join(', ')}`, readCriterion, [])
    .option('--json', 'print the answer of the admin API as it is', false)
    .addHelpText('after', HELP)
    .action(async (what: Word, options: RolloutOptions) => {
      process.exitCode = await rollout(what, options);
    });
}

async function rollout(what: Word, options: RolloutOptions): Promise<number> {
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  if (what === 'status') return follow(options, paint);
  if (what === 'history') return history(options, paint);
  const sent = what === 'plan' ? { by: whoAmI(), plan: planOf(options) } : { by: whoAmI() };
  const path = `/rollouts/${what === 'plan' ? 'policy' : what}`;
  const told = await order(path, sent, options, isObeyed, what === 'retry' ? COMPILED_WITHIN_MS : undefined);
  if (told === null) return 1;
  if (!options.json) process.stdout.write(`${obeyed(what, told.record)}\n`);
  return 0;
}

async function follow(options: RolloutOptions, paint: Paint): Promise<number> {
  const { admin, json } = options;
  const write = (text: string): void => void process.stdout.write(text);
  const followed = await followRollout({ admin, json, paint, write, revision: null });
  if (followed.kind !== 'over') {
    process.stderr.write(noAdmin(followed, baseOf(admin)));
    return 1;
  }
  return isInForce(followed.line) ? 0 : 3;
}

async function history({ admin, json }: RolloutOptions, paint: Paint): Promise<number> {
  const base = baseOf(admin);
  const asked = await askJson<{ readonly rollouts: readonly RolloutRecord[] }>('/rollouts', base, 'rollouts');
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return 1;
  }
  process.stdout.write(json ? `${asked.body}\n` : showHistory(asked.told.rollouts, paint));
  return 0;
}

function planOf({ canary, label = '', bake, exchanges, without }: RolloutOptions): RolloutPlan | null {
  if (canary === undefined && label === '') return null;
  const sharePermille = Math.round((canary ?? 100) * 10);
  return { sharePermille, label, bakeMs: bake, exchangesMin: exchanges, unjudged: [...without] };
}

function obeyed(what: Exclude<Word, 'status' | 'history'>, { target, policy }: RolloutRecord): string {
  if (what === 'plan') return `from now on: ${policy === undefined ? 'everywhere at once' : showPlan(policy)}`;
  const done = {
    promote: 'goes to all nodes',
    pause: 'is paused',
    resume: 'goes on',
    abort: 'is taken back',
    retry: 'is rolled out again',
  };
  return `version ${target.version} (revision ${target.revision}) ${done[what]}`;
}

function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

function readPercent(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (percent > 0 && percent < 100) return percent;
  throw new InvalidArgumentError('Write a number above 0 and below 100.');
}

function readLabel(text: string): string {
  if (isLabel(text)) return text;
  throw new InvalidArgumentError('Write NAME=VALUE, as nodes are called by (--label).');
}

function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a number.');
}

function readCriterion(text: string, before: readonly string[]): readonly string[] {
  if (criteria.some((criterion) => criterion === text)) return [...before, text];
  throw new InvalidArgumentError(`One of ${criteria.join(', ')}.`);
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function readDuration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (unitsMs[unit] ?? Number.NaN);
  if (ms <= 24 * 3_600_000) return ms;
  throw new InvalidArgumentError('Write a duration of up to 24h, such as 30s, 5m or 1h.');
}
