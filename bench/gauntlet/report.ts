/** The gauntlet's results for people: a verdict on each claim, then a table for each scenario. Markdown; pure. */
import { markdownTable } from '../table.js';
import type { Verdict } from './acceptance.js';
import type { Result } from './results.js';
import { scenarios } from './scenarios.js';

const headings = [
  'proxy',
  'good',
  'of answerable',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'max ms',
  'errors',
  'in ms (p99)',
  'timeouts',
  'broken',
  'upstream per request',
] as const;

const percent = (share: number): string => `${(share * 100).toFixed(share > 0.99 && share < 1 ? 2 : 1)} %`;

/** Three digits; a dash where there was nothing to measure. */
export function milliseconds(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** `503 × 12, 502 × 1`, the most frequent first. */
function errorsOf({ errors }: Result): string {
  const entries = Object.entries(errors).toSorted(([, left], [, right]) => right - left);
  return entries.map(([status, count]) => `${status} × ${count}`).join(', ') || '0';
}

function cellsOf(result: Result): string[] {
  const { later } = result.endings;
  return [
    result.peer,
    percent(result.goodShare) + (later > 0 ? ` (${later} later)` : ''),
    percent(result.answerableShare),
    milliseconds(result.p50Ms),
    milliseconds(result.p99Ms),
    milliseconds(result.p999Ms),
    milliseconds(result.maxMs),
    errorsOf(result),
    milliseconds(result.errorP99Ms),
    String(result.endings.timeout),
    String(result.endings.broken),
    result.amplification.toFixed(3) + (result.repeatedPosts > 0 ? ` (${result.repeatedPosts} POSTs REPEATED)` : ''),
  ];
}

const said = ({ isMet }: Verdict): string => (isMet === null ? 'open' : isMet ? 'met' : 'NOT met');

export function verdictLines(verdicts: readonly Verdict[]): string[] {
  return verdicts.map((verdict) => `${said(verdict).padEnd(7)}  ${verdict.claim}: ${verdict.evidence}`);
}

/** Scenarios in the order of the table, those that did not run left out. */
export function sectionsOf(results: readonly Result[]): string {
  return scenarios
    .flatMap(({ id, title, what }) => {
      const rows = results.filter(({ scenario }) => scenario === id).map(cellsOf);
      return rows.length === 0 ? [] : [`### ${title} (\`${id}\`)\n\n${what}\n\n${markdownTable(headings, rows, 1)}`];
    })
    .join('\n\n');
}

export function bodyOfReport(results: readonly Result[], verdicts: readonly Verdict[], chart: string): string {
  const rows = verdicts.map((verdict) => [said(verdict), verdict.claim, verdict.evidence]);
  return [
    `![Good answers, latency and upstream requests per scenario and proxy](${chart})`,
    '## What Weir has to show',
    markdownTable(['', 'claim', 'measured'], rows, 3),
    '## Scenarios',
    sectionsOf(results),
  ].join('\n\n');
}
