/**
 * One JSON value per line, fed byte by byte (Ollama's native API). A line ends with LF; a CR before it is white space to JSON
 * anyway. Blank lines are no events. The last line needs no end.
 */
import type { WireEvent } from '../provider.js';
import type { Broken, Framer, FramerBounds } from './framer.js';

export class NdjsonFramer implements Framer {
  broken: Broken | null = null;
  readonly #bounds: FramerBounds;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(bounds: FramerBounds) {
    this.#bounds = bounds;
  }

  feed(chunk: Uint8Array): readonly WireEvent[] {
    return this.broken === null ? this.#text(this.#decoder.decode(chunk, { stream: true })) : [];
  }

  end(): readonly WireEvent[] {
    if (this.broken !== null) return [];
    return this.#text(`${this.#decoder.decode()}\n`);
  }

  #text(text: string): readonly WireEvent[] {
    const events: WireEvent[] = [];
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      const line = (this.#rest + text.slice(from, at)).trim();
      this.#rest = '';
      from = at + 1;
      if (this.#isTooLong(line)) return events;
      if (line !== '') events.push({ type: '', data: line });
    }
    this.#rest += text.slice(from);
    this.#isTooLong(this.#rest);
    return events;
  }

  #isTooLong(line: string): boolean {
    if (line.length <= this.#bounds.eventLengthMax) return false;
    this.broken = 'too-long';
    this.#rest = '';
    return true;
  }
}
