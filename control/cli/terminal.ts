/** How commands look on a terminal: colour where it is wanted, aligned columns, durations and sizes for people. */

export interface Paint {
  /** False: the functions below return their text unchanged. */
  readonly isOn: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Colour for a stream: only on a terminal, never with NO_COLOR (no-color.org), always with FORCE_COLOR. */
export function paintFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const noColor = env['NO_COLOR'] ?? '';
  const force = env['FORCE_COLOR'] ?? '';
  const isOn = noColor === '' && ((force !== '' && force !== '0') || (isTerminal && env['TERM'] !== 'dumb'));
  const style = (code: number, reset: number) => (text: string) => (isOn ? `\x1b[${code}m${text}\x1b[${reset}m` : text);
  return {
    isOn,
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}

// Text from outside may hold escape sequences; a terminal must not obey them.
const CONTROL = /\p{Cc}/gu;

/** The text with control characters made visible. */
export function printable(text: string): string {
  return text.replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Left-aligned columns, two spaces apart; the last one is not padded. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
  );
}

/** Two units at most: `850 ms`, `12.3 s`, `5 min 20 s`, `3 h 4 min`, `2 d 1 h`. */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

export function showMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
