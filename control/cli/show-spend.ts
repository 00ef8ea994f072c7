/** What was spent, and what budgets have left, as text for people. Pure. */
import type { BudgetLeft } from '../insight/budgets-left.js';
import type { SpendAnswer, Spent } from '../insight/spend-report.js';
import { columns, type Paint, printable } from './terminal.js';

export function showSpend(spend: SpendAnswer, paint: Paint): string {
  const { from, to, items, total, budgets } = spend;
  const spent =
    items.length === 0
      ? [`No request to a model was heard of between ${time(from)} and ${time(to)} UTC.`]
      : [`What models took from ${time(from)} to ${time(to)} UTC:`, '', ...spendTable(spend, paint), ...notesOf(total)];
  return [...spent, ...(budgets.length === 0 ? [] : ['', ...budgetTable(budgets, paint)])].join('\n');
}

function spendTable({ by, items, total }: SpendAnswer, paint: Paint): string[] {
  const head = [by.toUpperCase(), 'COST', 'REQUESTS', 'IN', 'OUT', 'CACHED', 'SAVED'];
  const rows = items.map(({ name, ...spent }) => cellsOf(name === '' ? '-' : printable(name), spent));
  const [first = '', ...lines] = rightAligned([head, ...rows, cellsOf('total', total)]);
  const last = lines.pop() ?? '';
  // Of one alone the total says the same.
  return [paint.bold(first), ...lines, ...(items.length === 1 ? [] : [paint.bold(last)])];
}

function cellsOf(name: string, spent: Spent): string[] {
  const { requests, inputTokens, outputTokens, cachedTokens, savedTokens, costMicros } = spent;
  const counts = [requests, inputTokens, outputTokens, cachedTokens, savedTokens].map(count);
  return [name, `$${(costMicros / MICROS).toFixed(4)}`, ...counts];
}

function notesOf({ estimated, unpriced }: Spent): string[] {
  const times = (n: number): string => (n === 1 ? 'Once' : `${count(n)} times`);
  const notes = [
    ...(unpriced === 0
      ? []
      : [`${times(unpriced)} nobody knew the price, and that cost is missing: ai.prices can say it.`]),
    ...(estimated === 0 ? [] : [`${times(estimated)} the provider did not say what it took: that was counted here.`]),
  ];
  return notes.length === 0 ? [] : ['', ...notes];
}

function budgetTable(budgets: readonly BudgetLeft[], paint: Paint): string[] {
  const rows = budgets.map(({ route, name, unit, period, of, limit, left, untilMs, node }) => [
    printable(route === '' ? name : `${name} of ${route}`),
    of.length === 0 ? 'all' : of.map((one) => printable(one.trim()) || '-').join(', '),
    `${amount(unit, left)} of ${amount(unit, limit)}/${period}`,
    `${Math.floor((100 * left) / Math.max(1, limit))}%`,
    `${time(untilMs)}${node === '' ? '' : ` on ${printable(node)}`}`,
  ]);
  const [first = '', ...lines] = columns([['BUDGET', 'FOR', 'LEFT', '', 'UNTIL (UTC)'], ...rows]);
  return [paint.bold(first), ...lines];
}

const MICROS = 1_000_000;
const count = (n: number): string => new Intl.NumberFormat('en').format(n);
const time = (wallMs: number): string => new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ');

/** Of money two to four places: what one call costs is mostly less than a cent. */
function amount(unit: string, n: number): string {
  return unit === 'cost' ? `$${(n / MICROS).toFixed(4).replace(/0{1,2}$/, '')}` : `${count(n)} ${unit}`;
}

/** All but the first of a row: numbers are compared by their ends. */
function rightAligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
}
