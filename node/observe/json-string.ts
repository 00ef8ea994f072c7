/**
 * Text as a JSON string of printable ASCII. The access log escapes by itself, so this one function is what its lines
 * rest on: nothing in a text ends a line, commands a terminal, or takes two bytes where it has one character.
 */

/** Longest value in characters; longer ones are cut and end in `...`. */
export const VALUE_MAX = 2_048;

/** Anything but printable ASCII without the quote and the backslash. */
const UNSAFE = /[^ !#-[\]-~]/;
const NOT_PRINTABLE = /[^ -~]/g;

export function jsonString(text: string, max = VALUE_MAX): string {
  return `"${jsonText(text, max)}"`;
}

/** What stands between the quotes: for whoever writes them together with what is around them. */
export function jsonText(text: string, max = VALUE_MAX): string {
  return UNSAFE.test(text) || text.length > max ? escaped(text, max) : text;
}

function escaped(text: string, max: number): string {
  const bounded = text.length > max ? `${text.slice(0, max)}...` : text;
  return JSON.stringify(bounded)
    .slice(1, -1)
    .replace(NOT_PRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
