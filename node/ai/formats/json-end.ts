/**
 * Tells where a JSON object that comes in pieces is whole, and no more than that: providers do not say when the arguments of a
 * call have ended. Keeps three small values, whatever the length. Pure.
 */
export class JsonEnd {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #isWhole = false;

  get isWhole(): boolean {
    return this.#isWhole;
  }

  feed(piece: string): void {
    for (let at = 0; at < piece.length; at += 1) this.#character(piece.charCodeAt(at));
  }

  #character(code: number): void {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === BACKSLASH) this.#isEscaped = true;
      else if (code === QUOTE) this.#isInText = false;
    } else if (code === QUOTE) {
      this.#isInText = true;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      this.#depth += 1;
      this.#isWhole = false;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      this.#depth -= 1;
      this.#isWhole = this.#depth === 0;
    }
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
