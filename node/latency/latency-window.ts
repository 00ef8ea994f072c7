/**
 * How long answers take now: sketches of the last minute, or of the last hundred answers where there are fewer.
 *
 *        closed slices                              open slice
 *   │ 10 s │ 10 s │ 10 s │ 25 s: few came │ 10 s │ 4 s ▶ now
 *   └──────────────── the whole is their sum ────┘
 *
 * A slice is closed after 10 s, but not before it has its share of the hundred, so that a quiet route has learnt
 * something, too. After 10 min it is closed whatever it has: what was true an hour ago is not known to be true now. The
 * sum is kept up to date, so that a quantile costs one pass over it, whatever the number of slices.
 *
 * A window takes 12 KiB while all is well, and 24 at most. In a cluster what other nodes have learnt is read together with it
 * (mixed-counts.ts); it is never told on.
 */
import { type Heard, mixed, shareOfHeard } from './mixed-counts.js';
import { type Counts, quantileOf, type Reading } from './quantiles.js';
import { bucketOf, Sketch } from './sketch.js';

const SLICES = 6;
const SLICE_MS = 10_000;
const SLICE_MS_MAX = 600_000;
/** Five closed slices then hold the hundred answers without which nothing is concluded (learnt-limit.ts). */
const SLICE_ANSWERS = 20;

/** Made on first use: many slices see nothing that was given up, and many routes see no traffic. */
class Slice {
  #answered: Sketch | null = null;
  #givenUp: Sketch | null = null;

  get answered(): Sketch {
    this.#answered ??= new Sketch();
    return this.#answered;
  }

  get givenUp(): Sketch {
    this.#givenUp ??= new Sketch();
    return this.#givenUp;
  }

  get answers(): number {
    return this.#answered?.count ?? 0;
  }

  takeOutOf(sum: Slice): void {
    if (this.#answered !== null) sum.answered.subtract(this.#answered);
    if (this.#givenUp !== null) sum.givenUp.subtract(this.#givenUp);
    this.#answered?.clear();
    this.#givenUp?.clear();
  }
}

export class LatencyWindow {
  readonly #slices: readonly Slice[] = Array.from({ length: SLICES }, () => new Slice());
  readonly #sum = new Slice();
  #position = 0;
  #open: Slice = this.#slices[0] ?? this.#sum;
  #openedAtMs = Number.NaN;
  /** Before this the open slice stays open, whatever it has. */
  #closesAtMs = Number.NEGATIVE_INFINITY;
  #heard: Heard | null = null;

  /** An answer came after this time. */
  answered(ms: number, nowMs: number): void {
    if (nowMs >= this.#closesAtMs) this.#turn(nowMs);
    const bucket = bucketOf(ms);
    this.#open.answered.observeBucket(bucket);
    this.#sum.answered.observeBucket(bucket);
  }

  /** There was no answer in this time, and nobody waited any longer. */
  gaveUp(afterMs: number, nowMs: number): void {
    if (nowMs >= this.#closesAtMs) this.#turn(nowMs);
    const bucket = bucketOf(afterMs);
    this.#open.givenUp.observeBucket(bucket);
    this.#sum.givenUp.observeBucket(bucket);
  }

  /** What other nodes have learnt of the same; null: nothing, or nothing any more. */
  hear(heard: Heard | null): void {
    this.#heard = heard;
  }

  get hasHeard(): boolean {
    return this.#heard !== null;
  }

  /** Answers that it rests on, those of other nodes among them as far as they count. */
  answers(nowMs: number): number {
    const own = this.ownAnswers(nowMs);
    const heard = this.#heard;
    return heard === null ? own : own + heard.answered.count * shareOfHeard(own, heard);
  }

  /** Answers of this node. */
  ownAnswers(nowMs: number): number {
    if (nowMs >= this.#closesAtMs) this.#turn(nowMs);
    return this.#sum.answers;
  }

  /** What this node has learnt by itself. */
  own(nowMs: number): { readonly answered: Sketch; readonly givenUp: Sketch } {
    if (nowMs >= this.#closesAtMs) this.#turn(nowMs);
    return this.#sum;
  }

  /** NaN without answers. Costs one microsecond: whoever wants it for each request keeps it for a while. */
  quantile(q: number, reading: Reading, nowMs: number): number {
    if (nowMs >= this.#closesAtMs) this.#turn(nowMs);
    const heard = this.#heard;
    if (heard === null) return quantileOf(this.#sum.answered, this.#sum.givenUp, q, reading);
    const share = shareOfHeard(this.#sum.answers, heard);
    const counts = (own: Counts, others: Counts): Counts => mixed(own, others, share);
    return quantileOf(counts(this.#sum.answered, heard.answered), counts(this.#sum.givenUp, heard.givenUp), q, reading);
  }

  #turn(nowMs: number): void {
    if (Number.isNaN(this.#openedAtMs)) {
      this.#openAt(nowMs);
      return;
    }
    const ageMs = nowMs - this.#openedAtMs;
    if (ageMs < SLICE_MS || (ageMs < SLICE_MS_MAX && this.#open.answers < SLICE_ANSWERS)) return;
    // After a long silence several slices are over.
    const over = Math.min(SLICES, Math.max(1, Math.floor(ageMs / SLICE_MS_MAX)));
    for (let i = 0; i < over; i += 1) {
      this.#position = (this.#position + 1) % SLICES;
      this.#open = this.#slices[this.#position] ?? this.#open;
      this.#open.takeOutOf(this.#sum);
    }
    this.#openAt(nowMs);
  }

  #openAt(nowMs: number): void {
    this.#openedAtMs = nowMs;
    this.#closesAtMs = nowMs + SLICE_MS;
  }
}
