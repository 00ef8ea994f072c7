/** Tables for people: aligned in a terminal, and Markdown at the same time. Pure. */

/** Lines of equal columns, texts to the left and numbers to the right; `|` and a rule make it Markdown as well. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], texts: number): string {
  const widths = head.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < texts ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}
