/** `weir status`: asks the admin API what runs, and shows it. */
import type { Command } from 'commander';
import type { ControlStatus } from '../api/control-status.js';
import { showStatus } from './show-status.js';
import { paintFor } from './terminal.js';

const DEFAULT_ADMIN = 'http://127.0.0.1:9080';
const ANSWER_WITHIN_MS = 5_000;

interface StatusOptions {
  readonly json: boolean;
  readonly admin: string;
}

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show what runs: config, snapshot, nodes, connections to each target')
    .option('--json', 'print the answer of the admin API as it is', false)
    .option('--admin <url>', 'where the admin API is', process.env['WEIR_ADMIN'] ?? DEFAULT_ADMIN)
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

async function status({ json, admin }: StatusOptions): Promise<number> {
  const base = /^https?:\/\//.test(admin) ? admin : `http://${admin}`;
  let answer: Response;
  try {
    answer = await fetch(new URL('/status', base), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  } catch (error) {
    process.stderr.write(`weir: nothing answers at ${base} (${reasonOf(error)}).\n`);
    process.stderr.write('Is it running? `weir up` starts it; --admin names another address.\n');
    return 1;
  }
  if (!answer.ok || !(answer.headers.get('content-type') ?? '').startsWith('application/json')) {
    process.stderr.write(
      `weir: ${base} answers ${answer.status}, which is not Weir's admin API. --admin names another address.\n`,
    );
    return 1;
  }
  const body = await answer.text();
  if (json) process.stdout.write(`${body}\n`);
  const told = JSON.parse(body) as ControlStatus; // The admin API of the same release answered, and writes this type.
  if (!json) process.stdout.write(showStatus(told, Date.now(), paintFor(process.stdout.isTTY === true, process.env)));
  return isHealthy(told) ? 0 : 3;
}

function isHealthy(told: ControlStatus): boolean {
  return told.publish?.state === 'accepted' && told.nodes.some((node) => node.state === 'running');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
