/**
 * Server-sent events, fed byte by byte (WHATWG HTML §9.2.6). Lines end with LF, CR or CRLF, also where a chunk ends between the
 * two; characters may be split anywhere; bytes that are no UTF-8 become U+FFFD, as the standard says.
 *
 * Two departures. Fields `id` and `retry` are dropped: no provider lets a stream be taken up again. And an event that only lacks
 * its blank line at the end of a body that ended cleanly is told, where the standard drops it: servers are seen that end with
 * `data: [DONE]` and nothing behind it. One that was cut in the middle is no danger, for half a JSON object never parses.
 */
import type { WireEvent } from '../provider.js';
import type { Broken, Framer, FramerBounds } from './framer.js';

const ASCII_MAX = 0x7f;
/** The first byte of the mark that a text may begin with; where a piece does, the stream's own decoder knows whether it is one. */
const BOM_BYTE = 0xef;
/** Reads pieces that no character reaches out of, in a third of the time of a decoder that keeps what is split. One for all. */
const whole = new TextDecoder();

export class SseFramer implements Framer {
  broken: Broken | null = null;
  readonly #bounds: FramerBounds;
  /** Made for the first piece that ends, or may end, in the middle of a character. */
  #decoder: InstanceType<typeof TextDecoder> | null = null;
  #isSplit = false;
  #hasBegun = false;
  /** The line that has no end yet. */
  #rest = '';
  #isAfterCr = false;
  #type = '';
  /** Lines of `data` so far; null: none, and an event without any is none. */
  #data: string | null = null;

  constructor(bounds: FramerBounds) {
    this.#bounds = bounds;
  }

  feed(chunk: Uint8Array): readonly WireEvent[] {
    return this.broken === null ? this.#text(this.#decoded(chunk)) : NONE;
  }

  #decoded(chunk: Uint8Array): string {
    const last = chunk[chunk.length - 1];
    if (last === undefined) return '';
    const beginsWhole = !this.#isSplit && chunk[0] !== BOM_BYTE;
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    this.#isSplit = last > ASCII_MAX;
    if (beginsWhole && !this.#isSplit) return whole.decode(chunk);
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: !isFirst });
    return this.#decoder.decode(chunk, { stream: true });
  }

  end(): readonly WireEvent[] {
    if (this.broken !== null) return [];
    const events = [...this.#text(this.#decoder?.decode() ?? '')];
    if (this.#rest !== '') this.#line(this.#rest, events);
    this.#rest = '';
    this.#line('', events);
    return this.broken === null ? events : [];
  }

  #text(text: string): readonly WireEvent[] {
    if (text === '') return NONE;
    const events: WireEvent[] = [];
    let from = this.#isAfterCr && text.startsWith('\n') ? 1 : 0;
    this.#isAfterCr = false;
    let lf = text.indexOf('\n', from);
    let cr = text.indexOf('\r', from);
    while ((lf !== -1 || cr !== -1) && this.broken === null) {
      const isCr = cr !== -1 && (lf === -1 || cr < lf);
      const at = isCr ? cr : lf;
      const line = text.slice(from, at);
      this.#line(this.#rest === '' ? line : this.#rest + line, events);
      this.#rest = '';
      from = isCr && lf === at + 1 ? at + 2 : at + 1;
      this.#isAfterCr = isCr && from === text.length && lf !== at + 1;
      if (lf !== -1 && lf < from) lf = text.indexOf('\n', from);
      if (isCr) cr = text.indexOf('\r', from);
    }
    if (this.broken === null) {
      this.#rest += text.slice(from);
      this.#bound(this.#rest.length);
    }
    return events;
  }

  #line(line: string, events: WireEvent[]): void {
    if (line === '') {
      if (this.#data !== null) events.push({ type: this.#type, data: this.#data });
      this.#type = '';
      this.#data = null;
      return;
    }
    if (line.startsWith('data: ')) {
      this.#add(line.slice('data: '.length));
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== 'data' && field !== 'event') return;
    const value = colon === -1 ? '' : line.slice(line.startsWith(' ', colon + 1) ? colon + 2 : colon + 1);
    if (field === 'data') this.#add(value);
    else {
      this.#type = value;
      this.#bound(0);
    }
  }

  #add(value: string): void {
    this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    this.#bound(0);
  }

  #bound(restLength: number): void {
    const length = restLength + this.#type.length + (this.#data?.length ?? 0);
    if (length <= this.#bounds.eventLengthMax) return;
    this.broken = 'too-long';
    this.#rest = '';
    this.#data = null;
  }
}

const NONE: readonly WireEvent[] = [];
