/**
 * Replaces what detectors find in a text that comes in pieces. What may still become a match is held back, and no more than that; what
 * several find in one place is replaced as one. So the text that comes out is the same however the one that goes in was cut, and
 * nothing of a match is ever in it. A machine without I/O.
 */
import type { Detector, Match } from './detector.js';

/** What stands in place of a match. */
export type Replace = (match: string, label: string) => string;

export class Masker {
  readonly #detectors: readonly Detector[];
  readonly #replace: Replace;
  /** One character that has gone out, where there was one, and all that has not. */
  #text = '';
  #from = 0;
  #decided: number[];
  #matches: Match[] = [];

  constructor(detectors: readonly Detector[], replace: Replace) {
    this.#detectors = detectors;
    this.#replace = replace;
    this.#decided = detectors.map(() => 0);
  }

  /** Characters that are held back. */
  get held(): number {
    return this.#text.length - this.#from;
  }

  feed(piece: string): string {
    return piece === '' ? '' : this.#step(piece, false);
  }

  /** The text is over; another one may begin. */
  end(): string {
    const rest = this.#step('', true);
    this.#text = '';
    this.#from = 0;
    this.#decided = this.#detectors.map(() => 0);
    this.#matches = [];
    return rest;
  }

  #step(piece: string, isEnd: boolean): string {
    this.#text += piece;
    let horizon = this.#text.length;
    for (const [index, detector] of this.#detectors.entries()) {
      const { matches, decided } = detector.scan(this.#text, this.#decided[index] ?? 0, isEnd);
      this.#matches.push(...matches);
      this.#decided[index] = decided;
      if (!isEnd) horizon = Math.min(horizon, decided);
    }
    this.#matches.sort((a, b) => a.start - b.start || b.end - a.end);
    let out = '';
    let at = this.#from;
    for (const { start, end, label } of united(this.#matches)) {
      // Another one may still begin inside of it.
      if (end > horizon) {
        horizon = Math.min(horizon, start);
        break;
      }
      out += this.#text.slice(at, start) + this.#replace(this.#text.slice(start, end), label);
      at = end;
    }
    const to = isEnd ? this.#text.length : this.#wholeCharacters(Math.max(at, horizon));
    out += this.#text.slice(at, to);
    this.#forget(to);
    return out;
  }

  /** Half of a pair is no text. */
  #wholeCharacters(to: number): number {
    const last = this.#text.charCodeAt(to - 1);
    return to > this.#from && last >= 0xd800 && last <= 0xdbff ? to - 1 : to;
  }

  #forget(to: number): void {
    const gone = Math.max(0, to - 1);
    this.#text = this.#text.slice(gone);
    this.#from = to - gone;
    this.#decided = this.#decided.map((decided) => decided - gone);
    this.#matches = this.#matches
      .filter(({ end }) => end > to)
      .map(({ start, end, label }) => ({ start: start - gone, end: end - gone, label }));
  }
}

/** What overlaps is one match, by the name of the first of it. */
function united(sorted: readonly Match[]): Match[] {
  const whole: Match[] = [];
  for (const match of sorted) {
    const last = whole.at(-1);
    if (last === undefined || match.start >= last.end) whole.push(match);
    else if (match.end > last.end) whole[whole.length - 1] = { ...last, end: match.end };
  }
  return whole;
}
