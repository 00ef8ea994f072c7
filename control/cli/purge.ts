/** `weir purge`: has all nodes give up what is stored for a URL, a tag, a prefix, a host, or altogether. */
import type { Command } from 'commander';
import type { PurgeOutcome, PurgeSteps } from '../api/cache-api.js';
import { withAdmin } from './credential.js';
import { order } from './order.js';
import { columns, type Paint, paintFor, printable } from './terminal.js';

interface PurgeOptions {
  readonly url?: string[];
  readonly tag?: string[];
  readonly prefix?: string[];
  readonly host?: string[];
  readonly all?: boolean;
  readonly soft: boolean;
  readonly json: boolean;
  readonly admin: string;
  readonly data: string;
}

const HELP = `
When this ends with 0, no node that it names serves any more what was meant, nor what was on its way to the cache when it was
purged. A purge of a tag with a hundred thousand members takes as long as one of a URL: it is written down, and look-ups
compare.

In a cluster the purge is an entry of the purge log, and all nodes that follow it acknowledge. One that does not is waited for as
long as it may serve what it has stored without hearing of the log, some ten seconds; from then on it asks upstreams first. It is
named as lapsed, and no later purge waits for it. What nodes share in Redis is purged before the log has the entry.

Nodes of another weir up that share the cache in Redis are not asked. They find nothing of it in Redis any more, and hear of
the purge there: some 250 ms later they serve nothing of it from their own memory either, or, when they don't reach Redis,
as soon as they do. They don't acknowledge it, and 0 does not promise it.

--url     this URL, for each rule of the config by which parameters are left out of keys; all of its variants
--tag     all answers whose Surrogate-Key or Cache-Tag names it
--prefix  all URLs of this host whose path begins so: .../orders also means /orders-old
--host    all URLs of this host: on all ports, or on the one that is named
--soft    keep it as stale: it is asked for anew, and still stands in for an upstream that fails or is slow

Exit codes:
  0  purged: all nodes of the log have obeyed or can serve nothing of it, and Redis was told where there is one
  1  nothing answers at that address, or it is not clear what to purge
  3  not all nodes have obeyed; what they have stored may still be served

Examples:
  weir purge --url https://shop.example/products/7
  weir purge --tag product-7 category-shoes --soft
  weir purge --prefix https://shop.example/products/
  weir purge --host shop.example
  weir purge --all --json | jq '.obeyed[].ms'`;

/** Longer than control waits for a node that is silent, and for Redis and the log before. */
const ANSWER_WITHIN_MS = 25_000;

export function registerPurge(program: Command): void {
  withAdmin(program.command('purge'))
    .summary('give up what is cached: a URL, a tag, a prefix, a host, or all of it')
    .description('Purges the caches of all nodes, and tells when each of them has obeyed.')
    .option('--url <url...>', 'URLs')
    .option('--tag <tag...>', 'tags: members of Surrogate-Key or Cache-Tag')
    .option('--prefix <url...>', 'URLs with which those begin that are meant')
    .option('--host <host...>', 'hosts, with a port where one alone is meant')
    .option('--all', 'everything')
    .option('--soft', 'make it stale instead of giving it up', false)
    .option('--json', 'print the answer of the admin API as it is', false)
    .addHelpText('after', HELP)
    .action(async (options: PurgeOptions) => {
      process.exitCode = await purge(options);
    });
}

async function purge({ json, admin, data: _, ...meant }: PurgeOptions): Promise<number> {
  const told = await order('/cache/purge', meant, { json, admin }, isOutcome, ANSWER_WITHIN_MS);
  if (told === null) return 1;
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  if (!json) process.stdout.write(showPurge(told, meant.soft, paint));
  return told.missing.length === 0 ? 0 : 3;
}

function isOutcome(told: object): told is PurgeOutcome {
  return Array.isArray(Reflect.get(told, 'obeyed')) && Array.isArray(Reflect.get(told, 'missing'));
}

export function showPurge(
  { obeyed, missing, lapsed = [], steps, later }: PurgeOutcome,
  isSoft: boolean,
  paint: Paint,
): string {
  const rows = [
    ...obeyed.map(({ node, ms }) => [node, `${ms} ms`, 'obeyed']),
    ...lapsed.map(({ node, ms }) => [node, `${ms} ms`, 'silent: its lease has run out, so it serves nothing of it']),
    ...missing.map(({ node, reason }) => [node, '-', `not: it ${reason}`]),
  ].map((row) => row.map(printable));
  const nodes = obeyed.length + missing.length;
  const head =
    missing.length === 0
      ? `${paint.green(isSoft ? 'stale' : 'purged')}: ${whoObeyed(obeyed.length, lapsed.length)}`
      : `${paint.red('not purged everywhere')}: ${missing.length} of ${nodes} ${nodes === 1 ? 'node' : 'nodes'} did not obey`;
  const note = [...(steps === undefined ? [] : [showSteps(steps)]), ...(later === undefined ? [] : [printable(later)])];
  return `${[head, ...columns(rows).map((line) => `  ${line}`), ...note].join('\n')}\n`;
}

function showSteps({ redisMs, logMs, confirmedMs }: PurgeSteps): string {
  const confirmed = confirmedMs === null ? 'never confirmed' : `confirmed after ${confirmedMs} ms`;
  const redis = redisMs === null ? '' : `Redis told after ${redisMs} ms, `;
  return `${redis}in the log after ${logMs} ms, ${confirmed}`;
}

function whoObeyed(obeyed: number, lapsed: number): string {
  if (obeyed + lapsed === 0) return 'no node has anything stored';
  if (lapsed > 0) return `${obeyed} of ${obeyed + lapsed} nodes have obeyed, and the others can serve nothing of it`;
  return obeyed === 1 ? 'the node has obeyed' : `all ${obeyed} nodes have obeyed`;
}
