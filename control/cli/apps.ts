/** `weir apps`, `weir keys`, `weir subs`: who calls services, with what, and whether they may. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { publicKeyCharsMax } from '../model/bounds.js';
import { listAll, type ManageOptions, manage, tell } from './manage.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

interface App {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly isDisabled: boolean;
}

interface Key {
  readonly id: string;
  readonly name: string;
  readonly lastFour: string;
  readonly expiresWallMs: number | null;
  /** Of a new one, once. */
  readonly key?: string;
  readonly publicKey?: { readonly kid: string };
}

interface Sub {
  readonly id: string;
  readonly serviceId: string;
  readonly applicationId: string;
  readonly planId: string;
  readonly state: string;
  readonly reason: string;
}

const HELP = `
Exit codes:
  0  done
  1  nothing answers, you may not, or there is no such thing

Examples:
  weir apps add phone --team mobile
  weir keys add phone --name production
  weir keys rotate phone KEY --overlap 86400
  weir keys add phone --name signer --public-key phone.pub.pem
  weir subs add shop phone --plan gold --reason 'the phone app'
  weir subs approve ID --opinion 'welcome'`;

const appPath = (id: string): string => `/v1/applications/${encodeURIComponent(id)}`;
const keyPath = (app: string, key: string): string => `${appPath(app)}/keys/${encodeURIComponent(key)}`;
const subPath = (id: string): string => `/v1/subscriptions/${encodeURIComponent(id)}`;

export function registerApps(program: Command): void {
  const apps = program
    .command('apps')
    .summary('list and add applications that call services')
    .description('Manages applications, which call services with keys of their own.')
    .addHelpText('after', HELP);
  withBoth(apps.command('list'))
    .description('Lists applications of your teams; operators see all.')
    .option('--team <id>', 'of that team')
    .action(async (options: ManageOptions & { readonly team?: string }) => done(await listApps(options)));
  withBoth(apps.command('add').argument('<id>', 'lower-case letters, digits and hyphens'))
    .description('Adds an application.')
    .requiredOption('--team <id>', 'whose it is')
    .option('--name <name>', 'its name (default: the id)')
    .action(async (id: string, options: ManageOptions & { readonly team: string; readonly name?: string }) =>
      done(await addApp(id, options)),
    );
  for (const [word, isDisabled] of [['disable', true] as const, ['enable', false] as const])
    withBoth(apps.command(word).argument('<id>', 'which'))
      .description(
        isDisabled ? 'Disables an application: its keys are worth nothing within a second.' : 'Lets it call again.',
      )
      .action(async (id: string, options: ManageOptions) => done(await changeApp(id, { isDisabled }, options)));
  withBoth(apps.command('delete').argument('<id>', 'which'))
    .description('Deletes an application with its keys and subscriptions.')
    .action(async (id: string, options: ManageOptions) =>
      done(await removed(appPath(id), `application ${id}`, options)),
    );
}

/** Beside the keys that controls sign with. */
export function registerAppKeys(keys: Command): void {
  const app = (command: Command): Command => command.argument('<app>', 'of which application');
  withBoth(app(keys.command('list')))
    .description('Lists the keys of an application.')
    .action(async (id: string, options: ManageOptions) => done(await listKeys(id, options)));
  withBoth(app(keys.command('add')))
    .description('Gives an application a key, which is shown once; or a public key, for tokens that it signs itself.')
    .option('--name <name>', 'what it is for', 'key')
    .option('--expires <date>', 'until when it is good: 2027-06-30')
    .option('--public-key <file>', 'a public key in PEM or as a JWK, in place of a key that is drawn')
    .action(async (id: string, options: AddKeyOptions) => done(await addKey(id, options)));
  withBoth(app(keys.command('rotate')).argument('<key>', 'id of the key'))
    .description('Gives a new key in the place of one, which stays good for a while.')
    .option('--overlap <duration>', 'how long both are good, in seconds', '3600')
    .action(async (id: string, key: string, options: ManageOptions & { readonly overlap: string }) =>
      done(await rotateKey(id, key, options)),
    );
  withBoth(app(keys.command('revoke')).argument('<key>', 'id of the key'))
    .description('Ends a key: no node takes it a second later.')
    .action(async (id: string, key: string, options: ManageOptions) =>
      done(await removed(keyPath(id, key), `key ${key}`, options)),
    );
}

export function registerSubs(program: Command): void {
  const subs = program
    .command('subs')
    .summary('subscribe to services, and approve who does')
    .description('Manages subscriptions of applications to services.')
    .addHelpText('after', HELP);
  withBoth(subs.command('list'))
    .description('Lists subscriptions that you see.')
    .option('--service <id>', 'to that service')
    .option('--app <id>', 'of that application')
    .addOption(new Option('--state <state>').choices(['pending', 'approved', 'rejected', 'suspended']))
    .action(async (options: SubsOptions) => done(await listSubs(options)));
  withBoth(subs.command('add').argument('<service>', 'to which').argument('<app>', 'which application'))
    .description('Asks for a subscription; where the plan says so it is in force at once.')
    .requiredOption('--plan <id>', 'by which plan')
    .option('--reason <text>', 'what for', '')
    .action(
      async (
        service: string,
        app: string,
        options: ManageOptions & { readonly plan: string; readonly reason: string },
      ) => done(await addSub(service, app, options)),
    );
  for (const word of ['approve', 'reject', 'suspend', 'resume'] as const)
    withBoth(subs.command(word).argument('<id>', 'which'))
      .description(`${word[0]?.toUpperCase()}${word.slice(1)}s a subscription.`)
      .option('--opinion <text>', 'what to tell them', '')
      .action(async (id: string, options: ManageOptions & { readonly opinion: string }) =>
        done(await judge(id, word, options)),
      );
  withBoth(subs.command('delete').argument('<id>', 'which'))
    .description('Ends a subscription.')
    .action(async (id: string, options: ManageOptions) =>
      done(await removed(subPath(id), `subscription ${id}`, options)),
    );
}

type AddKeyOptions = ManageOptions & {
  readonly name: string;
  readonly expires?: string;
  readonly publicKey?: string;
};
type SubsOptions = ManageOptions & { readonly service?: string; readonly app?: string; readonly state?: string };

async function listApps({ team, ...options }: ManageOptions & { readonly team?: string }): Promise<boolean> {
  const items = await listAll<App>(
    `/v1/applications${team === undefined ? '' : `?teamId=${encodeURIComponent(team)}`}`,
    options,
  );
  if (items === null) return false;
  const rows = items.map(({ id, teamId, isDisabled, name }) =>
    [id, teamId, isDisabled ? 'disabled' : 'calls', name].map(printable),
  );
  tell({ items }, options, columns([['ID', 'TEAM', 'STATE', 'NAME'], ...rows]).join('\n'));
  return true;
}

async function addApp(
  id: string,
  { team, name = id, ...options }: ManageOptions & { readonly team: string; readonly name?: string },
) {
  const told = await manage<App>('POST', '/v1/applications', options, { id, teamId: team, name });
  if (told === null) return false;
  tell(told, options, `application ${printable(told.id)} is there; weir keys add ${printable(told.id)}`);
  return true;
}

async function changeApp(id: string, patch: object, options: ManageOptions): Promise<boolean> {
  const told = await manage<App>('PATCH', appPath(id), options, patch);
  if (told === null) return false;
  tell(told, options, `application ${printable(id)} ${told.isDisabled ? 'is disabled' : 'may call'}`);
  return true;
}

async function removed(path: string, what: string, options: ManageOptions): Promise<boolean> {
  if ((await manage('DELETE', path, options)) === null) return false;
  tell({ deleted: what }, options, `${printable(what)} is no more`);
  return true;
}

async function listKeys(app: string, options: ManageOptions): Promise<boolean> {
  const told = await manage<{ readonly items: readonly Key[] }>('GET', `${appPath(app)}/keys`, options);
  if (told === null) return false;
  const rows = told.items.map(({ id, lastFour, expiresWallMs, name, publicKey }) => {
    const ends = expiresWallMs === null ? 'never' : new Date(expiresWallMs).toISOString();
    return [id, publicKey === undefined ? `…${lastFour}` : `kid ${publicKey.kid}`, ends, name].map(printable);
  });
  tell(told, options, columns([['ID', 'KEY', 'EXPIRES', 'NAME'], ...rows]).join('\n'));
  return true;
}

async function addKey(app: string, { name, expires, publicKey, ...options }: AddKeyOptions) {
  const expiresWallMs = expires === undefined ? null : Date.parse(expires);
  if (Number.isNaN(expiresWallMs)) {
    process.stderr.write(`weir: ${printable(expires ?? '')} is no date; write one such as 2027-06-30\n`);
    return false;
  }
  const signing = publicKey === undefined ? {} : { publicKey: await readPublicKeyFile(publicKey) };
  if (signing.publicKey === null) return false;
  return shown(
    await manage<Key>('POST', `${appPath(app)}/keys`, options, { name, expiresWallMs, ...signing }),
    options,
  );
}

async function rotateKey(
  app: string,
  key: string,
  { overlap, ...options }: ManageOptions & { readonly overlap: string },
) {
  const overlapMs = Number(overlap) * 1_000;
  return shown(await manage<Key>('POST', `${keyPath(app, key)}/rotate`, options, { overlapMs }), options);
}

function shown(told: Key | null, options: ManageOptions): boolean {
  if (told === null) return false;
  const { id, key = '', publicKey } = told;
  const text =
    publicKey === undefined
      ? `${key}\nIt is shown this once; its id is ${printable(id)}.`
      : `Its tokens have the kid ${printable(publicKey.kid)}, and the id of the application as iss; the id of the key is ${printable(id)}.`;
  tell(told, options, text);
  return true;
}

/** Null: it was said why not. */
async function readPublicKeyFile(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).slice(0, publicKeyCharsMax + 1);
  } catch (error) {
    process.stderr.write(`weir: ${printable(file)} can't be read: ${error instanceof Error ? error.message : error}\n`);
    return null;
  }
}

async function listSubs({ service, app, state, ...options }: SubsOptions): Promise<boolean> {
  const query = new URLSearchParams();
  for (const [name, value] of [
    ['serviceId', service] as const,
    ['applicationId', app] as const,
    ['state', state] as const,
  ])
    if (value !== undefined) query.set(name, value);
  const items = await listAll<Sub>(`/v1/subscriptions${query.size === 0 ? '' : `?${query.toString()}`}`, options);
  if (items === null) return false;
  const rows = items.map(({ id, serviceId, applicationId, planId, state: now, reason }) =>
    [id, serviceId, applicationId, planId, now, reason].map(printable),
  );
  tell({ items }, options, columns([['ID', 'SERVICE', 'APPLICATION', 'PLAN', 'STATE', 'REASON'], ...rows]).join('\n'));
  return true;
}

async function addSub(
  serviceId: string,
  applicationId: string,
  { plan, reason, ...options }: ManageOptions & { readonly plan: string; readonly reason: string },
): Promise<boolean> {
  const told = await manage<Sub>('POST', '/v1/subscriptions', options, {
    serviceId,
    applicationId,
    planId: plan,
    reason,
  });
  if (told === null) return false;
  tell(told, options, `subscription ${printable(told.id)} is ${told.state}`);
  return true;
}

async function judge(id: string, word: string, { opinion, ...options }: ManageOptions & { readonly opinion: string }) {
  const told = await manage<Sub>('POST', `${subPath(id)}/${word}`, options, { opinion });
  if (told === null) return false;
  tell(told, options, `subscription ${printable(id)} is ${told.state}`);
  return true;
}
