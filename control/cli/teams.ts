/** `weir teams`: who works on which services, and who may do what there. */
import { Argument, type Command } from 'commander';
import { listAll, type ManageOptions, manage, tell, userOf } from './manage.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

interface ShownTeam {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly members: readonly { readonly userId: string; readonly login: string; readonly role: string }[];
}

const HELP = `
Roles: an owner has the members, the secrets and the word on who subscribes; a developer designs and publishes, and has applications and keys;
a viewer looks. Operators make teams, and are owners of all of them.

Exit codes:
  0  done
  1  nothing answers, you may not, or there is no such team or user

Examples:
  weir teams add shop --name 'Web shop' --owner ada
  weir teams set-member shop bob developer
  weir teams members shop
  weir teams remove-member shop bob`;

export function registerTeams(program: Command): void {
  const teams = program
    .command('teams')
    .summary('list and add teams, and say who is in them')
    .description('Manages teams and their members.')
    .addHelpText('after', HELP);
  withBoth(teams.command('list'))
    .description('Lists the teams that you are in; operators see all.')
    .action(async (options: ManageOptions) => done(await list(options)));
  withBoth(teams.command('add').argument('<id>', 'lower-case letters, digits and hyphens'))
    .description('Adds a team.')
    .option('--name <name>', 'its name (default: the id)')
    .option('--description <text>', 'what it is for', '')
    .option('--owner <login>', 'its first owner')
    .action(async (id: string, options: AddOptions) => done(await add(id, options)));
  withBoth(teams.command('delete').argument('<id>', 'which'))
    .description('Deletes a team without services and applications.')
    .action(async (id: string, options: ManageOptions) => done(await remove(id, options)));
  withBoth(teams.command('members').argument('<id>', 'which'))
    .description('Lists the members of a team.')
    .action(async (id: string, options: ManageOptions) => done(await members(id, options)));
  withBoth(
    teams
      .command('set-member')
      .argument('<id>', 'which team')
      .argument('<login>', 'whom')
      .addArgument(new Argument('<role>').choices(['owner', 'developer', 'viewer'])),
  )
    .description('Makes somebody a member, or gives a member another role.')
    .action(async (id: string, login: string, role: string, options: ManageOptions) =>
      done(await setMember(id, login, role, options)),
    );
  withBoth(teams.command('remove-member').argument('<id>', 'which team').argument('<login>', 'whom'))
    .description('Takes a member out of a team.')
    .action(async (id: string, login: string, options: ManageOptions) => done(await removeMember(id, login, options)));
}

type AddOptions = ManageOptions & { readonly name?: string; readonly description: string; readonly owner?: string };

const pathOf = (id: string): string => `/v1/teams/${encodeURIComponent(id)}`;

async function list(options: ManageOptions): Promise<boolean> {
  const teams = await listAll<ShownTeam>('/v1/teams', options);
  if (teams === null) return false;
  const owners = ({ members }: ShownTeam) => members.filter(({ role }) => role === 'owner').map(({ login }) => login);
  const rows = teams.map((team) =>
    [team.id, String(team.members.length), owners(team).join(', ') || '-', team.name].map(printable),
  );
  tell({ items: teams }, options, columns([['ID', 'MEMBERS', 'OWNERS', 'NAME'], ...rows]).join('\n'));
  return true;
}

async function add(id: string, options: AddOptions): Promise<boolean> {
  const { name = id, description, owner } = options;
  const ownerId = owner === undefined ? '' : await userOf(owner, options);
  if (ownerId === null) return false;
  const told = await manage<ShownTeam>('POST', '/v1/teams', options, { id, name, description, ownerId });
  if (told === null) return false;
  tell(told, options, `team ${printable(told.id)} is there`);
  return true;
}

async function remove(id: string, options: ManageOptions): Promise<boolean> {
  if ((await manage('DELETE', pathOf(id), options)) === null) return false;
  tell({ deleted: id }, options, `team ${printable(id)} is deleted`);
  return true;
}

async function members(id: string, options: ManageOptions): Promise<boolean> {
  const team = await manage<ShownTeam>('GET', pathOf(id), options);
  if (team === null) return false;
  const rows = team.members.map(({ login, role }) => [login, role].map(printable));
  tell(team, options, columns([['LOGIN', 'ROLE'], ...rows]).join('\n'));
  return true;
}

async function setMember(id: string, login: string, role: string, options: ManageOptions): Promise<boolean> {
  const userId = await userOf(login, options);
  const told =
    userId === null ? null : await manage<ShownTeam>('PUT', `${pathOf(id)}/members/${userId}`, options, { role });
  if (told === null) return false;
  tell(told, options, `${printable(login)} is ${role} in team ${printable(id)}`);
  return true;
}

async function removeMember(id: string, login: string, options: ManageOptions): Promise<boolean> {
  const userId = await userOf(login, options);
  if (userId === null) return false;
  if ((await manage('DELETE', `${pathOf(id)}/members/${userId}`, options)) === null) return false;
  tell({ removed: userId }, options, `${printable(login)} is no member of team ${printable(id)} any more`);
  return true;
}
