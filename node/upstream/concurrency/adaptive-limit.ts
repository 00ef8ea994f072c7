/**
 * How many requests an upstream can work on at once, found out from how long they take.
 *
 * After gradient2 of Netflix' concurrency-limits (`limit/Gradient2Limit.java`): the latency of now against that of the
 * long run says whether requests queue behind each other at the upstream, and a queue of √limit is allowed so that the
 * limit can grow at all.
 *
 *   limit ← limit × clamp(½, tolerance × long ÷ now, 1) + √limit      once per window, when the limit was used
 *
 * Two departures. The original averages `long` over all samples, so under steady overload it learns the queue that it
 * causes itself, and the limit drifts upwards without end: from 20 to 300 in two minutes with the model in testing/plant.ts.
 * Here, while the limit is used, `long` only falls; what is slower is learnt in dips. Every 15 s in which requests wait
 * for the limit it is halved for as long as one measurement takes. The queue at the upstream drains, and two things show:
 * the latency without it, and whether throughput has fallen. If it has not, the lower limit was enough and stays.
 *
 *   free ──15 s, requests wait──▶ draining ──a window──▶ measuring ──100 answers──▶ free
 *                                    ▲                       │
 *                                    └──throughput the same──┘
 *
 * (Envoy's gradient controller and Netflix' first one go down to a handful to measure, which refuses most of the
 * traffic each time.) And the latency of now is a mean without its highest tenth: a few stalls are no queue.
 *
 * Pure: the caller passes the time in. One owner: the gate (gate.ts).
 */
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';

/** A window lasts at least this, at least as long as a request (sooner no change shows), and no longer than the third. */
const WINDOW_MS = 100;
const WINDOW_MAX_MS = 30_000;
/** Fewer answers than this say nothing: with exponential service times their mean is off by a fifth already. */
const SAMPLES_MIN = 25;
/** A dip is measured to a tenth: what it finds is acted on until the next. */
const SAMPLES_DIP = 100;
/** Of a busy window the latest are looked at; a power of two. */
const SAMPLES_KEPT = 128;
/** Share of the slowest answers that is left out. */
const TRIMMED_SHARE = 0.1;
/** Latency may be this many times that of the long run before the limit shrinks; with 1.5, their default, chance alone cost 3 % of the throughput. */
const TOLERANCE = 2;
/** A window halves the limit at most. */
const GRADIENT_MIN = 0.5;
/** Weight of a window in the long run when it was faster, and when it was slower; the first few are averaged plainly. */
const WEIGHT_FASTER = 0.1;
const WEIGHT_SLOWER = 0.05;
const WINDOWS_PLAIN = 10;
/** Weight of what a dip has shown, when it was slower; when it was faster, that is the long run from now on. */
const WEIGHT_DIP_SLOWER = 0.5;
/** From one dip to the next; it lasts two windows. One that has changed the long run by a third is checked so many windows on. */
const DIP_EVERY_MS = 15_000;
const WINDOWS_TO_CHECK = 10;
const CHANGED_SHARE = 0.33;
/** A dip that leaves this share of the throughput has shown that the lower limit does: it stays. One that leaves this much dips again. */
const THROUGHPUT_KEPT = 0.9;
const THROUGHPUT_UNMOVED = 0.95;
/** Weight of a window in the throughput that a dip is held against. */
const WEIGHT_THROUGHPUT = 0.3;
/** 1 ÷ tolerance: takes away what the tolerance adds. */
const DIP_SHARE = 0.5;

/** - `free`: the limit moves. - `draining`: a dip has begun, its answers still queued. - `measuring`: they no longer do. */
type Phase = 'free' | 'draining' | 'measuring';

export class AdaptiveLimit {
  /** Requests that may be in flight now; whole. */
  limit: number;
  readonly #min: number;
  readonly #max: number;
  /** The limit between dips, with its fraction. */
  #exact: number;
  /** NaN: nothing was measured yet. */
  #longMs = Number.NaN;
  readonly #latenciesMs = new Float64Array(SAMPLES_KEPT);
  #answers = 0;
  #timeouts = 0;
  #windowSinceMs = Number.NaN;
  #inFlightPeak = 0;
  /** Requests of the window that ended while no place was free. */
  #atLimit = 0;
  #windows = 0;
  /** Time of an answer in the last window. */
  #shortMs = 0;
  /** The next dip is due after so many windows, and not before that time. */
  #windowsToDip = WINDOWS_TO_CHECK;
  #dipAfterMs = 0;
  /** Answers per millisecond while the limit was the bottleneck; 0: it was not. */
  #perMs = 0;
  #phase: Phase = 'free';

  constructor({ limitMin, limitMax, limitStart }: Pick<ConcurrencySpec, 'limitMin' | 'limitMax' | 'limitStart'>) {
    this.#min = limitMin;
    this.#max = limitMax;
    this.#exact = limitStart;
    this.limit = limitStart;
  }

  /** Latency of the long run; NaN before anything was measured. */
  get longMs(): number {
    return this.#longMs;
  }

  /** A request was answered. `inFlight` counts it. */
  answered(latencyMs: number, inFlight: number, nowMs: number): void {
    this.#latenciesMs[this.#answers & (SAMPLES_KEPT - 1)] = latencyMs;
    this.#answers += 1;
    this.#seen(inFlight, nowMs);
  }

  /** A request was given up because it took too long. */
  timedOut(inFlight: number, nowMs: number): void {
    this.#timeouts += 1;
    this.#seen(inFlight, nowMs);
  }

  #seen(inFlight: number, nowMs: number): void {
    if (inFlight > this.#inFlightPeak) this.#inFlightPeak = inFlight;
    if (inFlight >= this.limit) this.#atLimit += 1;
    if (Number.isNaN(this.#windowSinceMs)) this.#windowSinceMs = nowMs;
    if (this.#answers + this.#timeouts < (this.#phase === 'measuring' ? SAMPLES_DIP : SAMPLES_MIN)) return;
    if (nowMs - this.#windowSinceMs < Math.max(WINDOW_MS, Math.min(WINDOW_MAX_MS, this.#shortMs))) return;
    this.#closeWindow(nowMs);
  }

  #closeWindow(nowMs: number): void {
    const shortMs = this.#answers === 0 ? Number.NaN : this.#trimmedMean();
    const isBottleneck = this.#atLimit * 2 >= this.#answers + this.#timeouts;
    const perMs = this.#answers / (nowMs - this.#windowSinceMs);
    if (this.#phase === 'draining') {
      this.#phase = 'measuring';
    } else if (this.#phase === 'measuring') {
      this.#endDip(shortMs, perMs, nowMs);
    } else {
      // While the limit is used, what is slower may be the queue that it lets through: a dip will tell.
      const isUsed = this.#inFlightPeak * 2 >= this.#exact;
      this.#learn(shortMs, isUsed ? 0 : WEIGHT_SLOWER, WEIGHT_FASTER);
      if (isUsed) this.#move(shortMs);
      this.#windowsToDip -= 1;
      // Only while the limit is what holds requests back: otherwise there are quieter moments to measure in.
      if (!isBottleneck) this.#perMs = 0;
      else this.#perMs += (perMs - this.#perMs) * (this.#perMs === 0 ? 1 : WEIGHT_THROUGHPUT);
      if (this.#windowsToDip <= 0 && nowMs >= this.#dipAfterMs && isBottleneck) this.#phase = 'draining';
    }
    if (this.#answers > 0) this.#shortMs = shortMs;
    this.limit = Math.floor(this.#phase === 'free' ? this.#exact : this.#dipped());
    this.#answers = 0;
    this.#timeouts = 0;
    this.#inFlightPeak = 0;
    this.#atLimit = 0;
    this.#windowSinceMs = nowMs;
  }

  #learn(shortMs: number, weightSlower: number, weightFaster: number): void {
    if (Number.isNaN(shortMs)) return;
    this.#windows += 1;
    // The first windows know mostly the answers that came first, so none of them counts for more than another.
    const plain = this.#windows <= WINDOWS_PLAIN ? 1 / this.#windows : 0;
    if (Number.isNaN(this.#longMs)) this.#longMs = shortMs;
    else
      this.#longMs += (shortMs - this.#longMs) * Math.max(plain, shortMs < this.#longMs ? weightFaster : weightSlower);
  }

  #move(shortMs: number): void {
    let next = this.#exact;
    if (!Number.isNaN(shortMs)) {
      const gradient = Math.max(GRADIENT_MIN, Math.min(1, (TOLERANCE * this.#longMs) / Math.max(shortMs, 0.001)));
      next = next * gradient + Math.sqrt(next);
    }
    // In proportion, so that the two in a hundred that stall anyhow cost a limit of 2,500 what it grows, and less less.
    const timedOutShare = this.#timeouts / (this.#timeouts + this.#answers);
    next *= Math.max(GRADIENT_MIN, 1 - timedOutShare);
    this.#exact = Math.max(this.#min, Math.min(this.#max, next));
  }

  #dipped(): number {
    return Math.max(this.#min, this.#exact * DIP_SHARE);
  }

  #endDip(shortMs: number, perMs: number, nowMs: number): void {
    const beforeMs = this.#longMs;
    this.#learn(shortMs, WEIGHT_DIP_SLOWER, 1);
    const hasChanged = Math.abs(this.#longMs - beforeMs) > CHANGED_SHARE * beforeMs;
    const dipped = this.#dipped();
    // At the smallest limit a dip takes nothing away.
    this.#windowsToDip = WINDOWS_TO_CHECK;
    this.#dipAfterMs = hasChanged || dipped === this.#exact ? nowMs : nowMs + DIP_EVERY_MS;
    this.#phase = 'free';
    if (dipped === this.#exact || perMs < THROUGHPUT_KEPT * this.#perMs) return;
    this.#exact = dipped;
    if (perMs >= THROUGHPUT_UNMOVED * this.#perMs) this.#phase = 'draining';
  }

  #trimmedMean(): number {
    const kept = this.#latenciesMs.subarray(0, Math.min(this.#answers, SAMPLES_KEPT)).sort();
    const count = Math.ceil(kept.length * (1 - TRIMMED_SHARE));
    let sumMs = 0;
    for (let i = 0; i < count; i += 1) sumMs += kept[i] ?? 0;
    return sumMs / count;
  }
}
