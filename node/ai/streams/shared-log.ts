/**
 * What comes from one source and is read by several, each at its own pace: items in order, and one end. Pure.
 *
 *   source ──add──▶ [ 0 … n ] ──▶ a reader at n      is given what comes, as it comes
 *                      ▲─────────▶ a reader behind    is given the rest when it has room again
 *
 * While all of it is kept (up to so much, and as long as there is memory for it), the source runs at its own pace and whoever joins
 * begins anywhere. Beyond that it is no longer whole: nobody joins any more, what all have read is let go, and the source waits for
 * the slowest. Behind its end it is kept as long as somebody reads it.
 */

export interface LogReader<Item, End> {
  /** Returns whether there is room for more. */
  items(items: readonly Item[]): boolean;
  /** Behind the last item. */
  ended(end: End): void;
}

/** One who reads; begins closed. */
export interface LogReading {
  /** There is room again; the first call begins it. */
  resume(): void;
  leave(): void;
}

export interface LogParts<Item> {
  readonly sizeMax: number;
  sizeOf(item: Item): number;
  /** Memory of all logs together. */
  readonly memory: { take(bytes: number): boolean; giveBack(bytes: number): void };
  /** The source may go on, after an `add` that said it may not. */
  onRoom(): void;
}

/** Given at once to who is behind: a long log in one piece would be in memory twice. */
const AT_ONCE = 256;

interface State {
  at: number;
  isOpen: boolean;
  isGiving: boolean;
  isGone: boolean;
}

export class SharedLog<Item, End> {
  readonly #parts: LogParts<Item>;
  readonly #readings = new Map<State, LogReader<Item, End>>();
  #items: Item[] = [];
  /** Number of the first item that is kept. */
  #first = 0;
  #size = 0;
  #isWhole = true;
  #isWaiting = false;
  #end: { readonly value: End } | null = null;

  constructor(parts: LogParts<Item>) {
    this.#parts = parts;
  }

  /** All that ever came is here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** How many came. */
  get length(): number {
    return this.#first + this.#items.length;
  }

  get readers(): number {
    return this.#readings.size;
  }

  /** False: the source is to wait for `onRoom`. */
  add(items: readonly Item[]): boolean {
    if (this.#end !== null) return true;
    const size = items.reduce((sum, item) => sum + this.#parts.sizeOf(item), 0);
    if (this.#isWhole && (this.#size + size > this.#parts.sizeMax || !this.#parts.memory.take(size))) this.overflow();
    // What waits for the slowest is no more than one step of the source.
    if (this.#isWhole) this.#size += size;
    this.#items.push(...items);
    for (const [state, reader] of [...this.#readings]) this.#give(state, reader);
    this.#letGo();
    this.#isWaiting = !this.#hasRoom();
    return !this.#isWaiting;
  }

  /** From now on only those who read already get the rest. */
  overflow(): void {
    this.#isWhole = false;
    this.#parts.memory.giveBack(this.#size);
    this.#size = 0;
    this.#letGo();
  }

  end(end: End): void {
    if (this.#end !== null) return;
    this.#end = { value: end };
    for (const [state, reader] of [...this.#readings]) this.#give(state, reader);
    this.#closeWhenRead();
  }

  /** From this item on. Null: it is not kept any more, or has not come. */
  join(reader: LogReader<Item, End>, from: number): LogReading | null {
    if (!this.#isWhole || from > this.length) return null;
    const state: State = { at: from, isOpen: false, isGiving: false, isGone: false };
    this.#readings.set(state, reader);
    return {
      resume: () => {
        if (state.isGone) return;
        state.isOpen = true;
        this.#give(state, reader);
        this.#afterRead();
      },
      leave: () => {
        this.#gone(state);
        this.#afterRead();
      },
    };
  }

  /** Gives its memory back; nobody reads any more, and nobody will. */
  close(): void {
    this.#isWhole = false;
    for (const state of this.#readings.keys()) state.isGone = true;
    this.#readings.clear();
    this.#parts.memory.giveBack(this.#size);
    this.#size = 0;
    this.#first += this.#items.length;
    this.#items = [];
  }

  #closeWhenRead(): void {
    if (this.#end !== null && this.#readings.size === 0) this.close();
  }

  #gone(state: State): void {
    state.isGone = true;
    this.#readings.delete(state);
    this.#closeWhenRead();
  }

  #give(state: State, reader: LogReader<Item, End>): void {
    if (state.isGiving) return;
    state.isGiving = true;
    while (state.isOpen && !state.isGone && state.at < this.length) {
      const from = state.at - this.#first;
      const items = this.#items.slice(from, from + AT_ONCE);
      state.at += items.length;
      state.isOpen = false;
      if (reader.items(items)) state.isOpen = true;
    }
    state.isGiving = false;
    // Also where there is no room: the end takes none.
    if (this.#end === null || state.isGone || state.at < this.length) return;
    this.#gone(state);
    reader.ended(this.#end.value);
  }

  #afterRead(): void {
    this.#letGo();
    if (!this.#isWaiting || !this.#hasRoom()) return;
    this.#isWaiting = false;
    this.#parts.onRoom();
  }

  #hasRoom(): boolean {
    if (this.#isWhole) return true;
    for (const state of this.#readings.keys()) if (!state.isOpen || state.at < this.length) return false;
    return true;
  }

  #letGo(): void {
    if (this.#isWhole) return;
    let least = this.length;
    for (const { at } of this.#readings.keys()) least = Math.min(least, at);
    this.#items.splice(0, least - this.#first);
    this.#first = least;
  }
}
