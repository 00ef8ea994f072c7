/**
 * Text as a JSON string of printable ASCII. The access log escapes by itself, so this one function is what its lines
 * rest on: nothing in a text ends a line, commands a terminal, or takes two bytes where it has one character.
 */

/** Longest value in characters; longer ones are cut and end in `...`. */
export const VALUE_MAX = 2_048;

/** Anything but printable ASCII without the quote and the backslash. */
const UNSAFE = /[^ !#-[\]-~]/;
const NOT_PRINTABLE = /[^ -~]/g;

export function jsonString(text: string): string {
  return `"${jsonText(text)}"`;
}

/** What stands between the quotes: for whoever writes them together with what is around them. */
export function jsonText(text: string): string {
  return UNSAFE.test(text) || text.length > VALUE_MAX ? escaped(text) : text;
}

function escaped(text: string): string {
  const bounded = text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}...` : text;
  return JSON.stringify(bounded)
    .slice(1, -1)
    .replace(NOT_PRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
