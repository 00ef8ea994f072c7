/** What Weir's hits are against those of the others, cell by cell, beside what is aimed at. Pure. */
import type { Row } from '../proxy/report.js';
import { markdownTable } from '../table.js';

/** Least throughput against nginx and Varnish, by case; only of those there is an aim. */
export const aims: Readonly<Record<string, number>> = { 'get-100B': 1.5, 'get-10KiB': 1, 'get-1MiB': 1 };

/** Empty when there is nobody to compare with. */
export function againstTable(rows: readonly Row[]): string {
  const lines = rows
    .filter((row) => row.peer === 'weir')
    .flatMap((weir) =>
      rows
        .filter((other) => other.peer !== 'weir' && isSameCell(other, weir))
        .map((other) => {
          const aim = aims[weir.caseId];
          return [
            weir.caseId,
            String(weir.connections),
            other.peer,
            (weir.requestsPerSecond / other.requestsPerSecond).toFixed(2),
            aim === undefined ? '–' : aim.toFixed(1),
            (weir.cpuMicrosPerRequest / other.cpuMicrosPerRequest).toFixed(2),
          ];
        }),
    );
  if (lines.length === 0) return '';
  return markdownTable(['case', 'conns', 'weir against', 'throughput ×', 'aim ×', 'CPU per hit ×'], lines, 3);
}

const isSameCell = (a: Row, b: Row): boolean => a.caseId === b.caseId && a.connections === b.connections;
