/**
 * Two lists of lines as one, with what was taken out and put in: the longest common subsequence, by the table that it is defined
 * with (Wagner and Fischer 1974), after what is common at both ends. Entities are short; where the table would be large, all of
 * the one stands before all of the other, which is true as well. Pure.
 */

/** Cells of the table: 16 MB. */
const CELLS_MAX = 2_000_000;
/** Lines that stay on each side of what has changed. */
const CONTEXT = 3;

export function lineDiff(before: readonly string[], after: readonly string[]): string[] {
  return withoutFarLines(wholeDiff(before, after));
}

/** Every line of both, marked. */
export function wholeDiff(before: readonly string[], after: readonly string[]): string[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  const kept = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  return [
    ...kept(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...kept(before.slice(before.length - tail)),
  ];
}

function middle(before: readonly string[], after: readonly string[]): string[] {
  const [rows, columns] = [before.length, after.length];
  if (rows * columns > CELLS_MAX) return [...before.map((line) => `- ${line}`), ...after.map((line) => `+ ${line}`)];
  const width = columns + 1;
  // Length of what is common behind row and column.
  const common = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const isSame = before[row] === after[column];
      common[row * width + column] = isSame
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    if (row < rows && column < columns && before[row] === after[column]) {
      lines.push(`  ${before[row]}`);
      row += 1;
      column += 1;
    } else if (row < rows && (column === columns || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`- ${before[row]}`);
      row += 1;
    } else {
      lines.push(`+ ${after[column]}`);
      column += 1;
    }
  }
  return lines;
}

function withoutFarLines(lines: readonly string[]): string[] {
  const isChange = (line: string | undefined): boolean => line !== undefined && !line.startsWith('  ');
  const isNear = lines.map((_, index) => {
    for (let near = index - CONTEXT; near <= index + CONTEXT; near += 1) if (isChange(lines[near])) return true;
    return false;
  });
  return lines.flatMap((line, index) => {
    const isAlone = isNear[index - 1] !== false && isNear[index + 1] !== false;
    if (isNear[index] === true || isAlone) return [line];
    return isNear[index - 1] !== false ? ['  …'] : [];
  });
}
