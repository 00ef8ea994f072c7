/**
 * How many requests an upstream can work on at once, found out from how long they take.
 *
 * It begins wide open, at `start`, and nothing is held back while nothing is wrong: an upstream may be slow, or hold
 * thousands of requests by design. When it is overrun (overrun.ts) the limit comes down to what is under way at that
 * moment, and from then on it moves. Not half used for ten seconds, it opens again.
 *
 *   limit ← limit × min(1, tolerance × long ÷ now) + √limit         once per window, when the limit was used
 *
 * This is gradient2 of Netflix' concurrency-limits (`limit/Gradient2Limit.java`): the latency of now against that of the
 * long run says whether requests queue behind each other at the upstream, and a queue of √limit is allowed so that the
 * limit can grow at all. Two departures. The original averages `long` over all samples, so under steady overload it learns
 * the queue that it causes itself: from 20 to 300 in two minutes with the model in testing/plant.ts. And a limit that
 * shrinks for latency alone shrinks without end where answers have become slower for good. Here the limit falls by
 * a tenth per window at most, and what is far off is found by dips: for as long as one measurement takes it is halved.
 *
 *   free ──far off, or 15 s, while requests wait──▶ draining ──a window──▶ measuring ──64 answers──▶ free
 *                                                      ▲                       │
 *                                                      └──half does as well────┘
 *
 * With a queue at the upstream, half the limit gives as many answers in half the time: it stays at half. Without one it
 * gives half as many in the same time: then that is the latency of the long run, and the limit goes back to where it was.
 * (Envoy's gradient controller and Netflix' first one go down to a handful to measure, which refuses most of the
 * traffic each time.)
 *
 * Pure: the caller passes the time in. One owner: the gate (gate.ts).
 */
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import { LimitWindow } from './limit-window.js';
import { Overrun } from './overrun.js';
import { type Finding, Trial } from './trial.js';

/** A window lasts at least this, at least as long as a request (sooner no change shows), and no longer than the third. */
const WINDOW_MS = 100;
const WINDOW_MAX_MS = 30_000;
/** Fewer answers than this say nothing: with exponential service times their mean is off by a fifth already. */
const SAMPLES_MIN = 25;
/** A dip is measured by more, since what it finds is acted on until the next; it ends sooner when it visibly costs. */
const SAMPLES_DIP = 64;
const THROUGHPUT_LOST = 0.7;
/** Latency may be this many times that of the long run before the limit shrinks; with 1.5, their default, chance alone cost 3 % of the throughput. */
const TOLERANCE = 2;
/** At this many times it is far off: a dip finds out which of the two is wrong. */
const FAR_OFF = 2.5;
/** A window takes a tenth at most for latency, half for requests that were given up. */
const FALL_MIN = 0.9;
const FALL_MIN_TIMEOUTS = 0.5;
/** Weight of a window in the long run when it was faster, and when it was slower; the first few are averaged plainly. */
const WEIGHT_FASTER = 0.1;
const WEIGHT_SLOWER = 0.05;
const WINDOWS_PLAIN = 10;
/** Weight of what a dip has shown that cost nothing, when it was slower; in all other cases that is the long run from now on. */
const WEIGHT_DIP_SLOWER = 0.5;
/** From one dip to the next. One that has changed the long run by a third is checked so many windows on. */
const DIP_EVERY_MS = 15_000;
const WINDOWS_TO_CHECK = 10;
const CHANGED_SHARE = 0.33;
/** A dip needs a throughput to be held against: that of so many windows at the limit, each with this weight later on. */
const WINDOWS_RATED = 3;
const WEIGHT_THROUGHPUT = 0.3;
/** 1 ÷ tolerance: takes away what the tolerance adds. */
const DIP_SHARE = 0.5;
/**
 * A dip was too deep when throughput fell by more than latency did, with this much in favour of throughput. Both are read,
 * because a rate alone is known to an eighth from 64 answers, and one unlucky dip costs 15 s: judged by the rate alone,
 * one run in fifty was unlucky three times in a row and stayed at four times the limit.
 */
const DEEP_FACTOR = 1.25;
/** Latency can't rise because less is asked: then the upstream itself has changed meanwhile, and the dip says nothing. */
const LATENCY_CHANGED = 1.3;
/** No queue was there to begin with when latency had been within this of what a dip that was too deep has shown. */
const NO_QUEUE = 1.3;
/** A limit of which not half was used for so long says nothing any more. */
const UNUSED_MS = 10_000;
/**
 * A client that left says something when it had waited this many times as long as is usual. It may ask for what always
 * takes long and leave at once, again and again, so it is no more than a witness to slow answers of others. Where nobody
 * is answered it says nothing: long polls that end by their clients look the same as an upstream that stands still.
 */
const LEFT_FACTOR = 3;

/** Far enough from what was under way for a trial to tell, and so many times what keeps the upstream busy. */
const LESS_SHARE = 0.33;
const BUSY_FACTOR = 1.25;
/** Answers are slow again at half as much again as the mean: few do, whatever their spread, unless there is more to it. */
const MISTAKEN_SHARE = 0.5;

/** - `free`: the limit moves. - `draining`: a dip has begun, its answers still queued. - `measuring`: they no longer do. */
type Phase = 'free' | 'draining' | 'measuring';

export type LimitTerms = Pick<ConcurrencySpec, 'limitMin' | 'limitMax' | 'limitStart'>;

export class AdaptiveLimit {
  /** Requests that may be in flight now; whole. */
  limit: number;
  #min: number;
  #max: number;
  #start: number;
  /** The limit between dips, with its fraction. */
  #exact: number;
  /** NaN: nothing was measured yet. */
  #longMs = Number.NaN;
  readonly #window = new LimitWindow();
  readonly #overrun = new Overrun();
  readonly #trial = new Trial();
  #windows = 0;
  /** Time of an answer in the last window. */
  #shortMs = 0;
  #phase: Phase = 'free';
  /** The next dip is due after so many windows, and not before that time. */
  #windowsToDip = WINDOWS_TO_CHECK;
  #dipAfterMs = 0;
  /** After a dip that was too deep there is none for being far off, and the next one is not followed by another. */
  #wasDeep = false;
  #followsUp = false;
  /** Answers per millisecond while the limit was the bottleneck, in so many windows; and their time before a dip. */
  #perMs = 0;
  #windowsRated = 0;
  #freeMs = 0;
  #usedAtMs = 0;

  constructor({ limitMin, limitMax, limitStart }: LimitTerms) {
    this.#min = limitMin;
    this.#max = limitMax;
    this.#start = limitStart;
    this.#exact = limitStart;
    this.limit = limitStart;
  }

  /** Other bounds from now on. What was learnt stays within them; what has never come down begins where they say. */
  change({ limitMin, limitMax, limitStart }: LimitTerms): void {
    const isOpen = this.#exact === this.#start;
    this.#min = limitMin;
    this.#max = limitMax;
    this.#start = limitStart;
    if (isOpen) {
      this.#open();
      return;
    }
    this.#exact = Math.max(limitMin, Math.min(limitMax, this.#exact));
    this.limit = Math.floor(this.#phase === 'free' ? this.#exact : this.#dipped());
  }

  /** A request was answered; `inFlight` counts it. True: the upstream was found overrun, and the limit has come down. */
  answered(latencyMs: number, inFlight: number, nowMs: number): boolean {
    // At the limit no more can come, and what is to be learnt there is learnt by dips.
    if (inFlight >= this.limit) this.#overrun.clear();
    const isOverrun = inFlight < this.limit && this.#overrun.answered(latencyMs, this.#longMs, inFlight, nowMs);
    if (isOverrun) this.#tryLess(inFlight, nowMs);
    else if (this.#trial.isOn) this.#conclude(this.#trial.answered(latencyMs, nowMs), nowMs);
    this.#window.answered(latencyMs);
    this.#ended(inFlight, nowMs);
    return isOverrun;
  }

  /** A request was given up because it took longer than its route allows. */
  timedOut(inFlight: number, nowMs: number): void {
    this.#overrun.gone();
    if (this.#trial.isOn) this.#conclude(this.#trial.gone(nowMs), nowMs);
    this.#window.timeouts += 1;
    this.#ended(inFlight, nowMs);
  }

  /** A client left before its answer began, or had stated a deadline of its own. Its request is likely to be worked on all the same. */
  abandoned(tookMs: number, inFlight: number, nowMs: number): void {
    if (this.#trial.isOn) this.#conclude(this.#trial.gone(nowMs), nowMs);
    if (!(tookMs > this.#longMs)) return;
    if (tookMs > LEFT_FACTOR * this.#longMs) {
      this.#overrun.gone();
      this.#window.departures += 1;
    }
    // It does not end a window either: what a few answers say would count as much as what many do.
    this.#noteUse(inFlight, nowMs);
  }

  /** Answers take much longer than usual, and not those of one target alone. */
  get isSlow(): boolean {
    return this.#overrun.areMostSlow;
  }

  /** Opens again where the limit was not used for long; asked as well when someone finds no place. */
  look(nowMs: number): void {
    if (this.#trial.isOn) this.#conclude(this.#trial.look(nowMs), nowMs);
    if (this.#exact >= this.#start || nowMs - this.#usedAtMs <= UNUSED_MS) return;
    this.#open();
  }

  /** A third of what was under way while answers came no faster for it, if that is enough; and a trial of whether as many do still come. */
  #tryLess(inFlight: number, nowMs: number): void {
    const { underWayMean, everyMs, workedOn } = this.#overrun;
    const enough = Math.max(underWayMean * LESS_SHARE, workedOn * BUSY_FACTOR);
    const limit = Math.max(this.#min, Math.min(inFlight, enough));
    this.#trial.begin(inFlight, limit, this.#overrun, nowMs);
    // By Little's law: so many, at that rate.
    this.#comeDown(limit, limit * everyMs, nowMs);
  }

  #conclude(finding: Finding, nowMs: number): void {
    if (finding === 'open') return;
    this.#window.restart(nowMs);
    if (finding === 'right') {
      // There is a queue already: it should not grow to what the tolerance allows, or every answer is late by the first dip.
      this.#longMs = this.#trial.latencyMs / TOLERANCE;
      return;
    }
    // It was not overrun, it has become slow: that is what is usual from now on. Not all of it, for this may be the mistake.
    this.#longMs = Math.max(this.#longMs, this.#trial.latencyMs * MISTAKEN_SHARE);
    this.#open();
  }

  #open(): void {
    this.#exact = this.#start;
    this.limit = this.#start;
    this.#phase = 'free';
    this.#trial.isOn = false;
  }

  /** As many as are under way may be, and no more; the windows that follow find out whether fewer do. */
  #comeDown(inFlight: number, latencyMs: number, nowMs: number): void {
    this.#exact = Math.max(this.#min, Math.min(this.#exact, inFlight));
    this.limit = Math.floor(this.#exact);
    // How long an answer takes without a queue is not known any more; too high a guess costs time, too low a one answers.
    if (latencyMs > this.#longMs) this.#longMs = latencyMs;
    this.#phase = 'free';
    this.#windowsRated = 0;
    this.#wasDeep = false;
    this.#dipAfterMs = nowMs + DIP_EVERY_MS;
    this.#usedAtMs = nowMs;
    this.#window.restart(nowMs);
  }

  #noteUse(inFlight: number, nowMs: number): void {
    if (inFlight * 2 >= this.limit) this.#usedAtMs = nowMs;
    else this.look(nowMs);
  }

  #ended(inFlight: number, nowMs: number): void {
    this.#noteUse(inFlight, nowMs);
    // What comes back during a trial was let through before it began.
    if (this.#trial.isOn) return;
    this.#window.ended(inFlight, this.limit, nowMs);
    if (this.#isComplete(nowMs)) this.#closeWindow(nowMs);
  }

  #isComplete(nowMs: number): boolean {
    const { answers, seen } = this.#window;
    const openMs = this.#window.openMs(nowMs);
    if (openMs < Math.max(WINDOW_MS, Math.min(WINDOW_MAX_MS, this.#shortMs))) return false;
    if (this.#phase === 'draining') return true;
    if (seen < SAMPLES_MIN) return false;
    return this.#phase === 'free' || seen >= SAMPLES_DIP || answers < THROUGHPUT_LOST * this.#perMs * openMs;
  }

  #closeWindow(nowMs: number): void {
    const { answers } = this.#window;
    const shortMs = answers === 0 ? Number.NaN : this.#window.latencyMs();
    const perMs = answers / this.#window.openMs(nowMs);
    if (this.#phase === 'draining') this.#phase = 'measuring';
    else if (this.#phase === 'measuring') this.#endDip(shortMs, perMs, nowMs);
    else this.#endFree(shortMs, perMs, nowMs);
    if (answers > 0) this.#shortMs = shortMs;
    this.limit = Math.floor(this.#phase === 'free' ? this.#exact : this.#dipped());
    this.#window.restart(nowMs);
  }

  #endFree(shortMs: number, perMs: number, nowMs: number): void {
    // While the limit is used, what is slower may be the queue that it lets through: a dip will tell.
    const isUsed = this.#window.inFlightPeak * 2 >= this.#exact;
    this.#learn(shortMs, isUsed ? 0 : WEIGHT_SLOWER, WEIGHT_FASTER);
    if (isUsed) this.#move(shortMs);
    this.#windowsToDip -= 1;
    // Only while the limit is what holds requests back: otherwise there are quieter moments to measure in.
    if (!this.#window.isBottleneck) {
      this.#windowsRated = 0;
      return;
    }
    this.#windowsRated += 1;
    this.#perMs += (perMs - this.#perMs) * Math.max(WEIGHT_THROUGHPUT, 1 / this.#windowsRated);
    const isDue = this.#windowsToDip <= 0 && nowMs >= this.#dipAfterMs;
    const isFarOff = !this.#wasDeep && this.#windowsRated >= WINDOWS_RATED && shortMs > FAR_OFF * this.#longMs;
    if (!isDue && !isFarOff) return;
    this.#followsUp = this.#windowsToDip <= 0 && !this.#wasDeep;
    this.#freeMs = shortMs;
    this.#phase = 'draining';
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
      const gradient = Math.min(1, (TOLERANCE * this.#longMs) / Math.max(shortMs, 0.001));
      next = Math.max(next * gradient + Math.sqrt(next), next * FALL_MIN);
    }
    // In proportion, so that the two in a hundred that stall anyhow cost a limit of 2,500 what it grows, and less less.
    const { timeouts, departures, seen } = this.#window;
    const given = shortMs > TOLERANCE * this.#longMs ? timeouts + departures : timeouts;
    next *= Math.max(FALL_MIN_TIMEOUTS, 1 - given / (seen + given - timeouts));
    this.#exact = Math.max(this.#min, Math.min(this.#max, next));
  }

  #dipped(): number {
    return Math.max(this.#min, this.#exact * DIP_SHARE);
  }

  #endDip(shortMs: number, perMs: number, nowMs: number): void {
    const dipped = this.#dipped();
    const isDeep = perMs * this.#freeMs < DEEP_FACTOR * this.#perMs * shortMs;
    this.#phase = 'free';
    this.#windowsToDip = WINDOWS_TO_CHECK;
    if (isDeep && shortMs > LATENCY_CHANGED * this.#freeMs) {
      this.#windowsToDip = WINDOWS_RATED;
      this.#dipAfterMs = nowMs;
      this.#windowsRated = 0;
      return;
    }
    const beforeMs = this.#longMs;
    this.#learn(shortMs, isDeep ? 1 : WEIGHT_DIP_SLOWER, 1);
    const hasChanged = Math.abs(this.#longMs - beforeMs) > CHANGED_SHARE * beforeMs;
    // At the smallest limit a dip takes nothing away.
    const isSmallest = dipped === this.#exact;
    this.#dipAfterMs = hasChanged || isSmallest ? nowMs : nowMs + DIP_EVERY_MS;
    this.#wasDeep = isDeep;
    if (isSmallest) return;
    if (isDeep) {
      if (this.#freeMs < NO_QUEUE * shortMs) this.#exact = Math.min(this.#max, this.#exact / DIP_SHARE);
      return;
    }
    this.#exact = dipped;
    this.#freeMs = shortMs;
    this.#perMs = Math.max(this.#perMs, (this.#perMs + perMs) / 2);
    if (this.#followsUp) this.#phase = 'draining';
  }
}
