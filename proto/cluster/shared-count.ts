/**
 * One limit that several nodes keep together: so many requests of one key in one window, whichever nodes they come to. Each node
 * counts what it admits; counts only grow and are told whole, so merging them is taking the larger one, and messages may be lost,
 * late or doubled. Nobody is asked before a request is admitted. Pure.
 *
 * A node i admits one more only when both hold:
 *
 *   (1)  own + heard + 1 ≤ limit                               heard: what the others have told
 *   (2)  unsettled + 1 ≤ max(1, share × (limit − settled − heard))
 *
 * `settled` is what was told SETTLE_MS ago and so has been heard by all; `unsettled` is the rest of `own`. `share` is the node's part
 * of what was asked of all nodes, as was told: all reckon with the same numbers, so shares add up to one as soon as all have heard
 * the same. With the first telling in a window each says how the one before ended, so all know the same of that one.
 *
 * The bound. When i admits the last request, (1) says own_i + heard_i ≤ limit. What is admitted in all is that and what i has not
 * heard, Σ over j ≠ i of (own_j − heard_ij). Where messages take no longer than SETTLE_MS that is at most unsettled_j, and so by (2)
 *
 *        overshoot ≤ Σ over j ≠ i of max(1, share_j × left_j)           left_j: what j took to be left
 *
 * In the worst case, all nodes surprised by full demand at the beginning of a window, that is (1 − 1/n) × limit + n; in a steady flow
 * left_j is next to nothing when the limit is reached, and so is the overshoot (`shared-count.test.ts` measures it). A node that is
 * cut off, and knows it, settles nothing: it admits its share of what was left, and n such nodes exceed nothing. Where a bus
 * falls apart into p pieces unnoticed, each of them admits up to the limit: (p − 1) × limit, until the members of each piece count
 * the others as dead. Windows are those of the wall clock; a clock that is off by d counts for d in the window beside.
 */

/** Messages are heard by all within this time: a few milliseconds of way, and the longest turn of a busy event loop. */
export const SETTLE_MS = 100;
/** Nobody's share is less than this part of an equal one, so that who was idle can begin. */
const IDLE_PART = 0.05;
/** Tellings that are not settled yet; one each 100 ms, so two, and what a late tick adds. */
const TELLINGS_MAX = 8;

export interface Tally {
  readonly admitted: number;
  readonly asked: number;
}

interface Telling extends Tally {
  readonly atMs: number;
}

/** In a window, of this node and of all others. */
interface Asked {
  readonly own: number;
  readonly others: number;
}

const nobody: Asked = { own: 0, others: 0 };

export class SharedCount {
  readonly limit: number;
  /** Of this window, and asked in the one before, of this node and of the others. */
  readonly window: number;
  #before: Asked;
  /** The same of the latest window of which all have told its end: what a node that is cut off goes on by. */
  readonly #proven: Asked;
  /** The window before, until it is the second one before. */
  #last: SharedCount | null;
  /** When its end was told; null: it is not. */
  #lastToldAtMs: number | null = null;
  /** Since then the others had the time to tell theirs, and the bus was there. */
  #isLastProven = false;
  #admitted = 0;
  #asked = 0;
  /** Null until somebody is heard: most keys of most nodes are theirs alone. */
  #others: Map<string, { admitted: number; asked: number }> | null = null;
  #heard = 0;
  #othersAsked = 0;
  /** Oldest first; the first is settled, or the only one. */
  readonly #tellings: Telling[] = [];
  #settled = 0;
  #settledAsked = 0;

  constructor(limit: number, window: number, before: SharedCount | null) {
    this.limit = limit;
    this.window = window;
    const last = before !== null && before.window === window - 1 ? before : null;
    this.#last = last;
    this.#before = last === null ? nobody : last.#askedInIt();
    this.#proven = last === null ? nobody : last.#provenInIt();
    if (before !== null) before.#last = null;
  }

  get own(): Tally {
    return { admitted: this.#admitted, asked: this.#asked };
  }

  get heard(): number {
    return this.#heard;
  }

  /** What is left of the limit, as far as is known here. */
  get left(): number {
    return Math.max(0, this.limit - this.#admitted - this.#heard);
  }

  /** Admitted, and perhaps not known to all. */
  unsettled(nowMs: number): number {
    this.#settle(nowMs);
    return this.#admitted - this.#settled;
  }

  /** How many may be unsettled: the right side of (2). `members`: how many share the limit, this node included. */
  allowance(members: number, nowMs: number): number {
    this.#settle(nowMs);
    const left = this.limit - this.#settled - this.#heard;
    return Math.max(1, this.share(members) * left);
  }

  /** Whether one more would be admitted. */
  admits(members: number, nowMs: number): boolean {
    if (this.#admitted + this.#heard + 1 > this.limit) return false;
    return this.unsettled(nowMs) + 1 <= this.allowance(members, nowMs);
  }

  /** One was asked for, and admitted or not. */
  add(isAdmitted: boolean): void {
    this.#asked += 1;
    if (isAdmitted) this.#admitted += 1;
  }

  take(members: number, nowMs: number): boolean {
    const isWithin = this.admits(members, nowMs);
    this.add(isWithin);
    return isWithin;
  }

  /** What is said to the others now; they hear it unless the bus is away. */
  tell(nowMs: number): Tally {
    this.#settle(nowMs);
    if (this.#lastToldAtMs !== null && nowMs - this.#lastToldAtMs >= SETTLE_MS) this.#isLastProven = true;
    const told = { ...this.own, atMs: nowMs };
    if (this.#tellings.length === TELLINGS_MAX) this.#tellings.splice(TELLINGS_MAX - 1, 1);
    this.#tellings.push(told);
    return told;
  }

  /** What was told last was never sent. */
  untell(): void {
    this.#tellings.pop();
  }

  /** How the window before ended, for the others to reckon shares by; null: they know it, or nothing of that window. */
  tellLast(nowMs: number): Tally | null {
    const last = this.#last;
    if (last === null || this.#lastToldAtMs !== null || last.#isSilent) return null;
    this.#lastToldAtMs = nowMs;
    this.#before = last.#askedAtItsEnd;
    return last.#asked === last.#toldAsked ? null : last.own;
  }

  untellLast(): void {
    this.#lastToldAtMs = null;
  }

  /** Of the window before. */
  hearLast(id: string, tally: Tally): void {
    const last = this.#last;
    if (last === null) return;
    last.hear(id, tally);
    if (this.#lastToldAtMs !== null) this.#before = last.#askedAtItsEnd;
  }

  /** Returns how many of them are news. */
  hear(id: string, { admitted, asked }: Tally): number {
    this.#others ??= new Map();
    const known = this.#others.get(id);
    if (known === undefined) {
      this.#others.set(id, { admitted, asked });
      this.#heard += admitted;
      this.#othersAsked += asked;
      return admitted;
    }
    const news = Math.max(0, admitted - known.admitted);
    this.#heard += news;
    known.admitted += news;
    const newsOfAsked = Math.max(0, asked - known.asked);
    this.#othersAsked += newsOfAsked;
    known.asked += newsOfAsked;
    return news;
  }

  /** By what was asked in the window before and in this one, as far as it was told. */
  share(members: number): number {
    const own = this.#before.own + this.#settledAsked;
    const all = own + this.#before.others + this.#othersAsked;
    if (members <= 1 || all === 0) return 1 / Math.max(1, members);
    const idle = (IDLE_PART * all) / members;
    return (own + idle) / (all + idle * members);
  }

  /** Nobody told anybody anything in it. */
  get #isSilent(): boolean {
    return this.#toldAsked + this.#othersAsked === 0;
  }

  /**
   * A window in which nobody was told anything leaves no trace: a node that is cut off goes on with the share it had. Not
   * with that of the window in which it was cut off: the part of it that each has told depends on when it was that node's turn.
   */
  #askedInIt(): Asked {
    if (!this.#isSilent) return { own: this.#toldAsked, others: this.#othersAsked };
    return this.#proven.own + this.#proven.others > 0 ? this.#proven : this.#before;
  }

  get #askedAtItsEnd(): Asked {
    return { own: this.#asked, others: this.#othersAsked };
  }

  #provenInIt(): Asked {
    return this.#isLastProven ? this.#before : this.#proven;
  }

  get #toldAsked(): number {
    return this.#tellings.at(-1)?.asked ?? this.#settledAsked;
  }

  #settle(nowMs: number): void {
    for (
      let first = this.#tellings[0];
      first !== undefined && nowMs - first.atMs >= SETTLE_MS;
      first = this.#tellings[0]
    ) {
      this.#settled = first.admitted;
      this.#settledAsked = first.asked;
      this.#tellings.shift();
    }
  }
}
