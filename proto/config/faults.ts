/**
 * What is wrong with a config, where, and how to put it right. Plain data: the CLI prints it, the admin API returns it,
 * an editor could underline it.
 */

/** One step into a config: a key of a mapping or a position in a list. */
export type PathStep = string | number;
export type Path = readonly PathStep[];

export type Severity = 'error' | 'warning';

/** A fault before its place in the file is known. */
export interface Finding {
  readonly severity: Severity;
  readonly path: Path;
  readonly message: string;
  readonly cure: string | null;
}

/** A fault with its place; line and column count from 1. */
export interface Fault {
  readonly severity: Severity;
  readonly line: number;
  readonly column: number;
  /** For people: `routes[0].timeouts.total`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly cure: string | null;
}

export function findError(path: Path, message: string, cure: string | null = null): Finding {
  return { severity: 'error', path, message, cure };
}

export function findWarning(path: Path, message: string, cure: string | null = null): Finding {
  return { severity: 'warning', path, message, cure };
}

const BARE_KEY = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/** `routes[0].match.headers["x a"]`; also the key under which a place in the file is remembered, so it must be exact. */
export function renderPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (BARE_KEY.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** The path for people: cut where a hostile key would flood the terminal. */
export function shownPath(path: Path): string {
  const text = renderPath(path);
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

/** Order of the file; errors before warnings of the same place. */
export function byPlace(a: Fault, b: Fault): number {
  return a.line - b.line || a.column - b.column || a.severity.localeCompare(b.severity);
}
