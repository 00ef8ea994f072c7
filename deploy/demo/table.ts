/**
 * Draws what the demo has seen, for a terminal of 80 columns: pure functions from numbers to lines.
 *
 * The table is honest before it is flattering: an answer that says 504 is an error and not a success, however fast and
 * well named it is, and a request through Weir that the client gave up on is counted even where nobody knows why.
 */
import { type Side, sides } from './messages.js';
import { type Behaviour, TURN_MS, turnEndMs } from './schedule.js';
import { latencyPercentile, type RowKey, type RowState, rowKeys, type TallyState, totalOf } from './tally.js';

export interface View {
  readonly elapsedMs: number;
  readonly requestsPerSecond: number;
  readonly deadlineMs: number;
  /** What each upstream does now, in their order; null once the demo is over. */
  readonly now: readonly Behaviour[] | null;
  readonly tally: TallyState;
  readonly colour: boolean;
}

export const COLUMNS = 80;
const NAME_WIDTH = 10;

const titles: Record<Side, string> = { without: 'without Weir', with: 'with Weir' };

/** SGR codes (ECMA-48 §8.3.117). */
const paint =
  (code: number, colour: boolean) =>
  (text: string): string =>
    colour ? `\x1b[${code}m${text}\x1b[0m` : text;
const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;

/** At most five characters. */
export function shortCount(count: number): string {
  if (count < 100_000) return String(count);
  return count < 10_000_000 ? `${Math.floor(count / 1000)}k` : `${Math.floor(count / 1_000_000)}M`;
}

/** At most four characters. */
export function shortDuration(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return '–';
  if (milliseconds < 99.5) return `${Math.round(milliseconds)}ms`;
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

const clockTime = (elapsedMs: number): string => {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

export function drawTable(view: View): string[] {
  const bold = paint(BOLD, view.colour);
  const dim = paint(DIM, view.colour);
  const { rows } = view.tally;
  const shown = rowKeys.filter(
    (key) => key !== 'unknown' || rows.without.unknown.requests + rows.with.unknown.requests > 0,
  );
  return [
    `${bold('Weir demo')}  ${clockTime(view.elapsedMs)}  ${view.requestsPerSecond} requests a second on each side, client deadline ${shortDuration(view.deadlineMs)}`,
    ...nowLine(view, dim),
    '',
    headline(view),
    '',
    `${' '.repeat(NAME_WIDTH)}${centred(titles.without)} |${centred(titles.with).trimEnd()}`,
    dim(`${'upstream'.padEnd(NAME_WIDTH)}${headings()} |${headings()}`),
    ...shown.map((key) => rowLine(key, rows.without[key], rows.with[key], view.colour)),
    dim(`${'-'.repeat(NAME_WIDTH + SIDE_WIDTH)}-+${'-'.repeat(SIDE_WIDTH)}`),
    rowLine('all', totalOf(rows.without), totalOf(rows.with), view.colour),
    '',
    dim('t/out: the client waited for its whole deadline and gave up. error: a failure'),
    dim('was answered, or the connection broke. Latencies count from the due time.'),
    '',
    'errors, by the name that the client could read:',
    ...sides.flatMap((side) => errorLines(titles[side], view.tally.errors[side])),
  ];
}

/** The number that the demo is about. */
function headline(view: View): string {
  const gaveUp = (side: Side): number => totalOf(view.tally.rows[side]).timeouts;
  const without = paint(RED, view.colour)(String(gaveUp('without')));
  const withWeir = paint(GREEN, view.colour)(String(gaveUp('with')));
  return `${paint(BOLD, view.colour)('client timeouts')}  without Weir: ${without}, with Weir: ${withWeir}`;
}

function nowLine(view: View, dim: (text: string) => string): string[] {
  if (view.now === null) return [];
  const troubled = view.now.flatMap((one, index) => (one === 'steady' ? [] : [`orders/${index + 1} is ${one}`]));
  const leftS = Math.ceil(Math.min(TURN_MS, turnEndMs(view.elapsedMs) - view.elapsedMs) / 1000);
  return [dim(`now: ${troubled.join(', ')}, the others are steady (for ${leftS} s)`)];
}

/** Headings and widths; together as wide as a side. */
const columns = [
  ['reqs', 6],
  ['good', 6],
  ['t/out', 6],
  ['error', 6],
  ['p50', 5],
  ['p99', 5],
] as const;

const SIDE_WIDTH = columns.reduce((sum, [, width]) => sum + width, 0);

const centred = (title: string): string => {
  const left = Math.floor((SIDE_WIDTH - title.length) / 2);
  return `${' '.repeat(left)}${title}`.padEnd(SIDE_WIDTH);
};

const headings = (): string => columns.map(([heading, width]) => heading.padStart(width)).join('');

function rowLine(name: RowKey | 'all', without: RowState, withWeir: RowState, colour: boolean): string {
  return `${name.padEnd(NAME_WIDTH)}${cells(without, colour)} |${cells(withWeir, colour)}`;
}

function cells(row: RowState, colour: boolean): string {
  const texts = [
    shortCount(row.requests),
    shortCount(row.good),
    shortCount(row.timeouts),
    shortCount(row.errors),
    shortDuration(latencyPercentile(row, 0.5)),
    shortDuration(latencyPercentile(row, 0.99)),
  ];
  return columns
    .map(([heading, width], index) => {
      const text = (texts[index] ?? '').padStart(width);
      if (heading === 't/out' && row.timeouts > 0) return paint(RED, colour)(text);
      if (heading === 'error' && row.errors > 0) return paint(YELLOW, colour)(text);
      return text;
    })
    .join('');
}

/** The names with their counts, most frequent first, folded at the width of the terminal. */
function errorLines(title: string, errors: Readonly<Record<string, number>>): string[] {
  const named = Object.entries(errors)
    .toSorted(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1))
    .map(([name, count]) => `${name}: ${count}`);
  const indent = ' '.repeat(16);
  const lines = [`  ${`${title}:`.padEnd(14)}`];
  for (const [index, text] of (named.length === 0 ? ['none'] : named).entries()) {
    const current = lines.at(-1) ?? '';
    const piece = index === named.length - 1 || named.length === 0 ? text : `${text}, `;
    if (current.length + piece.trimEnd().length > COLUMNS && current.trim() !== '') lines.push(`${indent}${piece}`);
    else lines[lines.length - 1] = `${current}${piece}`;
  }
  return lines.map((line) => line.trimEnd());
}

/** One line for output that cannot be redrawn. */
export function drawLine(view: View): string {
  const part = (side: Side): string => {
    const total = totalOf(view.tally.rows[side]);
    return `${titles[side]}: ${total.requests} requests, ${total.timeouts} timeouts, ${total.errors} errors`;
  };
  return `${clockTime(view.elapsedMs)}  ${part('without')}\n      ${part('with')}`;
}
