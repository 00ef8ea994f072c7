/** `weir history`, `weir diff` and `weir export`: what was in force, and what differs. They change nothing. */
import type { Command } from 'commander';
import type { DiffAnswer, HistoryAnswer, PreviewAnswer } from '../api/revisions-api.js';
import type { Revision } from '../log/revision.js';
import { readRevision, textOf } from './apply.js';
import { withAdmin } from './credential.js';
import { lookAt, preview, tellFaults } from './revision-asks.js';
import { showComparison, showHistory } from './show-revisions.js';
import { paintFor } from './terminal.js';

interface LookOptions {
  readonly json: boolean;
  readonly admin: string;
}

const DIFF_HELP = `
Without -f: from one revision to another, or to the one in force. With -f: from what is in force to the file.
Comments, order and layout are no difference of an entity.

Exit codes:
  0  nothing differs
  1  nothing answers, there is no such revision, or the file has faults
  3  something differs

Examples:
  weir diff 7            from revision 7 to what is in force
  weir diff 7 9          from revision 7 to revision 9
  weir diff -f weir.yaml what weir apply would change`;

export function registerHistory(program: Command): void {
  withLook(program.command('history'))
    .summary('list the revisions of the config: who, when, why')
    .description('Lists the revisions of the config, the newest first: who made them, when and why.')
    .option('--max <n>', 'how many', readRevision, 20)
    .addHelpText('after', '\nExamples:\n  weir history\n  weir history --json | jq .revisions[0].author')
    .action(async (options: LookOptions & { readonly max: number }) => {
      process.exitCode = await history(options.max, options);
    });
  withLook(program.command('diff'))
    .summary('show what differs between two revisions, or to a file')
    .description('Shows what differs between two revisions, or between what is in force and a file, entity by entity.')
    .argument('[from]', 'number of a revision', readRevision)
    .argument('[to]', 'number of a revision (default: the one in force)', readRevision)
    .option('-f, --file <file>', 'a config to compare with what is in force; - for standard input')
    .addHelpText('after', DIFF_HELP)
    .action(async (from: number | undefined, to: number | undefined, options: LookOptions & { file?: string }) => {
      process.exitCode = await diff(from, to, options);
    });
  withAdmin(program.command('export'))
    .summary('print the config in force, or of a revision, as weir.yaml')
    .description('Prints the config in force, or that of a revision, as it was applied.')
    .argument('[revision]', 'its number (default: the one in force)', readRevision)
    .addHelpText('after', '\nExamples:\n  weir export > weir.yaml\n  weir export 7 | weir apply -f - --yes')
    .action(async (number: number | undefined, { admin }: Pick<LookOptions, 'admin'>) => {
      const revision = await lookAt<Revision>(`/revisions/${number ?? 'current'}`, admin, 'text');
      if (revision === null) process.exitCode = 1;
      else process.stdout.write(revision.text);
    });
}

function withLook(command: Command): Command {
  return withAdmin(command).option('--json', 'print the answer of the admin API as it is', false);
}

async function history(max: number, { json, admin }: LookOptions): Promise<number> {
  const told = await lookAt<HistoryAnswer>(`/revisions?max=${max}`, admin, 'revisions');
  if (told === null) return 1;
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : showHistory(told, Date.now(), paint));
  return 0;
}

async function diff(
  from: number | undefined,
  to: number | undefined,
  options: LookOptions & { file?: string },
): Promise<number> {
  const { json, admin, file } = options;
  if ((file === undefined) === (from === undefined)) {
    process.stderr.write('weir: name a revision, or a file with -f\n');
    return 1;
  }
  const told = file === undefined ? await between(from ?? 0, to, admin) : await toFile(file, admin);
  if (told === null) return 1;
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : showComparison(told, paint));
  return told.isSame ? 0 : 3;
}

function between(from: number, to: number | undefined, admin: string): Promise<DiffAnswer | null> {
  return lookAt<DiffAnswer>(`/revisions/${from}/diff/${to ?? 'current'}`, admin, 'changes');
}

async function toFile(file: string, admin: string): Promise<PreviewAnswer | null> {
  const text = await textOf(file);
  const seen = text === null ? null : await preview({ text }, admin);
  if (seen === null) return null;
  tellFaults(seen.faults, file);
  return seen.ok ? seen : null;
}
