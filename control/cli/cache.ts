/** `weir cache inspect`: what is stored for a URL and why, or why not, and what a request for it would get now. */
import { type Command, InvalidArgumentError } from 'commander';
import type { InspectOutcome } from '../api/cache-api.js';
import { withAdmin } from './credential.js';
import { order } from './order.js';
import { showInspection } from './show-cache.js';
import { paintFor } from './terminal.js';

interface InspectOptions {
  readonly header: Readonly<Record<string, string>>;
  readonly method: string;
  readonly consumer?: string;
  readonly vouchedBy?: string;
  readonly json: boolean;
  readonly admin: string;
}

const HELP = `
For each node it tells what a request for the URL would get at this moment, all variants that are stored with their ages,
who said how long they are fresh, their tags and purges, and why the latest answer that was not stored was not. Nobody is
asked for it, and nothing changes by it. Of stored answers, fields are told and no bodies.

--header names fields of the request by which a variant is chosen, or a cache key made. Where each consumer has a cache of
its own, --consumer says whose is meant; of one that is known by a token, --vouched-by
says who vouches for it: 'issuer ISSUER' where the route names its issuer, or else whoever holds the keys and the iss of the
token: 'jwks URL ISS', 'secret NAMES ISS'.

Exit codes:
  0  something is stored for this URL
  1  nothing answers at that address, or it is not clear which URL is meant
  3  nothing is stored for it, or a node did not tell

Examples:
  weir cache inspect https://shop.example/products/7
  weir cache inspect https://shop.example/ --header 'accept-language: de' --header 'accept-encoding: br'
  weir cache inspect https://shop.example/cart --consumer mobile --json | jq '.nodes[].inspection.foretold'`;

export function registerCache(program: Command): void {
  const cache = program
    .command('cache')
    .summary('look into the cache')
    .description('Looks into the caches of the nodes. To give up what is stored, see `weir purge`.');
  withAdmin(cache.command('inspect'))
    .summary('tell what is stored for a URL and why, or why not')
    .description('Tells what is stored for a URL and why, or why not, and what a request for it would get now.')
    .argument('<url>', 'URL as clients ask for it')
    .option('--header <field>', "a request field: 'name: value'; may be repeated", addHeader, {})
    .option('--method <method>', 'method of the request', 'GET')
    .option('--consumer <id>', 'consumer as whom it would be made')
    .option('--vouched-by <whom>', "who vouches for that consumer, where it is known by a token: 'issuer ISSUER'")
    .option('--json', 'print the answer of the admin API as it is', false)
    .addHelpText('after', HELP)
    .action(async (url: string, options: InspectOptions) => {
      process.exitCode = await inspect(url, options);
    });
}

function addHeader(field: string, before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const colon = field.indexOf(':');
  if (colon <= 0) throw new InvalidArgumentError("Write 'name: value'.");
  return { ...before, [field.slice(0, colon).trim().toLowerCase()]: field.slice(colon + 1).trim() };
}

/** A consumer as the keys of nodes have it: of an issuer's list, it is who it is only together with who vouches for it. */
function keyed({ consumer, vouchedBy }: InspectOptions): string | null {
  if (consumer === undefined) return null;
  return vouchedBy === undefined ? consumer : JSON.stringify([consumer, vouchedBy]);
}

async function inspect(url: string, options: InspectOptions): Promise<number> {
  const { header, method, json } = options;
  const sent = { url, method, headers: header, consumer: keyed(options) };
  const told = await order('/cache/inspect', sent, options, isOutcome);
  if (told === null) return 1;
  const { nodes, missing } = told;
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  if (!json) process.stdout.write(showInspection(url, told, Date.now(), paint));
  return missing.length === 0 && nodes.some(({ inspection }) => inspection.variants.length > 0) ? 0 : 3;
}

function isOutcome(told: object): told is InspectOutcome {
  return Array.isArray(Reflect.get(told, 'nodes')) && Array.isArray(Reflect.get(told, 'missing'));
}
