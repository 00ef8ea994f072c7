/** Shows lines that change: redrawn in place on a terminal, a short form now and then everywhere else. */

/** What the demo writes to: process.stdout, or a test's own. */
export interface DemoOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Height and width of the terminal. */
  readonly rows?: number;
  readonly columns?: number;
}

export interface Screen {
  /** Shows the present state; elsewhere than on a terminal only once in a while. */
  show(lines: readonly string[], short: string): void;
  /** Leaves the last state standing, whole, whatever the output is. */
  finish(lines: readonly string[]): void;
}

/** Between two short forms on an output that cannot be redrawn. */
const SHORT_EVERY_MS = 5_000;

/** Cursor up to the first column, and erase from there to the end of the screen (ECMA-48 §8.3.13, §8.3.39). */
const rewind = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}F\x1b[J`);

export function createScreen(output: DemoOutput, nowMs: () => number): Screen {
  let drawn = 0;
  let shortAtMs = Number.NEGATIVE_INFINITY;
  const draw = (lines: readonly string[]): void => {
    // One write, so that the terminal never shows half a table.
    const { columns = Number.POSITIVE_INFINITY } = output;
    // A line that wraps takes two, and the cursor would go back too few.
    output.write(`${rewind(drawn)}${lines.map((line) => cutTo(line, columns)).join('\n')}\n`);
    drawn = lines.length;
  };
  return {
    show(lines, short) {
      // What does not fit is left out until the end: the cursor can't go back above the upper edge.
      if (output.isTTY === true) draw(lines.slice(0, Math.max(1, (output.rows ?? Number.POSITIVE_INFINITY) - 1)));
      else if (nowMs() - shortAtMs >= SHORT_EVERY_MS) {
        shortAtMs = nowMs();
        output.write(`${short}\n`);
      }
    },
    finish(lines) {
      if (output.isTTY === true) draw(lines);
      else output.write(`\n${lines.join('\n')}\n`);
    },
  };
}

/** The first `width` characters that are seen; colours take no room and are kept, so that the last one is switched off. */
export function cutTo(line: string, width: number): string {
  let seen = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour is what is looked for
  return line.replace(/\x1b\[[0-9;]*m|./gsu, (part) => {
    if (part.startsWith('\x1b')) return part;
    seen += 1;
    return seen <= width ? part : '';
  });
}

/** Colour on a terminal, unless its user asked for none (no-color.org) or it can't (TERM=dumb). */
export function wantsColour(output: DemoOutput, env: Readonly<Record<string, string | undefined>>): boolean {
  const noColour = env['NO_COLOR'];
  return output.isTTY === true && (noColour === undefined || noColour === '') && env['TERM'] !== 'dumb';
}
