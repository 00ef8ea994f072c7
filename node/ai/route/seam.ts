/**
 * Where a text that broke off and its continuation meet: what the second says once more of the first is cut out, and nothing else. Pure.
 *
 *   held ── can't be a repetition, or is one to its end ──▶ white space ──▶ passed
 *
 * A model that was told to go on begins with some last words of what it had said, or with all of it, or in the middle of a word, as its
 * provider has it. Held is what is, so far, a piece of the text that was said, and may turn out to reach its end:
 *
 *   said          … and the quick brown f
 *   continuation              brown fox jumps     held: "brown f"; passed: "ox jumps"
 *
 * A few letters are alike by chance. So a repetition is taken for one where it is long enough, or was asked for (`anchor`), or is the word
 * that broke off, or all of the text where its provider is known to say that again (`echo`).
 */

/**
 * - `prefix`: the provider goes on from the text that it is given.
 * - `echo`: it does, and says that text once more before it.
 * - `instruction`: the model is asked to go on, and to begin with the last words (`anchorOf`).
 */
export type SeamKind = 'prefix' | 'echo' | 'instruction';

/** Repetitions of this length are none by chance, where a model was asked to go on. */
const REPEATED_MIN = 12;
/** And for one that has been given the beginning, where a text may well repeat itself. */
const WHOLE_MIN = 16;
const ANCHOR_CHARACTERS_MAX = 80;

/** The last words, which the model is asked to begin with: they show where the text has got to, with its white space. */
export function anchorOf(said: string): string {
  const text = said.trimEnd();
  const words = /(?:\S+\s+){0,5}\S+$/.exec(text.slice(-ANCHOR_CHARACTERS_MAX * 2))?.[0] ?? '';
  return words.length > ANCHOR_CHARACTERS_MAX ? words.slice(-ANCHOR_CHARACTERS_MAX) : words;
}

export class Seam {
  readonly #kind: SeamKind;
  readonly #said: string;
  /** White space that was said last, and is not sent with the text: providers refuse it there. */
  #space: string;
  readonly #anchorAt: number;
  /** What came, as long as nothing is decided. */
  #held = '';
  /** Where in the text that was said what is held could begin. Null: nothing was held yet. */
  #places: readonly number[] | null = null;
  /** Characters of what is held that repeat the text to its end; the most. */
  #repeated = 0;
  #isPast = false;

  constructor(said: string, kind: SeamKind) {
    this.#kind = kind;
    this.#said = said.trimEnd();
    this.#space = said.slice(this.#said.length);
    this.#anchorAt = this.#said.length - anchorOf(said).length;
  }

  /** Of the continuation: what is new, as far as anybody can say by now. */
  push(text: string): string {
    if (this.#isPast) return this.#pastSpace(text);
    const before = this.#held.trimStart().length;
    this.#held += text;
    // Answers begin without the white space before them, so none counts here.
    const came = before === 0 ? this.#held.trimStart() : text;
    if (came === '') return '';
    this.#narrow(came, before);
    return this.#places?.length === 0 ? this.#pass() : '';
  }

  /** It ends here, or something else than text comes. */
  end(): string {
    const rest = this.#isPast ? '' : this.#pass();
    this.#space = '';
    return rest;
  }

  #narrow(came: string, before: number): void {
    const said = this.#said;
    const places = this.#places ?? this.#placesOf(came[0] ?? '');
    this.#places = places.filter((place) => {
      const at = place + before;
      const left = said.length - at;
      if (came.length < left) return said.startsWith(came, at);
      if (came.startsWith(said.slice(at)) && this.#isRepetition(place))
        this.#repeated = Math.max(this.#repeated, said.length - place);
      return false;
    });
  }

  #placesOf(letter: string): readonly number[] {
    // What was given to go on from is not repeated but from its beginning.
    if (this.#kind !== 'instruction') return this.#said.startsWith(letter) ? [0] : [];
    const places: number[] = [];
    for (let at = this.#said.indexOf(letter); at !== -1; at = this.#said.indexOf(letter, at + 1)) places.push(at);
    return places;
  }

  #isRepetition(place: number): boolean {
    const length = this.#said.length - place;
    if (this.#kind === 'echo') return true;
    if (this.#kind === 'prefix') return length >= WHOLE_MIN;
    return length >= REPEATED_MIN || place === this.#anchorAt || this.#isWord(place);
  }

  /** From there on it is one word, whole or broken off, and nothing of what is before it. */
  #isWord(place: number): boolean {
    return (place === 0 || /\s/.test(this.#said[place - 1] ?? '')) && !/\s/.test(this.#said.slice(place));
  }

  #pass(): string {
    this.#isPast = true;
    const held = this.#held;
    this.#held = '';
    this.#places = null;
    const lead = this.#repeated === 0 ? 0 : held.length - held.trimStart().length;
    return this.#pastSpace(held.slice(lead + this.#repeated));
  }

  /** White space that was said already is not said again. */
  #pastSpace(text: string): string {
    if (this.#space === '' || text === '') return text;
    let same = 0;
    while (same < this.#space.length && text[same] === this.#space[same]) same += 1;
    this.#space = same === text.length ? this.#space.slice(same) : '';
    return text.slice(same);
  }
}
