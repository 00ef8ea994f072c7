/** `weir services quick`: from a server, or a document, to something that can be called, by one command. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { Option } from 'commander';
import { readContractFile } from './contract-file.js';
import { type ManageOptions, manage, tell } from './manage.js';
import { columns, printable } from './terminal.js';
import { done, withBoth } from './users.js';

type QuickOptions = ManageOptions & {
  readonly server: string;
  readonly team: string;
  readonly name: string;
  readonly base: string;
  readonly app: string;
  readonly open: boolean;
  readonly visibility: string;
};

interface Made {
  readonly service: { readonly id: string; readonly teamId: string };
  readonly path: string;
  /** Null: this control knows of no gateway on its machine. */
  readonly url: string | null;
  readonly application: string | null;
  readonly subscription: string | null;
  readonly key: { readonly key: string } | null;
  readonly faults: readonly { readonly severity: string; readonly pointer: string; readonly message: string }[];
}

const HELP = `
It makes the service, publishes it as its first release, makes an application of the same team that is subscribed to it, and a key, which
is shown this once. An operator without any team gets one, named default. Everything can be changed afterwards.

Exit codes:
  0  it is published
  1  nothing answers, you may not, or it can't be served: what was said has to be mended, and the same command goes on

Examples:
  weir services quick shop http://127.0.0.1:9000
  weir services quick shop openapi.yaml
  weir services quick shop openapi.yaml --server http://127.0.0.1:9000 --app phone
  weir services quick shop http://127.0.0.1:9000 --open`;

export function registerQuick(services: Command): void {
  withBoth(
    services
      .command('quick')
      .argument('<id>', 'of the service: lower-case letters, digits and hyphens')
      .argument('<from>', 'URL of a server, or file of an OpenAPI document'),
  )
    .description('Makes and publishes a service in one step, with an application and its key.')
    .option('--server <url>', 'with a document: where requests go, in place of where it says', '')
    .option('--team <id>', 'whose it is (default: your only one)', '')
    .option('--name <name>', 'its name (default: the title of the document, or the id)', '')
    .option('--base <path>', 'where it lies (default: / and the id)', '')
    .option('--app <id>', 'who calls it (default: the id and -app)', '')
    .option('--open', 'no key is needed, and none is made', false)
    .addOption(
      new Option('--visibility <who>', 'who finds it in the catalogue, and may subscribe')
        .choices(['team', 'organisation', 'public'])
        .default('team'),
    )
    .addHelpText('after', HELP)
    .action(async (id: string, from: string, options: QuickOptions) => done(await quick(id, from, options)));
}

async function quick(id: string, from: string, options: QuickOptions): Promise<boolean> {
  const source = await sourceOf(from, options.server);
  if (source === null) return false;
  const told = await manage<Made>('POST', '/v1/services/quick', options, {
    ...{ id, ...source, teamId: options.team, name: options.name, basePath: options.base },
    ...{ applicationId: options.app, access: options.open ? 'open' : 'key', visibility: options.visibility },
  });
  if (told === null) return false;
  tell(told, options, shown(told));
  return true;
}

/** Null: it was told what is wrong with it. */
async function sourceOf(from: string, server: string): Promise<{ server: string; document?: string } | null> {
  const isFile = statSync(from, { throwIfNoEntry: false }) !== undefined;
  if (!isFile && /^https?:\/\//i.test(from)) return { server: from };
  const read = await readContractFile(from);
  if (read.ok) return { server, document: read.text };
  process.stderr.write(
    `weir: ${printable(from)}: ${read.fault.message}; write a URL such as http://127.0.0.1:9000, or a file\n`,
  );
  return null;
}

function shown({ service, path, url, application, subscription, key, faults }: Made): string {
  const id = printable(service.id);
  const place = printable(url ?? `http://GATEWAY${path}`);
  const field = key === null ? '' : `-H 'x-api-key: ${key.key}' `;
  const rows = [
    ['call it', `curl ${field}${place}`],
    ...(key === null ? [] : [['key', `${key.key} (shown once; of the application ${printable(application ?? '')})`]]),
    ...(subscription === 'pending' ? [['wait', 'an owner of the team has to approve it: weir subs list']] : []),
    ['look at it', `weir services show ${id}; weir services yaml ${id}`],
  ];
  return [
    `service ${id} of the team ${printable(service.teamId)} is published`,
    ...columns(rows).map((row) => `  ${row}`),
    ...faults.map(({ severity, pointer, message }) => `  ${severity}: ${printable(`${pointer} ${message}`)}`),
  ].join('\n');
}
