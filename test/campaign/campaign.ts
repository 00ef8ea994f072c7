/**
 * A campaign holds a promise of the gateway against load, on real processes. Its scale is an argument: the tests run it
 * small on every change, `npm run campaign -- NAME` runs it at the size that was promised. Both look at the same
 * verdict, so the small form can't drift away from the large one.
 */
export interface Report {
  /** What was measured, in reading order. */
  readonly figures: Readonly<Record<string, string | number>>;
  /** Promises that were not kept, in words; empty when all were. */
  readonly broken: readonly string[];
}

const MIB = 1_048_576;

export function showReport(name: string, { figures, broken }: Report): string {
  const width = Math.max(...Object.keys(figures).map((label) => label.length));
  const rows = Object.entries(figures).map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  const verdict = broken.length === 0 ? [`${name}: kept`] : broken.map((what) => `${name}: BROKEN: ${what}`);
  return [...rows, ...verdict].join('\n');
}

export function showBytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

export function showMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

/** The smallest value that a share of them does not exceed (the nearest rank); 0 for none. Does not change its argument. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  // 0.07 times 100 is a little more than 7.
  const rank = Math.ceil(sorted.length * share - 1e-9);
  return sorted[Math.max(rank, 1) - 1] ?? 0;
}
