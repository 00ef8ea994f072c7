/** `weir tokens`: one's own tokens, by which programs ask the admin API. */
import { type Command, InvalidArgumentError } from 'commander';
import { listAll, type ManageOptions, manage, tell } from './manage.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

interface ShownToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresWallMs: number;
}

const HELP = `
A token is that of the user who made it, as far as its scopes reach: read (looks at all that they may see), write (does all that they
may do), or areas of the admin API with one of both, such as services:write. It is shown once. It ends with its time, when it is
revoked, and when its user changes the password or is disabled. Sign in first: weir login.

Exit codes:
  0  done
  1  nothing answers, you may not, or there is no such token

Examples:
  weir tokens add ci --scope services:write applications:read --days 30
  WEIR_TOKEN=weir_t_… weir status
  weir tokens revoke 7f3a9c`;

const DAY_MS = 86_400_000;

export function registerTokens(program: Command): void {
  const tokens = program
    .command('tokens')
    .summary('list, add and revoke tokens for programs')
    .description('Manages your own tokens, by which programs ask the admin API.')
    .addHelpText('after', HELP);
  withBoth(tokens.command('list'))
    .description('Lists your tokens.')
    .action(async (options: ManageOptions) => done(await list(options)));
  withBoth(tokens.command('add').argument('<name>', 'what it is for'))
    .description('Makes a token, which is shown once.')
    .option('--scope <scope...>', 'how far it reaches: read, write, or AREA:read, AREA:write', ['read'])
    .option('--days <n>', 'how long it counts, up to 366', readDays, 90)
    .action(async (name: string, options: AddOptions) => done(await add(name, options)));
  withBoth(tokens.command('revoke').argument('<id>', 'as weir tokens list shows it'))
    .description('Revokes a token at once.')
    .action(async (id: string, options: ManageOptions) => done(await revoke(id, options)));
}

type AddOptions = ManageOptions & { readonly scope: readonly string[]; readonly days: number };

async function list(options: ManageOptions): Promise<boolean> {
  const tokens = await listAll<ShownToken>('/v1/tokens', options);
  if (tokens === null) return false;
  const rows = tokens.map(({ id, scopes, expiresWallMs, name }) =>
    [id, scopes.join(' '), dayOf(expiresWallMs), name].map(printable),
  );
  tell({ items: tokens }, options, columns([['ID', 'SCOPES', 'UNTIL', 'NAME'], ...rows]).join('\n'));
  return true;
}

const dayOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 10);

async function add(name: string, options: AddOptions): Promise<boolean> {
  const sent = { name, scopes: options.scope, expiresWallMs: Date.now() + options.days * DAY_MS };
  const told = await manage<ShownToken & { readonly token: string | null }>('POST', '/v1/tokens', options, sent);
  if (told === null) return false;
  // Alone on stdout, for `TOKEN=$(weir tokens add …)`.
  if (!options.json) process.stderr.write(`weir: token ${told.id}, until ${dayOf(told.expiresWallMs)}, shown once:\n`);
  tell(told, options, told.token ?? '');
  return true;
}

async function revoke(id: string, options: ManageOptions): Promise<boolean> {
  if ((await manage('DELETE', `/v1/tokens/${encodeURIComponent(id)}`, options)) === null) return false;
  tell({ revoked: id }, options, `${printable(id)} is revoked`);
  return true;
}

function readDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 366) return days;
  throw new InvalidArgumentError('Write a number of days from 1 to 366.');
}
