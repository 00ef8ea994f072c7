/**
 * A list in a JSON text of which some elements alone are wanted, and what a projector has seen of it. Elsewhere the text stays as it is, or
 * is left out as well (`isBare`): then what comes out are the elements with commas between them. Pure; the projector writes it.
 *
 *     {"n":5,"items":[1,2,3,4,5]}     path items, 1 to 3:   {"n":5,"items":[2,3]}      bare: 2,3
 *                                                          beginsAt ┘ └┘ └ endsAt, and `ends` behind each element
 */
export class ListWindow {
  /** Names of members that lead to the list; none: the text is the list. */
  readonly path: readonly string[];
  /** Position of the first element that is wanted, and of the first one behind those. */
  readonly from: number;
  readonly to: number;
  readonly isBare: boolean;
  /** Elements that have begun. */
  count = 0;
  /** Where the elements begin and end in what came out, in bytes; null: not yet. */
  beginsAt: number | null = null;
  endsAt: number | null = null;
  /** Where each of those that are wanted has ended, likewise. */
  readonly ends: number[] = [];

  constructor(path: readonly string[], from: number, to: number, isBare: boolean) {
    this.path = path;
    this.from = from;
    this.to = to;
    this.isBare = isBare;
  }

  /** An element begins; whether it is wanted. */
  wantsNext(): boolean {
    const at = this.count;
    this.count += 1;
    return at >= this.from && at < this.to;
  }
}
