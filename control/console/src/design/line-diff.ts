/** What two texts differ in, line by line, with a little of what stands around it. Pure. */

/** So long texts are compared; beyond that all of one is replaced by all of the other. */
const LINES_MAX = 2_000;
const AROUND = 3;

/** Each line begins with `+ `, `- ` or two spaces; `…` stands for lines that are left out. */
export function lineDiff(before: string, after: string): readonly string[] {
  const [old, young] = [linesOf(before), linesOf(after)];
  if (before === after) return [];
  if (old.length > LINES_MAX || young.length > LINES_MAX)
    return [...old.map((line) => `- ${line}`), ...young.map((line) => `+ ${line}`)];
  return shortened(merged(old, young, commonLengths(old, young)));
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Longest common subsequence of all tails, as one table of (n + 1) × (m + 1). */
function commonLengths(old: readonly string[], young: readonly string[]): Uint16Array {
  const width = young.length + 1;
  const table = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = young.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      table[at] =
        old[i] === young[j] ? (table[at + width + 1] ?? 0) + 1 : Math.max(table[at + width] ?? 0, table[at + 1] ?? 0);
    }
  }
  return table;
}

function merged(old: readonly string[], young: readonly string[], table: Uint16Array): readonly string[] {
  const width = young.length + 1;
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < young.length) {
    const at = i * width + j;
    if (i < old.length && j < young.length && old[i] === young[j]) {
      lines.push(`  ${old[i]}`);
      i += 1;
      j += 1;
    } else if (i < old.length && (j === young.length || (table[at + width] ?? 0) >= (table[at + 1] ?? 0))) {
      lines.push(`- ${old[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${young[j]}`);
      j += 1;
    }
  }
  return lines;
}

function shortened(lines: readonly string[]): readonly string[] {
  const isNear = lines.map((_, at) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(isChange));
  const shown: string[] = [];
  lines.forEach((line, at) => {
    if (isNear[at] === true) shown.push(line);
    else if (shown.at(-1) !== '…') shown.push('…');
  });
  return shown;
}

const isChange = (line: string): boolean => line.startsWith('+') || line.startsWith('-');
