/** `weir registry export|diff|apply`: all that people manage as one document, out and in. */
import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { type ManageOptions, manageText, tell } from './manage.js';
import { confirmed } from './revision-asks.js';
import { printable } from './terminal.js';
import { done, withBoth } from './users.js';

const HELP = `
The document names users by their logins and keys by their applications. What it names is made or changed when it is applied, what it does not
name stays; applied again it does nothing. Hashes of passwords and keys and sealed secrets stand in it with --hashes alone, for a move to
another Weir, which then needs the key for secrets of this one (--secret-key): keep such a document as you keep that key.

For operators. weir export is another thing: the config of a revision.

Exit codes:
  0  done; for diff: nothing would change
  1  nothing was changed: faults, not confirmed, nothing answers, or you may not
  3  diff: something would change

Examples:
  weir registry export > registry.yaml
  weir registry diff -f registry.yaml
  weir registry apply -f registry.yaml --yes --reason "moved"
  weir registry export --hashes --format json | weir registry apply -f - --yes --admin https://other.example.com`;

interface FileOptions extends ManageOptions {
  readonly file: string;
}

interface Difference {
  readonly does: 'create' | 'change';
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly string[];
}

interface Preview {
  readonly count: number;
  readonly differences: readonly Difference[];
  readonly faults: readonly { readonly path: string; readonly message: string; readonly cure: string }[];
  readonly notes: readonly string[];
}

/** A large one is compared and appended in many parts. */
const WITHIN_MS = 120_000;

export function registerRegistry(program: Command): void {
  const registry = program
    .command('registry')
    .summary('all that people manage as one document: export, diff, apply')
    .description('Takes users, teams, services, applications and subscriptions out as one document, and puts them in.')
    .addHelpText('after', HELP);
  withBoth(registry.command('export'))
    .description('Prints the registry as a document.')
    .addOption(new Option('--format <format>', 'yaml or json').choices(['yaml', 'json']).default('yaml'))
    .option('--hashes', 'with hashes of passwords and keys, and sealed secrets', false)
    .action(async (options: ManageOptions & { format: 'yaml' | 'json'; hashes: boolean }) =>
      done(await exportAll(options)),
    );
  withBoth(registry.command('diff'))
    .description('Shows what applying a document would make and change.')
    .requiredOption('-f, --file <file>', 'the document; - for standard input')
    .action(async (options: FileOptions) => {
      process.exitCode = await diff(options);
    });
  withBoth(registry.command('apply'))
    .description('Shows what a document would make and change, and does it.')
    .requiredOption('-f, --file <file>', 'the document; - for standard input')
    .option('--reason <text>', 'why, for the audit', '')
    .option('--yes', 'do not ask', false)
    .action(async (options: FileOptions & { reason: string; yes: boolean }) => done(await apply(options)));
}

async function exportAll(options: ManageOptions & { format: 'yaml' | 'json'; hashes: boolean }): Promise<boolean> {
  const { format, hashes, json } = options;
  const path = `/v1/registry?format=${json ? 'json' : format}&hashes=${hashes ? 'yes' : 'no'}`;
  const told = await manageText<object>('GET', path, options, undefined, WITHIN_MS);
  if (told === null) return false;
  process.stdout.write('text' in told ? String(told.text) : `${JSON.stringify(told, null, 2)}\n`);
  return true;
}

const CHANGES = 3;

async function diff(options: FileOptions): Promise<number> {
  const text = await textOf(options.file);
  const preview = text === null ? null : await previewOf(text, options);
  if (preview === null) return 1;
  tell(preview, options, shown(preview));
  if (preview.faults.length > 0) return 1;
  return preview.count === 0 ? 0 : CHANGES;
}

async function apply(options: FileOptions & { reason: string; yes: boolean }): Promise<boolean> {
  const text = await textOf(options.file);
  const preview = text === null ? null : await previewOf(text, options);
  if (text === null || preview === null) return false;
  if (!options.json) process.stdout.write(`${shown(preview)}\n`);
  if (preview.faults.length > 0) {
    if (options.json) process.stdout.write(`${JSON.stringify(preview)}\n`);
    return false;
  }
  if (preview.count === 0) {
    if (options.json) process.stdout.write(`${JSON.stringify({ entries: 0, notes: preview.notes })}\n`);
    return true;
  }
  if (!options.yes && !(await confirmed('Put this in?'))) return false;
  const path = `/v1/registry?reason=${encodeURIComponent(options.reason)}`;
  const told = await manageText<{ readonly entries: number }>('POST', path, options, text, WITHIN_MS);
  if (told === null) return false;
  tell(told, options, `done, in ${told.entries} ${told.entries === 1 ? 'entry' : 'entries'} of the audit`);
  return true;
}

/** No more of it than a document may have. Null: it was told why it can't be read. */
async function textOf(file: string): Promise<string | null> {
  const { documentCharsMax } = await import('../registry/document.js');
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of file === '-' ? process.stdin : createReadStream(file)) {
      pieces.push(Buffer.from(piece));
      length += piece.length;
      if (length > 2 * documentCharsMax) return refused(file, 'it is larger than a document may be');
    }
  } catch (error) {
    return refused(file, error instanceof Error ? error.message : String(error));
  }
  return Buffer.concat(pieces).toString('utf8');
}

function refused(file: string, reason: string): null {
  process.stderr.write(`weir: ${printable(file)} can't be read: ${printable(reason)}\n`);
  return null;
}

const previewOf = (text: string, options: ManageOptions): Promise<Preview | null> =>
  manageText<Preview>('POST', '/v1/registry/preview', options, text, WITHIN_MS);

function shown({ count, differences, faults, notes }: Preview): string {
  const lines = [
    ...faults.map(({ path, message, cure }) => `! ${path === '' ? '' : `${path}: `}${message}; ${cure}`),
    ...differences.map(({ does, kind, name, fields }) =>
      does === 'create' ? `+ ${kind} ${name}` : `~ ${kind} ${name}: ${fields.join(', ')}`,
    ),
    ...(count > differences.length ? [`  and ${count - differences.length} more`] : []),
    ...notes.map((note) => `  ${note}`),
  ];
  return lines.length === 0 ? 'nothing would change' : lines.map(printable).join('\n');
}
