/**
 * What makes one sequence of bytes of another: copies out of the base, and bytes that are new, as in rsync (Tridgell, 1996) with both
 * sides at hand. A snapshot of ten thousand routes of which one has changed becomes some hundred bytes. Pure.
 *
 *     ┌────┬─────────────┬───────────────┬──────────────────────────────────────────┬───
 *     │ 01 │ base length │ result length │ copy from, copy length, new length, new… │ …      lengths are 4 bytes, big end first
 *     └────┴─────────────┴───────────────┴──────────────────────────────────────────┴───
 *
 * It needs no signature: what it makes is verified like whatever was fetched whole.
 */

const FORMAT = 1;
const HEAD_BYTES = 9;
const STEP_BYTES = 12;
/** Pieces of the base that are found again wherever they stand: shorter than a route, longer than what all routes have alike. */
const BLOCK = 64;
/**
 * Bytes behind a change in which the base is looked for where it went on, before it is looked for everywhere: most changes are a few
 * bytes in their places, and to know all pieces of a base takes ten times as long as to compare it.
 */
const NEAR = 512;
/** Of the rolling hash: a prime, with products below 2 to the power of 53. */
const PRIME = 16_777_213;
const FACTOR = 263;
/** What the oldest byte of a block counts in its hash. */
const LEAVING = Array.from({ length: BLOCK - 1 }).reduce<number>((power) => (power * FACTOR) % PRIME, 1);

/** Looked at before others get their turn: a few milliseconds of a slow core, where nothing is found. */
const SLICE_BYTES = 64 * 1024;

/** A copy out of the base, and what is new behind it. */
export interface Step {
  readonly from: number;
  readonly length: number;
  /** In the result, behind the copy. */
  readonly begin: number;
  readonly end: number;
}

/** Always possible; whether it is worth it is the caller's matter. */
export function encodeDelta(base: Uint8Array, result: Uint8Array): Uint8Array {
  for (const slices = stepsOf(base, result); ; ) {
    const { done, value } = slices.next();
    if (done === true) return deltaOfSteps(base, result, value);
  }
}

/** The same, for whoever has others to answer meanwhile: `pause` lets them have their turn. Null: it is not wanted any more. */
export async function encodeDeltaInSlices(
  base: Uint8Array,
  result: Uint8Array,
  pause: () => Promise<boolean>,
): Promise<Uint8Array | null> {
  for (const slices = stepsOf(base, result); ; ) {
    const { done, value } = slices.next();
    if (done === true) return deltaOfSteps(base, result, value);
    if (!(await pause())) return null;
  }
}

/** Of steps that are known to whoever made the result. */
export function deltaOfSteps(base: Uint8Array, result: Uint8Array, steps: readonly Step[]): Uint8Array {
  const size = steps.reduce((sum, { begin, end }) => sum + STEP_BYTES + end - begin, HEAD_BYTES);
  const delta = new Uint8Array(size);
  const view = new DataView(delta.buffer);
  delta[0] = FORMAT;
  view.setUint32(1, base.length);
  view.setUint32(5, result.length);
  let at = HEAD_BYTES;
  for (const { from, length, begin, end } of steps) {
    view.setUint32(at, from);
    view.setUint32(at + 4, length);
    view.setUint32(at + 8, end - begin);
    delta.set(result.subarray(begin, end), at + STEP_BYTES);
    at += STEP_BYTES + end - begin;
  }
  return delta;
}

/** Null for what is no delta of that base, or would make more than may be. Never throws. */
export function applyDelta(base: Uint8Array, delta: Uint8Array, bytesMax: number): Uint8Array | null {
  if (delta.length < HEAD_BYTES || delta[0] !== FORMAT) return null;
  const view = new DataView(delta.buffer, delta.byteOffset, delta.length);
  const length = view.getUint32(5);
  if (view.getUint32(1) !== base.length || length > bytesMax) return null;
  const result = new Uint8Array(length);
  let made = 0;
  for (let at = HEAD_BYTES; at < delta.length; ) {
    if (at + STEP_BYTES > delta.length) return null;
    const [from, copied, added] = [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8)];
    at += STEP_BYTES;
    if (from + copied > base.length || at + added > delta.length || made + copied + added > length) return null;
    result.set(base.subarray(from, from + copied), made);
    result.set(delta.subarray(at, at + added), made + copied);
    made += copied + added;
    at += added;
  }
  return made === length ? result : null;
}

/** Gives way after each slice. */
function* stepsOf(base: Uint8Array, result: Uint8Array): Generator<void, readonly Step[]> {
  const steps: Step[] = [];
  let blocks: ReadonlyMap<number, number> | null = null;
  let copy = { from: 0, length: matchLength(base, 0, result, 0) };
  let fresh = copy.length;
  let at = fresh;
  const roll = new Rolling(result);
  let pausesAt = SLICE_BYTES;
  while (at + BLOCK <= result.length) {
    if (at >= pausesAt) {
      yield;
      pausesAt = at + SLICE_BYTES;
    }
    // Where it went on before, and where it stands when all that follows is the same: routes are much alike, so the first
    // place with such a block is seldom the right one.
    const near = [copy.from + copy.length + at - fresh, base.length - (result.length - at)];
    if (at - fresh >= NEAR) blocks ??= yield* blocksOf(base);
    const found = longest(base, result, at, blocks === null ? near : [...near, blocks.get(roll.at(at)) ?? -1]);
    if (found.length < BLOCK) {
      at += 1;
      continue;
    }
    const { from, length } = found;
    if (at === fresh && from === copy.from + copy.length) {
      // A copy that is longer than a slice goes on.
      copy = { from: copy.from, length: copy.length + length };
      at += length;
      fresh = at;
      continue;
    }
    // What stands before the block may be the same as well.
    let back = 0;
    while (at - back > fresh && from > back && base[from - back - 1] === result[at - back - 1]) back += 1;
    steps.push({ ...copy, begin: fresh, end: at - back });
    copy = { from: from - back, length: length + back };
    at += length;
    fresh = at;
  }
  steps.push({ ...copy, begin: fresh, end: result.length });
  return steps;
}

function longest(base: Uint8Array, result: Uint8Array, at: number, places: readonly number[]) {
  let best = { from: 0, length: 0 };
  for (const from of places) {
    if (from < 0 || from >= base.length || base[from] !== result[at]) continue;
    const length = matchLength(base, from, result, at);
    if (length > best.length) best = { from, length };
  }
  return best;
}

/** The first of those that are alike: where bytes repeat, any of them will do. */
function* blocksOf(base: Uint8Array): Generator<void, ReadonlyMap<number, number>> {
  const blocks = new Map<number, number>();
  const roll = new Rolling(base);
  for (let at = 0; at + BLOCK <= base.length; at += BLOCK) {
    const hash = roll.at(at);
    if (!blocks.has(hash)) blocks.set(hash, at);
    if (at % SLICE_BYTES === SLICE_BYTES - BLOCK) yield;
  }
  return blocks;
}

/** Not beyond one slice. */
/** How many bytes are alike from there on, up to so many. */
export function matchLength(
  one: Uint8Array,
  oneAt: number,
  other: Uint8Array,
  otherAt: number,
  lengthMax = SLICE_BYTES,
): number {
  const most = Math.min(one.length - oneAt, other.length - otherAt, lengthMax);
  let length = 0;
  // Most are other bytes from the beginning; those that are not go on for long, and are quicker to compare four at a time.
  while (length < most && length < WORD_FROM && one[oneAt + length] === other[otherAt + length]) length += 1;
  if (length === WORD_FROM) {
    const [words, others] = [viewOf(one), viewOf(other)];
    while (length + 4 <= most && words.getInt32(oneAt + length) === others.getInt32(otherAt + length)) length += 4;
  }
  while (length < most && one[oneAt + length] === other[otherAt + length]) length += 1;
  return length;
}

const WORD_FROM = 32;
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Hash of the block that begins somewhere; the next place costs two multiplications, any other a whole block. */
class Rolling {
  readonly #bytes: Uint8Array;
  #at = -1;
  #hash = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  at(place: number): number {
    if (place === this.#at + 1 && this.#at >= 0) this.#next();
    else if (place !== this.#at) this.#whole(place);
    this.#at = place;
    return this.#hash;
  }

  #next(): void {
    const out = this.#bytes[this.#at] ?? 0;
    const next = this.#bytes[this.#at + BLOCK] ?? 0;
    const without = (this.#hash + PRIME - ((out * LEAVING) % PRIME)) % PRIME;
    this.#hash = (without * FACTOR + next) % PRIME;
  }

  #whole(place: number): void {
    let hash = 0;
    for (let i = 0; i < BLOCK; i += 1) hash = (hash * FACTOR + (this.#bytes[place + i] ?? 0)) % PRIME;
    this.#hash = hash;
  }
}
