/**
 * Cuts a page out of a list as the JSON text comes: holds what belongs to it until it is known whether the list goes on behind it, for the head of
 * the answer says so. What is held is a page, however long the list is. Pure.
 *
 *   holding ── an element behind the page has begun, or the list (with an upstream's cursor: the text) has ended ──▶ page known
 *      └────── more bytes than a page may have ──▶ page known: it ends before the element that did not fit
 *
 * Where the answer keeps its shape, what stands behind the list passes as it comes once the page is known.
 */

import { ProjectionFault } from '../fields/json-bytes.js';
import { ListWindow } from '../fields/list-window.js';
import { Projector } from '../fields/projector.js';
import type { Branch, Selection } from '../fields/selection.js';
import { upstreamCursorMax } from './cursor.js';

export interface PageTerms {
  /** Where the list is. */
  readonly path: readonly string[];
  readonly from: number;
  readonly to: number;
  /** The elements alone are wanted, with commas between them. */
  readonly isBare: boolean;
  readonly bytesMax: number;
  /** Where the upstream says how to go on; null: it does not. */
  readonly cursorPath: readonly string[] | null;
}

export interface Page {
  readonly bytes: Uint8Array;
  readonly sent: number;
  /** Elements of the list that have begun; for an upstream that gives so many at most, all that it gave. */
  readonly count: number;
  readonly hasMore: boolean;
  readonly cursor: string | null;
}

const NOTHING = new Uint8Array(0);
/** Of the members around the upstream's cursor, and itself as it is written. */
const CURSOR_BYTES_MAX = 8 * upstreamCursorMax;

export class PageCutter {
  readonly #terms: PageTerms;
  readonly #window: ListWindow;
  readonly #projector: Projector;
  readonly #cursorReader: Projector | null;
  #cursorText = '';
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** What came out, the page and what is behind it. */
  #given = 0;
  #isKnown = false;

  constructor(terms: PageTerms) {
    this.#terms = terms;
    const { path, from, to, isBare, cursorPath } = terms;
    this.#window = new ListWindow(path, from, to, isBare);
    this.#projector = new Projector(null, this.#window);
    this.#cursorReader = cursorPath === null ? null : new Projector(branchTo(cursorPath));
  }

  /** Bytes that are held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The page, once, as soon as it is known; throws a ProjectionFault. Bytes that come later go to `push`. */
  take(chunk: Uint8Array): Page | null {
    this.#hold(this.#projector.push(chunk));
    if (this.#cursorReader !== null && this.#terms.cursorPath !== null)
      this.#readCursor(this.#cursorReader.push(chunk));
    const { count, to, endsAt } = this.#window;
    const isOver = endsAt !== null && this.#cursorReader === null;
    if (count > to || isOver) return this.#page();
    if (this.#heldBytes <= this.#terms.bytesMax) return null;
    if (endsAt !== null) throw this.#tooLong('the answer has more than');
    return this.#page();
  }

  /** The text is over. */
  takeLast(): Page {
    this.#hold(this.#projector.end());
    if (this.#cursorReader !== null) this.#readCursor(this.#cursorReader.end());
    return this.#page();
  }

  /** Of what comes behind the page, what is sent on. */
  push(chunk: Uint8Array): Uint8Array {
    return this.#terms.isBare ? NOTHING : this.#behindList(this.#projector.push(chunk));
  }

  end(): Uint8Array {
    return this.#terms.isBare ? NOTHING : this.#behindList(this.#projector.end());
  }

  #hold(out: Uint8Array): void {
    this.#given += out.length;
    this.#heldBytes += out.length;
    // What is a small part of its memory would keep all of that.
    if (out.length > 0) this.#held.push(2 * out.length < out.buffer.byteLength ? out.slice() : out);
  }

  #readCursor(out: Uint8Array): void {
    this.#cursorText += Buffer.from(out).toString('latin1');
    if (this.#cursorText.length > CURSOR_BYTES_MAX) throw new ProjectionFault("the upstream's cursor is too long");
  }

  #page(): Page {
    const { from, count, ends, beginsAt, endsAt } = this.#window;
    const { path, bytesMax } = this.#terms;
    if ((beginsAt ?? this.#heldBytes) > bytesMax) throw this.#tooLong('before its list the answer has more than');
    if (beginsAt === null) {
      throw new ProjectionFault(path.length === 0 ? 'it is no list' : `it has no list at ${path.join('.')}`);
    }
    const sent = ends.filter((end) => end <= bytesMax).length;
    if (sent === 0 && count > from) throw this.#tooLong('an element has more than');
    const held = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#isKnown = true;
    const pageEnd = ends[sent - 1] ?? beginsAt;
    const rest = endsAt === null ? NOTHING : held.subarray(endsAt);
    return {
      bytes: rest.length === 0 ? held.subarray(0, pageEnd) : Buffer.concat([held.subarray(0, pageEnd), rest]),
      ...{ sent, count, hasMore: count > from + sent, cursor: this.#cursor() },
    };
  }

  /** Of an element of the list that was begun when the page was known, nothing is sent. */
  #behindList(out: Uint8Array): Uint8Array {
    const before = this.#given;
    this.#given += out.length;
    const { endsAt } = this.#window;
    if (!this.#isKnown || endsAt === null) return NOTHING;
    return endsAt <= before ? out : out.subarray(endsAt - before);
  }

  #cursor(): string | null {
    const { cursorPath } = this.#terms;
    if (cursorPath === null || this.#cursorText === '') return null;
    const cursor = cursorIn(this.#cursorText, cursorPath);
    if (cursor !== null && cursor.length > upstreamCursorMax)
      throw new ProjectionFault("the upstream's cursor is too long");
    return cursor === '' ? null : cursor;
  }

  #tooLong(what: string): ProjectionFault {
    return new ProjectionFault(`${what} the ${this.#terms.bytesMax} bytes that a page may have`);
  }
}

function branchTo(path: readonly string[]): Branch {
  const [name = '', ...rest] = path;
  const selection: Selection = rest.length === 0 ? null : branchTo(rest);
  return { members: new Map([[name, selection]]), others: undefined };
}

/** A text or a number, with all of its digits; of an answer that is still coming nothing can be read. */
function cursorIn(latin1: string, path: readonly string[]): string | null {
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = Reflect.get(value, name);
  }
  if (typeof value === 'number') return /:(-?\d[\d.eE+-]*)\}+$/.exec(text)?.[1] ?? null;
  return typeof value === 'string' ? value : null;
}
