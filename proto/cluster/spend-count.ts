/**
 * What one caller has spent in one window, over all nodes that count it together: the shared limits of shared-count.ts for amounts that
 * are known only afterwards. Each request reserves what it is expected to cost, and settles what it has cost.
 *
 *   reserved   all that was ever reserved ─┐
 *   released   what of it is settled       ├─ of each life of each node; each of them only grows
 *   spent      what that has really cost  ─┘
 *
 *   held = reserved − released        committed = held + spent
 *
 * So counts are told whole and merged by taking the larger of each: messages may be lost, late or doubled, and anybody may tell on
 * what he has heard of others. Nobody is asked before a request is admitted. A node admits an amount only when both hold:
 *
 *   (1)  committed + heard + amount ≤ limit                  heard: what the others have committed, as they told it
 *   (2)  fresh + amount ≤ left / 2n,  or nothing is fresh    fresh: reserved, and not known to have been heard by all
 *
 * (2) is a part of what is left, and not of the limit: the n nodes together commit no more than half of it in the time in which
 * they hear of each other, then half of the rest, and so come to the limit without stepping over it; an amount that is larger than
 * that goes alone. What is refused by (2) alone may be admitted a tenth of a second later (`isShare`), so whoever can wait does.
 *
 * The bound. When i admits the last amount, (1) says committed_i + heard_i ≤ limit. What is committed in all is that and what i has
 * not heard, which of each j is fresh there, where messages take no longer than they are waited for. So, with c the largest amount,
 *
 *        Σ committed ≤ limit + Σ over j ≠ i of max(c, left_j / 2n)         left_j: what j took to be left
 *
 * At worst, all nodes surprised by demand for all of it within a fifth of a second, that is half the limit and n amounts; as the
 * limit is come to, (n − 1) amounts (`shared-spends.test.ts`). What is spent beyond that is what calls in flight cost more than was
 * reserved for them. A node that is cut off gets nothing heard, so it goes on with one 2n-th of what was left. Pure.
 */

export interface Spending {
  readonly reserved: number;
  readonly released: number;
  readonly spent: number;
}

interface Telling {
  readonly atMs: number;
  readonly reserved: number;
}

/** Of others, in one window: each life of a node is one. Those that come beyond it are not heard. */
export const LIVES_MAX = 4_000;
/** Tellings that may not have been heard yet. */
const TELLINGS_MAX = 8;

const nothing: Spending = { reserved: 0, released: 0, spent: 0 };

export const committedOf = ({ reserved, released, spent }: Spending): number => reserved - released + spent;

export class SpendCount {
  readonly window: number;
  #reserved = 0;
  #released = 0;
  #spent = 0;
  /** Null until somebody is heard: most callers of most nodes are theirs alone. */
  #others: Map<string, Spending> | null = null;
  #heard = 0;
  #heardHeld = 0;
  /** Oldest first. */
  readonly #tellings: Telling[] = [];
  #settledReserved = 0;

  constructor(window: number) {
    this.window = window;
  }

  get own(): Spending {
    return { reserved: this.#reserved, released: this.#released, spent: this.#spent };
  }

  get committed(): number {
    return this.#reserved - this.#released + this.#spent + this.#heard;
  }

  /** Of all, what may become less. */
  get held(): number {
    return this.#reserved - this.#released + this.#heardHeld;
  }

  others(): Iterable<readonly [life: string, spending: Spending]> {
    return this.#others ?? [];
  }

  /** Reserved here, and perhaps not known to all. */
  fresh(settleMs: number, nowMs: number): number {
    for (let first = this.#tellings[0]; first !== undefined && nowMs - first.atMs >= settleMs; ) {
      this.#settledReserved = first.reserved;
      this.#tellings.shift();
      first = this.#tellings[0];
    }
    return this.#reserved - this.#settledReserved;
  }

  reserve(amount: number): void {
    this.#reserved += amount;
  }

  settle(reserved: number, real: number): void {
    this.#released += reserved;
    this.#spent += real;
  }

  /** What is said to the others now; they hear it unless the bus is away. */
  tell(nowMs: number): Spending {
    if (this.#tellings.length === TELLINGS_MAX) this.#tellings.splice(TELLINGS_MAX - 1, 1);
    this.#tellings.push({ atMs: nowMs, reserved: this.#reserved });
    return this.own;
  }

  /** What was told last was never sent. */
  untell(): void {
    this.#tellings.pop();
  }

  /** Whether it was news. */
  hear(life: string, { reserved, released, spent }: Spending): boolean {
    this.#others ??= new Map();
    const before = this.#others.get(life) ?? nothing;
    if (before === nothing && this.#others.size >= LIVES_MAX) return false;
    const merged = {
      reserved: Math.max(before.reserved, reserved),
      released: Math.max(before.released, released),
      spent: Math.max(before.spent, spent),
    };
    this.#others.set(life, merged);
    this.#heard += committedOf(merged) - committedOf(before);
    this.#heardHeld += merged.reserved - merged.released - (before.reserved - before.released);
    return merged.reserved + merged.released + merged.spent > before.reserved + before.released + before.spent;
  }

  /** A life is over: nobody settles what it held. What its calls have cost by then nobody knows, and it is not counted. */
  forgetHeld(life: string): void {
    const known = this.#others?.get(life);
    if (known === undefined) return;
    this.hear(life, { ...known, released: known.reserved });
  }
}
