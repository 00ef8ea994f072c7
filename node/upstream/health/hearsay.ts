/**
 * What is made of it when other nodes call a target out: one for each target of a node in a cluster.
 *
 *             doubt: one says so                 the attempt or probe that looks into it
 *   ┌──────┐ ───────────────────▶ ┌───────┐ ──── good ──▶ well: own sight overrules
 *   │ well │                      │ trial │ ──── bad ───▶ ejected by own sight, at one failure instead of five
 *   └──────┘ ◀── DOUBT_MS over ── └───────┘
 *      │  ▲                           ▲
 *      │  └── all take it back        │ OUT_MS over
 *      │      ┌─────┐                 │
 *      └────▶ │ out │ ────────────────┘       out: more than half of all nodes say so
 *             └─────┘
 *
 * So hearsay alone never keeps a target from more than one attempt at a time, for a few seconds, unless a majority speaks.
 * Where only probes speak against it a probe of one's own can answer, so attempts are held back for as long as one takes: then
 * no client pays for it. Nothing of this happens to the last target that is well.
 */
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import { Opinion } from './opinion.js';
import type { Judgement } from './peer-reports.js';
import type { AttemptOutcome, Tell } from './standing.js';
import type { Verdict } from './verdict.js';

/** A doubt that nobody has looked into by then is over. */
export const DOUBT_MS = 5_000;
/** What a majority has put out is tried after this. */
export const OUT_MS = 5_000;
/** No longer than this is a target held back for a probe. */
export const HOLD_MS_MAX = 1_000;

/** How a doubt has ended. */
export type Proof = 'refuted' | 'confirmed' | 'lapsed';

export class Hearsay {
  readonly opinion = new Opinion();
  reason = '';
  /** When it was let in again after a majority had put it out: it starts slowly then. A doubt is too short for that. */
  wellSinceMs = Number.NEGATIVE_INFINITY;
  readonly #tell: Tell;
  /** Whether others are well enough to do without this one. */
  readonly #isSpared: (nowMs: number) => boolean;
  #state: 'well' | 'doubt' | 'out' = 'well';
  #doubtEndsMs = 0;
  #isByProbesAlone = false;

  constructor(tell: Tell, isSpared: (nowMs: number) => boolean) {
    this.#tell = tell;
    this.#isSpared = isSpared;
  }

  get isDoubted(): boolean {
    return this.#state === 'doubt';
  }

  get isByProbesAlone(): boolean {
    return this.#isByProbesAlone;
  }

  /** Goes on from what was made of it before a reload. What looked into it there decides there, so here that is free. */
  adopt(former: Hearsay, nowMs: number): void {
    if (!former.opinion.isWell && !this.#isSpared(nowMs)) return;
    this.opinion.adopt(former.opinion);
    this.reason = former.reason;
    this.wellSinceMs = former.wellSinceMs;
    this.#state = former.#state;
    this.#doubtEndsMs = former.#doubtEndsMs;
    this.#isByProbesAlone = former.#isByProbesAlone;
  }

  /** Takes a judgement. What begins by it, if anything: a doubt is to be looked into. */
  hear(
    { says, by, weight, reason, isByProbesAlone }: Judgement,
    probe: ProbeSpec | null,
    nowMs: number,
  ): 'doubt' | 'out' | null {
    if (says === 'nothing' && by.length === 0) {
      this.clear(nowMs);
      return null;
    }
    const isNew = says === 'out' ? this.#state !== 'out' : says === 'doubt' && this.#state === 'well';
    if (!isNew || !this.#isSpared(nowMs)) return null;
    const evidence = { peers: by.length, weight };
    this.reason = `peers: ${reason}`;
    if (says === 'out') {
      const from = this.opinion.isWell ? 'well' : 'trial';
      this.#state = 'out';
      this.opinion.putOut(nowMs, OUT_MS);
      this.#tell('peers', from, 'out', this.reason, { ...evidence, forMs: OUT_MS }, nowMs);
      return 'out';
    }
    const holdMs = isByProbesAlone && probe !== null ? Math.min(probe.timeoutMs, HOLD_MS_MAX) : 0;
    this.#state = 'doubt';
    this.#isByProbesAlone = isByProbesAlone;
    this.#doubtEndsMs = nowMs + holdMs + DOUBT_MS;
    this.opinion.putOut(nowMs, holdMs);
    this.#tell('peers', 'well', 'trial', this.reason, evidence, nowMs);
    return 'doubt';
  }

  /** An attempt has ended; what it proves, if it was the one that looked into it. */
  end(epoch: number, verdict: Verdict, outcome: AttemptOutcome): Proof | null {
    if (this.opinion.isWell || this.opinion.weigh(epoch) !== 'decides') return null;
    const nowMs = outcome.endedAtMs;
    if (verdict === 'none') {
      this.opinion.setFree(nowMs, Number.isNaN(outcome.headAtMs), OUT_MS);
      return null;
    }
    return verdict === 'good' ? 'refuted' : 'confirmed';
  }

  /** It has failed as others said, and there is nobody here who could eject it for that. */
  prolong(nowMs: number): void {
    const { reason } = this;
    this.#state = 'out';
    this.opinion.putOut(nowMs, OUT_MS);
    this.#tell('peers', 'trial', 'out', reason, { forMs: OUT_MS }, nowMs);
  }

  /** True when a doubt is over, because nobody came to look into it. */
  settle(nowMs: number): boolean {
    if (this.#state !== 'doubt' || nowMs < this.#doubtEndsMs) return false;
    this.clear(nowMs);
    return true;
  }

  /** Own sight has decided, or there is nothing more to be said. */
  clear(nowMs: number): void {
    if (this.#state === 'well') return;
    const wellSinceMs = this.#state === 'out' ? nowMs : this.wellSinceMs;
    this.#state = 'well';
    this.reason = '';
    this.wellSinceMs = wellSinceMs;
    this.opinion.bringBack(nowMs);
    this.#tell('peers', 'trial', 'well', '', {}, nowMs);
  }
}
