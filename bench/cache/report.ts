/** What Weir's hits are against those of the others, cell by cell, beside what is aimed at. Pure. */
import type { Row } from '../proxy/report.js';
import { markdownTable } from '../table.js';

/** Least throughput against nginx and Varnish, by case; only of those there is an aim. */
export const aims: Readonly<Record<string, number>> = { 'get-100B': 1.5, 'get-10KiB': 1, 'get-1MiB': 1 };

/** From here on, a core has no time left. */
const BUSY = 0.97;

interface Comparison {
  readonly weir: Row;
  readonly other: Row;
  readonly throughput: number;
  /** Null: there is none. */
  readonly aim: number | null;
  /** A load generator that is out of breath before a cache is makes slow and fast ones alike. */
  readonly isHeldByLoad: boolean;
}

function comparisons(rows: readonly Row[]): Comparison[] {
  return rows
    .filter((row) => row.peer === 'weir')
    .flatMap((weir) =>
      rows
        .filter((other) => other.peer !== 'weir' && isSameCell(other, weir))
        .map((other) => ({
          ...{ weir, other, aim: aims[weir.caseId] ?? null },
          throughput: weir.requestsPerSecond / other.requestsPerSecond,
          isHeldByLoad: [weir, other].some((row) => row.loadCoreBusy >= BUSY && row.proxyBusy < BUSY),
        })),
    );
}

const isMet = ({ throughput, aim }: Comparison): boolean => aim === null || throughput >= aim;

/** Empty when there is nobody to compare with. */
export function againstTable(rows: readonly Row[]): string {
  const lines = comparisons(rows).map((one) => [
    one.weir.caseId,
    String(one.weir.connections),
    one.other.peer,
    one.throughput.toFixed(2),
    one.aim === null ? '–' : one.aim.toFixed(1),
    one.aim === null ? '–' : isMet(one) ? 'yes' : 'no',
    (one.weir.cpuMicrosPerRequest / one.other.cpuMicrosPerRequest).toFixed(2),
    one.isHeldByLoad ? 'load' : 'cache',
  ]);
  if (lines.length === 0) return '';
  const headings = ['case', 'conns', 'weir against', 'throughput ×', 'aim ×', 'met', 'CPU per hit ×', 'held by'];
  return markdownTable(headings, lines, 3);
}

/** The same in a sentence or two: what is not met, and what says nothing. Empty where there is no aim. */
export function aimsSentence(rows: readonly Row[]): string {
  const aimed = comparisons(rows).filter(({ aim }) => aim !== null);
  if (aimed.length === 0) return '';
  const missed = aimed.filter((one) => !isMet(one));
  const named = missed.map(
    ({ weir, other, throughput, aim }) =>
      `${weir.caseId} at ${weir.connections} against ${other.peer} (${throughput.toFixed(2)} of ${aim?.toFixed(1)})`,
  );
  const told = missed.length === 0 ? '' : `; not met: ${named.join(', ')}`;
  const held = aimed.filter(({ isHeldByLoad }) => isHeldByLoad).length;
  const caution = held === 0 ? '' : ` In ${held} the load generator was the bottleneck: read CPU per hit.`;
  return `Aims met: ${aimed.length - missed.length} of ${aimed.length}${told}.${caution}`;
}

const isSameCell = (a: Row, b: Row): boolean => a.caseId === b.caseId && a.connections === b.connections;
