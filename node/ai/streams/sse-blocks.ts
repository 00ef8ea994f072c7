/**
 * The text of a stream on its way to a client, cut into what stands between empty lines: events, which are numbered and kept, and comments,
 * which are for nobody but the connections in between. The writers of formats end lines by a line feed. Pure.
 */

export interface SseBlock {
  readonly kind: 'event' | 'comment';
  /** With the empty line behind it. */
  readonly text: string;
}

export class SseBlocks {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** Characters of an event that is not whole. */
  get pending(): number {
    return this.#rest.length;
  }

  feed(chunk: Uint8Array): readonly SseBlock[] {
    this.#rest += this.#decoder.decode(chunk, { stream: true });
    const blocks: SseBlock[] = [];
    for (let end = this.#rest.indexOf('\n\n'); end !== -1; end = this.#rest.indexOf('\n\n')) {
      const text = this.#rest.slice(0, end + 2);
      this.#rest = this.#rest.slice(end + 2);
      const isComment = text.split('\n').every((line) => line === '' || line.startsWith(':'));
      blocks.push({ kind: isComment ? 'comment' : 'event', text });
    }
    return blocks;
  }
}

/** An event with its id before it. */
export function withId(text: string, id: string): string {
  return `id: ${id}\n${text}`;
}
