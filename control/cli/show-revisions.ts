/** Revisions, and what differs between them, as text for people. Pure. */
import type { AppendAnswer, HistoryAnswer } from '../api/revisions-api.js';
import type { RevisionHead } from '../log/revision.js';
import type { Comparison, EntityChange } from '../publish/compare-configs.js';
import { columns, type Paint, printable, showDuration } from './terminal.js';

/** Bytes of a config that a person reads; of a longer difference the rest is counted. */
const LINES_MAX = 2_000;

export function showComparison({ changes, isSame }: Comparison, paint: Paint): string {
  if (isSame) return 'nothing differs\n';
  if (changes.length === 0) return 'no entity differs; comments, order or layout do\n';
  const lines = changes.flatMap((change) => showChange(change, paint));
  const cut = lines.length - LINES_MAX;
  const shown =
    cut > 0 ? [...lines.slice(0, LINES_MAX), paint.dim(`… and ${cut} more lines; --json has them all`)] : lines;
  return `${[...shown, '', summarise(changes)].join('\n')}\n`;
}

const marks = { added: '+', changed: '~', removed: '-' } as const;

function showChange({ kind, name, change, lines }: EntityChange, paint: Paint): string[] {
  const title = kind === 'gateway' ? 'gateway' : `${kind} ${printable(name)}`;
  return [paint.bold(`${marks[change]} ${title}`), ...lines.map((line) => `    ${showLine(printable(line), paint)}`)];
}

function showLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.green(line);
  return line.startsWith('-') ? paint.red(line) : paint.dim(line);
}

/** `1 route added, 2 upstreams changed`. */
export function summarise(changes: readonly EntityChange[]): string {
  const counts = new Map<string, number>();
  for (const { kind, change } of changes) counts.set(`${kind} ${change}`, (counts.get(`${kind} ${change}`) ?? 0) + 1);
  return [...counts]
    .map(([what, count]) => {
      const [kind, change] = what.split(' ');
      return kind === 'gateway' ? `gateway ${change}` : `${count} ${kind}${count === 1 ? '' : 's'} ${change}`;
    })
    .join(', ');
}

export function showHistory({ revisions, current, trouble }: HistoryAnswer, nowWallMs: number, paint: Paint): string {
  const head = ['REVISION', 'WHEN', 'AUTHOR', 'REASON'];
  const rows = revisions.map((revision) => [
    `${revision.number}${revision.number === current ? ' *' : ''}`,
    `${showDuration(Math.max(0, nowWallMs - revision.atWallMs))} ago`,
    printable(revision.author),
    printable(aboutOf(revision)),
  ]);
  const lines = columns([head, ...rows]).map((line, index) => (index === 0 ? paint.dim(line) : line.trimEnd()));
  const told = trouble === '' ? [] : ['', paint.yellow(printable(trouble))];
  return `${[...lines, ...(current === null ? [] : ['', '* in force']), ...told].join('\n')}\n`;
}

function aboutOf({ reason, restores, recovers }: RevisionHead): string {
  const notes = [
    ...(restores === 0 ? [] : [`brings back ${restores}`]),
    ...(recovers === 0 ? [] : [`not in force: was revision ${recovers} until the log was lost`]),
  ];
  if (notes.length === 0) return reason;
  return reason === '' ? notes.join('; ') : `${reason} (${notes.join('; ')})`;
}

/** The last words about a change that was sent. */
export function showAppended({ revision, isNew, outcome }: AppendAnswer, paint: Paint): string {
  const { number } = revision;
  if (!isNew && outcome === null) return `nothing to do: revision ${number} says the same\n`;
  if (outcome === null)
    return `${paint.green(`revision ${number}`)} is in the log; weir status shows where it is in force\n`;
  const restart = outcome.restartNeeded.map((setting) => `${paint.yellow('restart needed')} for ${printable(setting)}`);
  switch (outcome.state) {
    case 'accepted':
      return `${[`${paint.green(`revision ${number}`)} is in force`, ...restart].join('\n')}\n`;
    case 'refused':
      return (
        `${paint.red(`revision ${number} is not in force`)}: the node refused it: ${printable(outcome.reason)}\n` +
        'What ran before runs on. Apply a mended config, or go back: weir rollback N\n'
      );
    case 'rejected':
      return `${paint.red(`revision ${number} is not in force`)}: it has faults; weir status tells them\n`;
  }
}
