/**
 * Texts that take long to make and are asked for again: by a key that says all that they are made of, so one that is kept is never out of date.
 * Bounded in characters; whatever was unused for longest makes room.
 */
export class KeptTexts {
  readonly #charactersMax: number;
  /** In the order of their last use. */
  readonly #texts = new Map<string, string>();
  #characters = 0;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  get characters(): number {
    return this.#characters;
  }

  get(key: string): string | undefined {
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    this.#texts.delete(key);
    this.#texts.set(key, text);
    return text;
  }

  put(key: string, text: string): void {
    const size = key.length + text.length;
    if (size > this.#charactersMax || this.#texts.has(key)) return;
    this.#texts.set(key, text);
    this.#characters += size;
    for (const [oldest, left] of this.#texts) {
      if (this.#characters <= this.#charactersMax) return;
      this.#texts.delete(oldest);
      this.#characters -= oldest.length + left.length;
    }
  }
}
