/**
 * Lets `${NAME}` stand where YAML would read its braces: `keys: [${KEY}]` is a syntax error in plain YAML, because a
 * flow collection takes `{` for itself. Before the text is parsed, the two marks of each reference are swapped for
 * private-use characters, one for one, so that every position in the file stays what it was; afterwards they are
 * swapped back in whatever came out. The characters are picked so that the text does not hold them.
 */

const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const PRIVATE_FIRST = 0xe000;
const PRIVATE_LAST = 0xf8ff;

export interface Shield {
  /** The text to parse, of the same length. */
  readonly text: string;
  /** Puts the marks back. */
  readonly restore: (text: string) => string;
}

export function shieldReferences(text: string): Shield {
  const free = freeCharacters(text, 3);
  const [dollar, open, close] = free;
  // A text that uses every private character has been made to; it is parsed as it stands.
  if (dollar === undefined || open === undefined || close === undefined) return { text, restore: (piece) => piece };
  const shielded = text.replace(REFERENCE, (piece: string, name: string | undefined) =>
    name === undefined ? piece : `${dollar}${open}${name}${close}`,
  );
  const marks = new RegExp(`[${dollar}${open}${close}]`, 'g');
  const original: Readonly<Record<string, string>> = { [dollar]: '$', [open]: '{', [close]: '}' };
  return { text: shielded, restore: (piece) => piece.replace(marks, (mark) => original[mark] ?? mark) };
}

function freeCharacters(text: string, wanted: number): string[] {
  const free: string[] = [];
  for (let code = PRIVATE_FIRST; code <= PRIVATE_LAST && free.length < wanted; code += 1) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) free.push(character);
  }
  return free;
}
