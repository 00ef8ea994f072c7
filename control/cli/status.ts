/** `weir status`: asks the admin API what runs, and shows it. */

import type { MemberRow } from '@weir/proto/events/cluster-status.js';
import type { Command } from 'commander';
import type { ControlStatus, FleetStatus, SupervisedNode } from '../api/control-status.js';
import { type Asked, askJson, baseOf, type Posted } from './ask.js';
import { whyRefused, withAdmin } from './credential.js';
import { showStatus } from './show-status.js';
import { paintFor } from './terminal.js';

interface StatusOptions {
  readonly json?: boolean;
  readonly admin: string;
}

export function registerStatus(program: Command): void {
  withAdmin(program.command('status'))
    .summary('show what runs: config, snapshot, nodes, connections to each target')
    .description(
      'Shows what runs here: the config in force, its snapshot, the nodes, and the connections to each target.',
    )
    .option('--json', 'print the answer of the admin API as it is')
    .addHelpText(
      'after',
      `
Exit codes:
  0  it runs, and the latest config is in force
  1  nothing answers at that address
  3  it runs, but the latest config was rejected, or no node serves (none runs, or it is hung, or can't serve its config);
     of a cluster also: it was rolled back, or is not on all nodes

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
  const asked = await askJson<ControlStatus>('/status', base, 'nodes');
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return 1;
  }
  const { body, told } = asked;
  if (json) process.stdout.write(`${body}\n`);
  if (!json) process.stdout.write(showStatus(told, Date.now(), paintFor(process.stdout.isTTY === true, process.env)));
  return isHealthy(told) ? 0 : 3;
}

/** What to tell whoever asked the admin API and got no answer of its kind. */
export function noAdmin(asked: Exclude<Asked<unknown> | Posted, { readonly kind: 'answer' }>, base: string): string {
  if (asked.kind === 'unknown') return whyRefused(401, '', base);
  if (asked.kind === 'stranger' && (asked.status === 401 || asked.status === 403))
    return whyRefused(asked.status, 'you may not do this', base);
  if (asked.kind === 'stranger')
    return `weir: ${base} answers ${asked.status}, which is not Weir's admin API. --admin names another address.\n`;
  return (
    `weir: nothing answers at ${base} (${asked.reason}).\n` +
    'Is it running? `weir up` starts it; --admin names another address.\n'
  );
}

export function isHealthy({ publish, nodes, fleet, cluster }: ControlStatus): boolean {
  if (fleet !== undefined) return isFleetHealthy(fleet, cluster?.members ?? []);
  return publish?.state === 'accepted' && nodes.some(serves);
}

/** The latest revision is in force, or on its way, and a node is there. */
function isFleetHealthy({ rollout, compilation }: FleetStatus, members: readonly MemberRow[]): boolean {
  if (compilation?.state === 'rejected' || rollout === null) return false;
  const { stage, missing } = rollout.record;
  if (stage === 'rolledBack' || missing.length > 0) return false;
  return members.some(({ role, standing }) => role === 'node' && standing === 'alive');
}

/** A process that runs may still wait for its snapshot, be hung, or have been refused its port. */
function serves({ state, status, trouble }: SupervisedNode): boolean {
  return state === 'running' && status?.state === 'serving' && trouble === null;
}
