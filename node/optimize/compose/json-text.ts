/**
 * A value as JSON, or the word that it is too long. What an expression makes may refer to the same list a thousand times, and then is short
 * in memory and endless as a text: so it is measured before it is written. Pure.
 */

/** Null: longer than that, in characters. */
export function jsonWithin(value: unknown, charactersMax: number): string | null {
  const left = { characters: charactersMax };
  return fits(value, left) ? JSON.stringify(value ?? null) : null;
}

/** Counts no escapes: they make a text six times as long at most, which what is written is held to once more by its bytes. */
function fits(value: unknown, left: { characters: number }): boolean {
  left.characters -= typeof value === 'string' ? value.length + 2 : 2;
  if (left.characters < 0) return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((element) => fits(element, left));
  return Object.entries(value).every(([name, member]) => {
    left.characters -= name.length + 3;
    return fits(member, left);
  });
}
