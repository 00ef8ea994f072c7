/**
 * `${NAME}` in a text: where it stands, and how it is filled. The config parser and the nodes share this file, so that
 * what was validated is what is filled.
 *
 * `$$` is a dollar sign; a `$` before anything but `$` or `{` is itself. There are no defaults (`${NAME:-x}`): a missing
 * variable is a fault that names itself, not a silent second meaning. `${secret:TEAM/NAME}` is a secret of the registry, which control gives to
 * nodes by itself: no environment has a variable of that name.
 */

/** The environment as it is passed in; only own properties count. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface References {
  /** Variables in order of appearance, repeats kept. */
  readonly names: readonly string[];
  /** Pieces that begin like a reference and are none, such as `${1x}` or an unclosed `${`. */
  readonly malformed: readonly string[];
}

export interface Filled {
  readonly text: string;
  /** Variables that are not set. */
  readonly missing: readonly string[];
  readonly malformed: readonly string[];
}

// A dollar escape, a reference, or the beginning of a malformed one (up to its brace, or a few characters of it).
const PIECE = /\$\$|\$\{((?:secret:[a-z0-9][a-z0-9-]{0,62}\/)?[A-Za-z_][A-Za-z0-9_]*)\}|\$\{[^}]{0,40}\}?/g;

export function referencesIn(text: string): References {
  const names: string[] = [];
  const malformed: string[] = [];
  for (const [piece, name] of text.matchAll(PIECE)) {
    if (name !== undefined) names.push(name);
    else if (piece !== '$$') malformed.push(piece);
  }
  return { names, malformed };
}

export function fillReferences(text: string, environment: Environment): Filled {
  const missing: string[] = [];
  const malformed: string[] = [];
  const filled = text.replace(PIECE, (piece: string, name: string | undefined) => {
    if (piece === '$$') return '$';
    if (name === undefined) {
      malformed.push(piece);
      return piece;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined) missing.push(name);
    return value ?? '';
  });
  return { text: filled, missing, malformed };
}

/** The text as a node uses it. Throws where a reference can't be filled: what holds it can't be run. */
export function revealText(text: string, environment: Environment): string {
  const { text: filled, missing, malformed } = fillReferences(text, environment);
  if (missing.length > 0) throw new Error(`the environment has no ${missing.join(', ')}`);
  if (malformed.length > 0) throw new Error(`a text holds a reference that can't be read: ${malformed[0]}`);
  return filled;
}
