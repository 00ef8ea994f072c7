/** Which page an address is of. Pure. */

/** As the router has it, for patterns of whole segments: `/services/:id/:tab?`. */
export function isAt(pattern: string, place: string): boolean {
  const there = place.split('/');
  const wanted = pattern.split('/');
  const fits = (part: string, at: number) =>
    part.startsWith(':') ? part.endsWith('?') || (there[at] ?? '') !== '' : part === there[at];
  return there.length <= wanted.length && wanted.every(fits);
}
