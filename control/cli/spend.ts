/** `weir ai spend`: what requests to models took and cost, and what budgets have left. */
import { type Command, Option } from 'commander';
import { type SpendAnswer, spendKinds } from '../insight/spend-report.js';
import { type ManageOptions, manage, tell } from './manage.js';
import { showSpend } from './show-spend.js';
import { paintFor } from './terminal.js';
import { done, withBoth } from './users.js';

const HELP = `
Operators see all that was spent, members of a team what its own consumers and applications spend. A model is named as the config
names it, and as PROVIDER/* where callers name it themselves. "-" stands for whoever is not known: no team, no consumer.

Below three hours it counts whole minutes, else whole hours; 31 days are kept. It is what this control has heard of the nodes: one
that was away has gaps, and budgets are kept by the nodes themselves (docs/ai-budgets.md).

Exit codes:
  0  shown
  1  nothing answers, or you may not

Examples:
  weir ai spend
  weir ai spend --by model --since 31d
  weir ai spend --by consumer --team research
  weir ai spend --json | jq '.total.costMicros / 1000000'`;

type SpendOptions = ManageOptions &
  Readonly<Record<'by' | 'since' | 'max', string>> &
  Readonly<Partial<Record<(typeof spendKinds)[number], string>>>;

/** A command of `weir ai`. */
export function registerSpend(ai: Command): void {
  withBoth(ai.command('spend'))
    .summary('what models took and cost, and what budgets have left')
    .description('Shows what requests to models took and cost, and what budgets have left.')
    .addOption(new Option('--by <kind>', 'whom it tells apart').choices(spendKinds).default('team'))
    .option('--since <length>', 'of the last so many minutes, hours or days: 90m, 24h, 30d', '24h')
    .option('--team <name>', 'of that team')
    .option('--consumer <id>', 'of that consumer or application')
    .option('--model <name>', 'of that model')
    .option('--provider <id>', 'of that provider')
    .option('--route <id>', 'by that route')
    .option('--max <n>', 'at most so many lines', '100')
    .addHelpText('after', HELP)
    .action(async (options: SpendOptions) => done(await spend(options)));
}

async function spend(options: SpendOptions): Promise<boolean> {
  const query = new URLSearchParams();
  for (const name of ['by', 'since', 'max', ...spendKinds] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const told = await manage<SpendAnswer>('GET', `/v1/insight/spend?${query}`, options);
  if (told === null) return false;
  tell(told, options, showSpend(told, paintFor(process.stdout.isTTY, process.env)));
  return true;
}
