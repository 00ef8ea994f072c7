/** `weir status`: asks the admin API what runs, and shows it. */
import type { Command } from 'commander';
import type { ControlStatus } from '../api/control-status.js';
import { type Asked, askJson, baseOf } from './ask.js';
import { showStatus } from './show-status.js';
import { paintFor } from './terminal.js';

export const DEFAULT_ADMIN = 'http://127.0.0.1:9080';

interface StatusOptions {
  readonly json?: boolean;
  readonly admin: string;
}

export function registerStatus(program: Command): void {
  program
    .command('status')
    .summary('show what runs: config, snapshot, nodes, connections to each target')
    .description(
      'Shows what runs here: the config in force, its snapshot, the nodes, and the connections to each target.',
    )
    .option('--json', 'print the answer of the admin API as it is')
    .option('--admin <url>', 'where the admin API is (or: WEIR_ADMIN)', process.env['WEIR_ADMIN'] ?? DEFAULT_ADMIN)
    .addHelpText(
      'after',
      `
Exit codes:
  0  it runs, and the latest config is in force
  1  nothing answers at that address
  3  it runs, but the latest config was rejected, or no node is running

Examples:
  weir status
  weir status --json | jq .nodes[0].status.exchanges
  weir status --admin http://127.0.0.1:9081`,
    )
    .action(async (options: StatusOptions) => {
      process.exitCode = await status(options);
    });
}

async function status({ json = false, admin }: StatusOptions): Promise<number> {
  const base = baseOf(admin);
  const asked = await askJson('/status', base);
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return 1;
  }
  const { body } = asked;
  if (json) process.stdout.write(`${body}\n`);
  const told = JSON.parse(body) as ControlStatus; // The admin API of the same release answered, and writes this type.
  if (!json) process.stdout.write(showStatus(told, Date.now(), paintFor(process.stdout.isTTY === true, process.env)));
  return isHealthy(told) ? 0 : 3;
}

/** What to tell whoever asked the admin API and got no answer of its kind. */
export function noAdmin(asked: Exclude<Asked, { readonly kind: 'answer' }>, base: string): string {
  if (asked.kind === 'stranger')
    return `weir: ${base} answers ${asked.status}, which is not Weir's admin API. --admin names another address.\n`;
  return (
    `weir: nothing answers at ${base} (${asked.reason}).\n` +
    'Is it running? `weir up` starts it; --admin names another address.\n'
  );
}

function isHealthy(told: ControlStatus): boolean {
  return told.publish?.state === 'accepted' && told.nodes.some((node) => node.state === 'running');
}
