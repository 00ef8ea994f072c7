/** `weir services`: what teams publish, from the first draft to its end. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Option } from 'commander';
import { listAll, type ManageOptions, manage, manageText, tell } from './manage.js';
import { registerQuick } from './quick.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

interface ShownService {
  readonly id: string;
  readonly teamId: string;
  readonly name: string;
  readonly kind: string;
  readonly stage: string;
  readonly basePath: string;
  readonly lastRelease: number;
  readonly live: readonly { readonly release: number; readonly share: number; readonly name: string }[];
}

interface Checked {
  readonly ok: boolean;
  readonly conflict: string | null;
  readonly faults: readonly {
    readonly severity: string;
    readonly path: string;
    readonly message: string;
    readonly cure: string;
  }[];
  readonly yaml: string;
}

interface Published {
  readonly number: number;
  readonly warnings?: Checked['faults'];
}

const HELP = `
A service begins as a draft, which nobody can call. A draft is a design: upstreams and routes in the words of weir.yaml, with paths that are
relative to the base path of the service, models and prompts of its own (ai), or an OpenAPI document. Publishing makes a numbered release of
it, which never changes.

Exit codes:
  0  done
  1  nothing answers, you may not, or there is no such service
  3  the draft has faults

Examples:
  weir services quick shop http://127.0.0.1:9000     all of it in one step
  weir services import shop openapi.yaml --team web --visibility organisation
  weir services draft shop > design.yaml
  weir services draft shop --set design.yaml
  weir services add desk --team web --kind ai --design desk.yaml
  weir services publish shop --notes 'first'
  weir services live shop 3=90 4=10          a tenth of the callers get release 4
  weir services live shop 3                  back to release 3 for all
  weir services deprecate shop --sunset 2027-06-30 --link https://example.com/shop-v2
  weir services retire shop --successor https://example.com/shop-v2`;

export function registerServices(program: Command): void {
  const services = program
    .command('services')
    .summary('design, publish and end services')
    .description('Manages services: their drafts, releases and life.')
    .addHelpText('after', HELP);
  registerQuick(services);
  withBoth(services.command('list'))
    .description('Lists services of your teams; operators see all.')
    .option('--search <words>', 'words that it must have')
    .option('--team <id>', 'of that team')
    .addOption(new Option('--stage <stage>', 'of that stage').choices(['draft', 'published', 'deprecated', 'retired']))
    .action(async (options: ListOptions) => done(await list(options)));
  withBoth(one(services.command('show')))
    .description('Shows a service, and what of it is served.')
    .action(async (id: string, options: ManageOptions) => done(await show(id, options)));
  withBoth(one(services.command('add')))
    .description('Adds a service as a draft: empty, or with the design of a file.')
    .requiredOption('--team <id>', 'whose it is')
    .addOption(new Option('--kind <kind>', 'what it is made of').choices(['rest', 'ai', 'prompt']).default('rest'))
    .option('--design <file>', 'YAML or JSON: { upstreams, routes, ai, contract, validate, mock }')
    .option('--limits <limits>', 'of its plan, as YAML: [5/s, { tokens: 100000/day }, { cost: 5/day }]')
    .option('--name <name>', 'its name (default: the id)')
    .option('--base <path>', 'where it lies (default: / and the id)')
    .option('--open', 'no key is needed', false)
    .addOption(visibility())
    .action(async (id: string, options: AddOptions) => done(await add(id, options)));
  withBoth(one(services.command('import')).argument('<file>', 'OpenAPI document, JSON or YAML'))
    .description('Makes a draft out of an OpenAPI document; the service is added where there is none.')
    .option('--team <id>', 'whose a new one is')
    .option('--base <path>', 'where a new one lies (default: / and the id)')
    .option('--open', 'no key is needed for a new one', false)
    .addOption(visibility())
    .action(async (id: string, file: string, options: ImportOptions) => done(await importFile(id, file, options)));
  withBoth(one(services.command('change')))
    .description('Changes its name, its place, or who finds it; what is left out stays.')
    .option('--name <name>', 'its name')
    .option('--base <path>', 'where it lies, of a draft or a retired one')
    .addOption(visibility())
    .action(async (id: string, options: ChangeOptions) => done(await change(id, options)));
  withBoth(one(services.command('draft')))
    .description('Prints the draft as YAML, or puts that of a file in its place.')
    .option('--set <file>', 'YAML or JSON: { upstreams, routes, ai, contract, validate, mock }')
    .action(async (id: string, options: DraftOptions) => done(await draft(id, options)));
  withBoth(one(services.command('check')))
    .description('Says what is wrong with the draft, or prints the lines of weir.yaml that it stands for.')
    .action(async (id: string, options: ManageOptions) => check(id, options));
  registerReleases(services);
  registerLife(services);
}

function registerReleases(services: Command): void {
  withBoth(one(services.command('publish')))
    .description('Makes a release of the draft, and serves it.')
    .option('--notes <text>', 'what is new', '')
    .option('--share <percent>', 'of the callers that get it; the others stay where they are', readShare, 100)
    .option('--version <name>', 'name of the version, such as v2, where the service has versions', '')
    .addOption(thoughModelsAreLost())
    .action(async (id: string, options: PublishOptions) => done(await publish(id, options)));
  withBoth(one(services.command('releases')))
    .description('Lists releases, newest last.')
    .action(async (id: string, options: ManageOptions) => done(await releases(id, options)));
  withBoth(one(services.command('diff')).argument('<a>', 'a release').argument('<b>', 'another one'))
    .description('Says what differs between two releases, and what breaks whoever calls.')
    .action(async (id: string, a: string, b: string, options: ManageOptions) => done(await diff(id, a, b, options)));
  withBoth(one(services.command('live')).argument('<release...>', 'N, N=SHARE, or N=SHARE=VERSION'))
    .description('Says which releases are served, and to which share of the callers.')
    .addOption(thoughModelsAreLost())
    .action(async (id: string, live: string[], options: LiveOptions) => done(await setLive(id, live, options)));
  withBoth(one(services.command('contract')))
    .description('Prints the OpenAPI document of what is served, as YAML.')
    .action(async (id: string, options: ManageOptions) =>
      done(await print(`${pathOf(id)}/contract?format=yaml`, options)),
    );
  withBoth(one(services.command('yaml')))
    .description('Prints the lines of weir.yaml that what is served stands for.')
    .action(async (id: string, options: ManageOptions) => done(await print(`${pathOf(id)}/yaml`, options)));
}

function registerLife(services: Command): void {
  withBoth(one(services.command('deprecate')))
    .description('Says on each answer that the service is deprecated.')
    .option('--sunset <date>', 'when it ends: 2027-06-30')
    .option('--link <url>', 'where to read on', '')
    .action(async (id: string, options: DeprecateOptions) => done(await deprecate(id, options)));
  withBoth(one(services.command('undeprecate')))
    .description('Takes a deprecation back.')
    .action(async (id: string, options: ManageOptions) => done(await step(id, 'undeprecate', {}, options)));
  withBoth(one(services.command('retire')))
    .description('Serves it no longer: 410, with a link to its successor.')
    .option('--successor <url>', 'where callers go', '')
    .option('--force', 'before its sunset, with subscribers, or while other services of the team ask its models', false)
    .action(async (id: string, { successor, force, ...options }: RetireOptions) =>
      done(await step(id, 'retire', { successor, force }, options)),
    );
  withBoth(one(services.command('restore')))
    .description('Serves a retired service again.')
    .action(async (id: string, options: ManageOptions) => done(await step(id, 'restore', {}, options)));
  withBoth(one(services.command('delete')))
    .description('Deletes a service that was never published, or is retired.')
    .action(async (id: string, options: ManageOptions) => done(await remove(id, options)));
}

const visibility = (): Option =>
  new Option('--visibility <who>', 'who finds it in the catalogue, and may subscribe').choices([
    ...['team', 'organisation', 'public'],
  ]);

const thoughModelsAreLost = (): Option =>
  new Option('--force', 'though other services of the team ask models that would be served no longer').default(false);

const one = (command: Command): Command => command.argument('<id>', 'which service');

type ListOptions = ManageOptions & { readonly search?: string; readonly team?: string; readonly stage?: string };
type AddOptions = ManageOptions & {
  readonly team: string;
  readonly kind: string;
  readonly design?: string;
  readonly limits?: string;
  readonly name?: string;
  readonly base?: string;
  readonly open: boolean;
  readonly visibility?: string;
};
type ImportOptions = ManageOptions & {
  readonly team?: string;
  readonly base?: string;
  readonly open: boolean;
  readonly visibility?: string;
};
type ChangeOptions = ManageOptions & { readonly name?: string; readonly base?: string; readonly visibility?: string };
type DraftOptions = ManageOptions & { readonly set?: string };
type PublishOptions = ManageOptions & {
  readonly notes: string;
  readonly share: number;
  readonly version: string;
  readonly force: boolean;
};
type LiveOptions = ManageOptions & { readonly force: boolean };
type DeprecateOptions = ManageOptions & { readonly sunset?: string; readonly link: string };
type RetireOptions = ManageOptions & { readonly successor: string; readonly force: boolean };

const pathOf = (id: string): string => `/v1/services/${encodeURIComponent(id)}`;

function readShare(text: string): number {
  const share = Number(text.replace(/%$/, ''));
  if (!Number.isInteger(share) || share < 1 || share > 100) throw new Error('a share is a percentage from 1 to 100');
  return share;
}

async function list({ search, team, stage, ...options }: ListOptions): Promise<boolean> {
  const query = new URLSearchParams();
  for (const [name, value] of [['q', search] as const, ['teamId', team] as const, ['stage', stage] as const])
    if (value !== undefined) query.set(name, value);
  const path = `/v1/services${query.size === 0 ? '' : `?${query.toString()}`}`;
  const items = await listAll<ShownService>(path, options);
  if (items === null) return false;
  const rows = items.map((service) =>
    [service.id, service.teamId, service.stage, liveText(service), service.basePath, service.name].map(printable),
  );
  tell({ items }, options, columns([['ID', 'TEAM', 'STAGE', 'LIVE', 'PATH', 'NAME'], ...rows]).join('\n'));
  return true;
}

function liveText({ live }: ShownService): string {
  const each = live.map(
    ({ release, share, name }) => `${name === '' ? '' : `${name}:`}${release}${share === 100 ? '' : `=${share}%`}`,
  );
  return each.join(' ') || '-';
}

async function show(id: string, options: ManageOptions): Promise<boolean> {
  const service = await manage<ShownService>('GET', pathOf(id), options);
  if (service === null) return false;
  const rows = [
    ...[
      ['id', service.id],
      ['name', service.name],
      ['team', service.teamId],
      ['kind', service.kind],
    ],
    ...[
      ['stage', service.stage],
      ['path', service.basePath],
      ['live', liveText(service)],
      ['releases', String(service.lastRelease)],
    ],
  ].map((row) => row.map(printable));
  tell(service, options, columns(rows).join('\n'));
  return true;
}

async function add(
  id: string,
  { team, kind, design, limits = '[]', name = id, base = `/${id}`, open, visibility, ...options }: AddOptions,
): Promise<boolean> {
  // Both are read before anything is made.
  const bounds = await readYaml(limits, '--limits');
  const text = design === undefined ? '' : readFile(design);
  const drafted = text === null ? NOT_READ : text === '' ? null : await readYaml(text, design ?? '');
  if (bounds === NOT_READ || drafted === NOT_READ) return false;
  const sent = {
    ...{ id, teamId: team, kind, name, basePath: base, access: open ? 'open' : 'key' },
    ...(open ? {} : { plans: [{ id: 'default', name: 'Default', limits: bounds, approval: 'manual' }] }),
    ...(visibility === undefined ? {} : { visibility }),
  };
  const told = await manage<ShownService>('POST', '/v1/services', options, sent);
  if (told === null) return false;
  if (drafted !== null && (await manage<object>('PUT', `${pathOf(id)}/draft`, options, drafted as object)) === null)
    return false; // Whatever it is, it is looked at there.
  if (drafted !== null) {
    tell(told, options, `service ${printable(told.id)} is a draft; weir services check ${printable(told.id)}`);
    return true;
  }
  tell(
    told,
    options,
    `service ${printable(told.id)} is a draft; weir services draft ${printable(told.id)} --set design.yaml`,
  );
  return true;
}

async function change(id: string, { name, base, visibility, ...options }: ChangeOptions): Promise<boolean> {
  const patch = {
    ...(name === undefined ? {} : { name }),
    ...(base === undefined ? {} : { basePath: base }),
    ...(visibility === undefined ? {} : { visibility }),
  };
  const told = await manage<ShownService>('PATCH', pathOf(id), options, patch);
  if (told === null) return false;
  tell(told, options, `service ${printable(id)} is changed`);
  return true;
}

async function importFile(
  id: string,
  file: string,
  { team, base, open, visibility, ...options }: ImportOptions,
): Promise<boolean> {
  const text = readFile(file);
  if (text === null) return false;
  const query = new URLSearchParams({ id, access: open ? 'open' : 'key' });
  if (team !== undefined) query.set('teamId', team);
  if (base !== undefined) query.set('basePath', base);
  if (visibility !== undefined) query.set('visibility', visibility);
  const told = await manageText<{
    readonly summary: { readonly operations: readonly object[]; readonly upstream: string };
    readonly faults: readonly { readonly severity: string; readonly pointer: string; readonly message: string }[];
  }>('POST', `/v1/services/import?${query.toString()}`, options, text);
  if (told === null) return false;
  const { operations, upstream } = told.summary;
  const lines = [
    `service ${printable(id)} has a draft of ${operations.length} operations, ${upstream === '' ? 'answered by its examples' : `sent to ${printable(upstream)}`}`,
    ...told.faults.map(({ severity, pointer, message }) => `  ${severity}: ${printable(`${pointer} ${message}`)}`),
  ];
  tell(told, options, lines.join('\n'));
  return true;
}

async function draft(id: string, { set, ...options }: DraftOptions): Promise<boolean> {
  if (set === undefined) {
    const told = await manage<object>('GET', `${pathOf(id)}/draft`, options);
    if (told === null) return false;
    const { stringify } = await import('yaml');
    tell(told, options, stringify(told, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd());
    return true;
  }
  const text = readFile(set);
  if (text === null) return false;
  const design = await readYaml(text, set);
  if (design === NOT_READ) return false;
  const told = await manage<object>('PUT', `${pathOf(id)}/draft`, options, design as object); // Whatever it is, it is looked at there.
  if (told === null) return false;
  tell(told, options, `the draft of ${printable(id)} is kept; weir services check ${printable(id)}`);
  return true;
}

/** No value that YAML could have. */
const NOT_READ = Symbol('not read');

async function readYaml(text: string, where: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    process.stderr.write(
      `weir: ${printable(where)} is no YAML: ${printable(error instanceof Error ? error.message : '')}\n`,
    );
    return NOT_READ;
  }
}

const FAULTY = 3;

async function check(id: string, options: ManageOptions): Promise<void> {
  const told = await manage<Checked>('POST', `${pathOf(id)}/draft/check`, options, {});
  if (told === null) return done(false);
  const faults = told.faults.map(({ severity, path, message, cure }) => `${severity}: ${path} ${message}; ${cure}`);
  const lines = [...(told.conflict === null ? [] : [told.conflict]), ...faults].map(printable);
  tell(told, options, told.ok ? [...lines, told.yaml.trimEnd()].join('\n') : lines.join('\n'));
  process.exitCode = told.ok ? 0 : FAULTY;
}

async function publish(id: string, { notes, share, version, force, ...options }: PublishOptions): Promise<boolean> {
  const sent = { notes, share, name: version, force };
  const told = await manage<Published>('POST', `${pathOf(id)}/releases`, options, sent);
  if (told === null) return false;
  const whom = share === 100 ? '' : ` for ${share} % of the callers`;
  const warnings = (told.warnings ?? []).map(({ path, message }) => printable(`warning: ${path} ${message}`));
  tell(told, options, [`release ${told.number} of ${printable(id)} is published${whom}`, ...warnings].join('\n'));
  return true;
}

async function releases(id: string, options: ManageOptions): Promise<boolean> {
  const items = await listAll<{ readonly number: number; readonly createdWallMs: number; readonly notes: string }>(
    `${pathOf(id)}/releases`,
    options,
  );
  if (items === null) return false;
  const rows = items.map(({ number, createdWallMs, notes }) => [
    String(number),
    new Date(createdWallMs).toISOString(),
    printable(notes),
  ]);
  tell({ items }, options, columns([['RELEASE', 'PUBLISHED', 'NOTES'], ...rows]).join('\n'));
  return true;
}

interface Compared {
  readonly changes: readonly { readonly kind?: string; readonly text?: string }[];
  readonly breaking: readonly { readonly severity: string; readonly where?: string; readonly message?: string }[];
}

async function diff(id: string, a: string, b: string, options: ManageOptions): Promise<boolean> {
  const path = `${pathOf(id)}/releases/${encodeURIComponent(a)}/diff/${encodeURIComponent(b)}`;
  const told = await manage<Compared>('GET', path, options);
  if (told === null) return false;
  const changes = told.changes.map((change) =>
    printable(typeof change === 'string' ? change : Object.values(change).join(' ')),
  );
  const breaking = told.breaking.map((one) =>
    printable(
      Object.values(one)
        .filter((value) => typeof value === 'string')
        .join(': '),
    ),
  );
  tell(told, options, [...changes, ...(breaking.length === 0 ? [] : ['', 'Whoever calls:', ...breaking])].join('\n'));
  return true;
}

async function setLive(id: string, texts: readonly string[], { force, ...options }: LiveOptions): Promise<boolean> {
  const live = texts.map((text) => {
    const [release = '', share = '100', name = ''] = text.split('=');
    return { release: Number(release), share: Number(share.replace(/%$/, '')), name };
  });
  const told = await manage<ShownService>('PUT', `${pathOf(id)}/live`, options, { live, force });
  if (told === null) return false;
  tell(told, options, `${printable(id)} serves ${printable(liveText(told))}`);
  return true;
}

async function deprecate(id: string, { sunset, link, ...options }: DeprecateOptions): Promise<boolean> {
  const sunsetWallMs = sunset === undefined ? null : Date.parse(sunset);
  if (Number.isNaN(sunsetWallMs)) {
    process.stderr.write(`weir: ${printable(sunset ?? '')} is no date; write one such as 2027-06-30\n`);
    return false;
  }
  return step(id, 'deprecate', { sunsetWallMs, link }, options);
}

async function step(id: string, word: string, sent: object, options: ManageOptions): Promise<boolean> {
  const told = await manage<ShownService>('POST', `${pathOf(id)}/${word}`, options, sent);
  if (told === null) return false;
  tell(told, options, `${printable(id)} is ${told.stage}`);
  return true;
}

async function print(path: string, options: ManageOptions): Promise<boolean> {
  const told = await manageText<{ readonly text: string }>('GET', path, options);
  if (told === null) return false;
  tell(told, options, told.text.trimEnd());
  return true;
}

async function remove(id: string, options: ManageOptions): Promise<boolean> {
  if ((await manage('DELETE', pathOf(id), options)) === null) return false;
  tell({ deleted: id }, options, `service ${printable(id)} is deleted`);
  return true;
}

function readFile(file: string): string | null {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    process.stderr.write(
      `weir: ${printable(file)} can't be read: ${printable(error instanceof Error ? error.message : '')}\n`,
    );
    return null;
  }
}
