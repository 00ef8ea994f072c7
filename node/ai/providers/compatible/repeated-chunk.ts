/**
 * Most chunks of a stream are the one before them with another text. Such a chunk is not read again: what stands before the text and
 * behind it is compared, and the text is taken out.
 *
 * It is exact: where everything around a JSON string is the same, and what stands in its place is the inside of one JSON string, then
 * nothing but the text is different. OpenAI ends each chunk with noise of another length (`obfuscation`), which says nothing. Pure.
 */
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { WireEvent } from '../../provider.js';

/** In a row; then the provider writes each chunk in another way, and it is not looked for again. */
const MISSES_MAX = 8;

/** As it is written by those who leave no room in their JSON, and by those who do. */
const KEYS = ['"content":"', '"content": "'] as const;
const NOISE = ',"obfuscation":"';
/** What a JSON string says by itself: neither its end, nor an escape, nor what it may not hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON forbids in a string.
const ESCAPED = /["\\\u0000-\u001f]/;

export class RepeatedChunk {
  #choice = 0;
  #before = '';
  #behind = '';
  #misses = 0;

  /** Null: it has to be read. */
  eventOf({ type, data }: WireEvent): ChatEvent | null {
    const from = this.#before.length;
    if (from === 0 || type !== '') return null;
    const ends = endOf(data);
    const to = ends - this.#behind.length;
    // Parts are cut off and compared as they are, which is faster than to ask how a string begins and ends.
    if (to < from || data.slice(0, from) !== this.#before || data.slice(to, ends) !== this.#behind) return null;
    const text = insideOf(data.slice(from, to));
    if (text === null || text === '') return null;
    this.#misses = 0;
    return { kind: 'text', choice: this.#choice, text, logprobs: null };
  }

  /** It was read, and this is all that it said. */
  learn({ type, data }: WireEvent, said: readonly ChatEvent[]): void {
    const [event] = said;
    if (type !== '' || said.length !== 1 || event?.kind !== 'text' || event.logprobs !== null) {
      this.#before = '';
      return;
    }
    if (this.#misses >= MISSES_MAX || ESCAPED.test(event.text)) return;
    this.#misses += 1;
    this.#before = '';
    const places = KEYS.flatMap((key) => placesOf(data, key));
    const [from] = places;
    // With two of them it is not known which was read. Behind a backslash it is the inside of another string.
    if (places.length !== 1 || from === undefined || data.includes('\\"content"')) return;
    if (!data.startsWith(`${event.text}"`, from)) return;
    this.#choice = event.choice;
    this.#before = data.slice(0, from);
    this.#behind = data.slice(from + event.text.length, endOf(data));
  }
}

/** Where the values begin. */
function placesOf(data: string, key: string): readonly number[] {
  const places: number[] = [];
  for (let at = data.indexOf(key); at !== -1; at = data.indexOf(key, at + 1)) places.push(at + key.length);
  return places;
}

/** Where the noise begins, or the end. */
function endOf(data: string): number {
  // Only then is it worth looking for.
  if (!data.endsWith('"}')) return data.length;
  const at = data.lastIndexOf(NOISE);
  return at !== -1 && /^\w*"\}$/.test(data.slice(at + NOISE.length)) ? at : data.length;
}

/** What the inside of a JSON string says; null: it is not the inside of one string. */
function insideOf(inside: string): string | null {
  if (!ESCAPED.test(inside)) return inside;
  try {
    const text: unknown = JSON.parse(`"${inside}"`);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}
