/**
 * What names stand in a head, in one number: each name has one of 32 bits, and a head has those of all its fields. Where a name's bit
 * is missing, no field has that name; where it is there, one may. Nearly no request has most of the fields that are asked
 * for (Via, Upgrade, a deadline), so nearly all of those who ask need not look (after Bloom, "Space/time trade-offs in hash coding
 * with allowable errors", 1970, with one function).
 */

export type NameSketch = number;

/** Of a head that nobody has looked through: any name may be there. */
export const ANY_NAME: NameSketch = -1;
export const NO_NAME: NameSketch = 0;

/**
 * The bit of a name, lower-case. By its first and last character, in the mixture in which no name that layers ask for shares
 * its bit with one that ordinary clients send with every request.
 */
export function sketchOf(name: string): NameSketch {
  return 1 << ((5 * name.charCodeAt(0) + 3 * name.charCodeAt(name.length - 1)) & 31);
}

/** False: no field of that head has the name of this bit. */
export function mayHold(head: NameSketch, name: NameSketch): boolean {
  return (head & name) !== 0;
}
