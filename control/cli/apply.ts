/** `weir apply -f FILE` and `weir rollback N`: a config becomes a revision, and is put in force. */
import { type Command, InvalidArgumentError } from 'commander';
import { withAdmin } from './credential.js';
import { type ChangeOptions, change, defaultAuthor, tellFaults } from './revision-asks.js';

const APPLY_HELP = `
Shows what would change, entity by entity, and asks. A config that says what is in force already changes nothing, so this can be
run as often as one likes. It is checked where weir runs, with the environment there, and nothing is changed when it has faults.
In a cluster it is followed until nodes run it, also where it is the latest revision already; one that was taken back is not tried
again by this, but by weir rollout retry. When somebody else was quicker, nothing is changed either, and it is said who: look at the difference, and apply again.

Secrets stay references (\${NAME}) in the history; a key or password that stands in the file itself is a fault.

Exit codes:
  0  in force, or nothing to do: in a cluster, on all nodes that are there
  1  nothing was changed: faults, a conflict, not confirmed, nothing answers, or weir follows a file
  3  it is a revision, but not in force: a node has refused it, or it was taken back; what ran before runs on

Examples:
  weir apply -f weir.yaml
  weir apply -f weir.yaml --yes --reason "ticket 123"
  generate-config | weir apply -f - --yes`;

const ROLLBACK_HELP = `
The config of that revision becomes a new one, the last: nothing is taken out of the history, and a rollback can be rolled back.

Exit codes and the rest are as for weir apply.

Examples:
  weir history
  weir diff 7
  weir rollback 7
  weir rollback 7 --yes --reason "reports fail"`;

export function registerApply(program: Command): void {
  const apply = program
    .command('apply')
    .summary('put a config in force as a new revision')
    .description('Compares a config with the one in force, and puts it in force as a new revision.')
    .requiredOption('-f, --file <file>', 'the config; - for standard input');
  withChangeOptions(apply)
    .addHelpText('after', APPLY_HELP)
    .action(async ({ file, ...options }: ChangeOptions & { readonly file: string }) => {
      process.exitCode = await applyFile(file, options);
    });
  const rollback = program
    .command('rollback')
    .summary('put the config of an earlier revision in force again')
    .description('Puts the config of an earlier revision in force again, as a new revision.')
    .argument('<revision>', 'its number', readRevision);
  withChangeOptions(rollback)
    .addHelpText('after', ROLLBACK_HELP)
    .action(async (restore: number, options: ChangeOptions) => {
      process.exitCode = await change({ restore }, `revision ${restore}`, options);
    });
}

function withChangeOptions(command: Command): Command {
  return withAdmin(command)
    .option('--reason <text>', 'why, for the history', '')
    .option('--author <name>', 'who (or: WEIR_AUTHOR; default: you on this machine)', defaultAuthor())
    .option('--yes', 'do not ask', false);
}

export async function applyFile(file: string, options: ChangeOptions): Promise<number> {
  const text = await textOf(file);
  return text === null ? 1 : change({ text }, file === '-' ? 'stdin' : file, options);
}

/** Null: it was told why it can't be read. */
export async function textOf(file: string): Promise<string | null> {
  // Loaded here: with the schema of the whole config every other command would start three times slower.
  const { readConfigFile, readConfigStream } = await import('../publish/load-config.js');
  const text = file === '-' ? await readConfigStream(process.stdin) : await readConfigFile(file);
  if (typeof text === 'string') return text;
  tellFaults([text], file);
  return null;
}

export function readRevision(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError('Write the number of a revision; weir history lists them.');
  return Number(text);
}
