/** `weir users`: who may sign in. */
import type { Command } from 'commander';
import { withAdmin } from './credential.js';
import { listAll, type ManageOptions, manage, tell, userOf } from './manage.js';
import { columns, printable } from './terminal.js';

interface ShownUser {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly isOperator: boolean;
  readonly isDisabled: boolean;
  readonly mustChangePassword: boolean;
  readonly hasPassword: boolean;
  readonly oidc: object | null;
}

type WithPassword = ShownUser & { readonly password: string | null };

const HELP = `
Whoever is added gets a password, which is shown once and has to be changed at the first sign-in. Operators may do everything, in all teams;
what others may do is said by their teams (weir teams).

Exit codes:
  0  done
  1  nothing answers, you may not, or there is no such user

Examples:
  weir users list
  weir users add ada --name 'Ada Lovelace'
  weir users add ci --no-password
  weir users password ada
  weir users disable ada`;

export function registerUsers(program: Command): void {
  const users = program
    .command('users')
    .summary('list, add, disable users, and give them passwords')
    .description('Manages the users of this weir: who may sign in, and who is an operator.')
    .addHelpText('after', HELP);
  withBoth(users.command('list'))
    .description('Lists all users.')
    .action(async (options: ManageOptions) => done(await list(options)));
  withBoth(users.command('add').argument('<login>', 'what they sign in with'))
    .description('Adds a user; the password is shown once.')
    .option('--name <name>', 'their name (default: the login)')
    .option('--operator', 'may do everything, in all teams', false)
    .option('--no-password', 'signs in by OIDC, or gets a password later')
    .action(async (login: string, options: AddOptions) => done(await add(login, options)));
  for (const [what, isDisabled] of [
    ['disable', true],
    ['enable', false],
  ] as const)
    withBoth(users.command(what).argument('<login>', 'whom'))
      .description(isDisabled ? 'Disables a user, whose sessions and tokens end at once.' : 'Lets a user in again.')
      .action(async (login: string, options: ManageOptions) => done(await change(login, { isDisabled }, options)));
  withBoth(users.command('password').argument('<login>', 'whom'))
    .description('Gives a user a new password, which is shown once; their sessions and tokens end.')
    .action(async (login: string, options: ManageOptions) => done(await password(login, options)));
  withBoth(users.command('delete').argument('<login>', 'whom'))
    .description('Deletes a user, with tokens and memberships.')
    .action(async (login: string, options: ManageOptions) => done(await remove(login, options)));
}

type AddOptions = ManageOptions & { readonly name?: string; readonly operator: boolean; readonly password: boolean };

export function withBoth(command: Command): Command {
  return withAdmin(command).option('--json', 'print the answer of the admin API as it is', false);
}

export function done(isDone: boolean): void {
  process.exitCode = isDone ? 0 : 1;
}

async function list(options: ManageOptions): Promise<boolean> {
  const users = await listAll<ShownUser>('/v1/users', options);
  if (users === null) return false;
  const rows = users.map((user) => [user.login, rights(user), signsIn(user), user.name].map(printable));
  const table = columns([['LOGIN', 'RIGHTS', 'SIGNS IN BY', 'NAME'], ...rows]).join('\n');
  tell({ items: users }, options, table);
  return true;
}

const rights = ({ isOperator, isDisabled }: ShownUser): string =>
  isDisabled ? 'disabled' : isOperator ? 'operator' : 'by team';

function signsIn({ hasPassword, mustChangePassword, oidc }: ShownUser): string {
  const ways = [
    ...(hasPassword ? [mustChangePassword ? 'password, to be changed' : 'password'] : []),
    ...(oidc === null ? [] : ['OIDC']),
  ];
  return ways.length === 0 ? '-' : ways.join(' or ');
}

async function add(login: string, options: AddOptions): Promise<boolean> {
  const { name = login, operator, password: withPassword } = options;
  const sent = { login, name, isOperator: operator, withPassword };
  const told = await manage<WithPassword>('POST', '/v1/users', options, sent);
  if (told === null) return false;
  tell(told, options, `${printable(told.login)} may sign in${passwordOf(told)}`);
  return true;
}

const passwordOf = ({ password }: WithPassword): string =>
  password === null ? '' : `; password, shown once and to be changed: ${password}`;

async function change(login: string, patch: object, options: ManageOptions): Promise<boolean> {
  const id = await userOf(login, options);
  const told = id === null ? null : await manage<ShownUser>('PATCH', `/v1/users/${id}`, options, patch);
  if (told === null) return false;
  tell(told, options, `${printable(told.login)} ${told.isDisabled ? 'is disabled' : 'may sign in'}`);
  return true;
}

async function password(login: string, options: ManageOptions): Promise<boolean> {
  const id = await userOf(login, options);
  const told = id === null ? null : await manage<WithPassword>('POST', `/v1/users/${id}/password`, options);
  if (told === null) return false;
  tell(told, options, `${printable(told.login)} has a new one${passwordOf(told)}`);
  return true;
}

async function remove(login: string, options: ManageOptions): Promise<boolean> {
  const id = await userOf(login, options);
  if (id === null || (await manage('DELETE', `/v1/users/${id}`, options)) === null) return false;
  tell({ deleted: id }, options, `${printable(login)} is deleted`);
  return true;
}
