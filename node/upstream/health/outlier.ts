/**
 * Outlier ejection: takes a target out that fails real requests, or does worse than its peers, for a time that grows.
 * What a failure is says verdict.ts: a plain 500 is none, unless `every5xx`.
 *
 *            failures in a row, at once                        ejectionMs × n
 *   ┌──────┐ share or latency far from the peers', by interval ┌──────┐      ┌───────┐
 *   │ well │ ────────────────────────────────────────────────▶ │ out  │ ───▶ │ trial │ one attempt at a time
 *   └──────┘ ◀──────────────┐                                  └──────┘      └───────┘
 *                           │                                      ▲ bad: n + 1  │
 *                           │                                      └─────────────┤
 *                           └────────────── good ────────────────────────────────┘
 *
 *   n grows by one with each ejection, and shrinks by one for each interval that the target is well.
 *
 * Sole owner of what is counted of the targets of one upstream, which are compared with each other here, when an attempt
 * ends and the interval is over: without attempts there is nothing to compare, so there is no timer. Two rules stand above
 * all others: no more than `ejectedShareMax` of the targets are out by this, and nothing is ejected unless another target
 * is well. What can't be ejected for that is looked at again with its next failure.
 *
 * In a cluster failures in a row at several nodes count together, where no answer began at all: after two of them a node warns
 * the others. Each needs one of its own, not older than a warning lasts, and one answer is worth more than what any others say.
 */
import type { OutlierSpec } from '@weir/proto/snapshot/resilience.js';
import { Opinion } from './opinion.js';
import { COMPARED_MIN, LatencyTally, medianBoundMs, shareBound, sharesOf } from './peers.js';
import { type AttemptOutcome, percent, type Tell } from './standing.js';
import { headLatencyMs, type Verdict } from './verdict.js';

/** What a node in a cluster does about failures, of the target at this place. */
export interface Pooling {
  /** Tells other nodes of so many in a row. */
  warn(index: number, failures: number, nowMs: number): void;
  /** Ejected by what several nodes have met together, so many failures before it would have been by itself. */
  spared(index: number, failures: number): void;
}

/** Failures in a row that are no chance any more, and not yet enough. */
export const WARN_AT = 2;
/** A warning counts for so long, and the next one about the same target comes no sooner. */
export const WARNING_MS = 5_000;

type Evidence = Readonly<Record<string, number>>;

/** What is known of one target. Written by its Outliers only. */
export class OutlierMember {
  readonly opinion = new Opinion();
  /** Why it is ejected, empty while it is not. */
  reason = '';
  /** The n of the drawing, as of the last ejection. */
  ejections = 0;
  failuresInARow = 0;
  /** Those of them, the latest ones, in which no answer began; and when the last one ended. */
  silentInARow = 0;
  silentAtMs = Number.NEGATIVE_INFINITY;
  /** What other nodes have met of the same, until when it counts, and when this one has warned them. */
  pooled = 0;
  pooledUntilMs = Number.NEGATIVE_INFINITY;
  warnedAtMs = Number.NEGATIVE_INFINITY;
  /** Since the last comparison. */
  total = 0;
  good = 0;
  readonly latencies = new LatencyTally();
  readonly tell: Tell;

  constructor(tell: Tell) {
    this.tell = tell;
  }

  forget(): void {
    this.failuresInARow = 0;
    this.silentInARow = 0;
    this.pooled = 0;
    this.startInterval();
  }

  startInterval(): void {
    this.total = 0;
    this.good = 0;
    if (this.latencies.count > 0) this.latencies.clear();
  }
}

export class Outliers {
  readonly members: readonly OutlierMember[];
  readonly #spec: OutlierSpec;
  /** Whether a target is well in every opinion, not only in this one. */
  readonly #isWell: (index: number, nowMs: number) => boolean;
  readonly #ejectedMax: number;
  readonly #pooling: Pooling | null;
  #compareAtMs = Number.NaN;

  constructor(
    spec: OutlierSpec,
    tells: readonly Tell[],
    isWell: (index: number, nowMs: number) => boolean,
    pooling: Pooling | null = null,
  ) {
    this.#spec = spec;
    this.#pooling = pooling;
    this.members = tells.map((tell) => new OutlierMember(tell));
    this.#isWell = isWell;
    this.#ejectedMax = Math.floor(spec.ejectedShareMax * tells.length);
  }

  get every5xx(): boolean {
    return this.#spec.every5xx;
  }

  /** See Opinion; `former` is of the same targets by position, null for new ones. The rules that stand above hold here, too. */
  adopt(former: readonly (OutlierMember | null)[], nowMs: number): void {
    this.members.forEach((member, i) => {
      const before = former[i] ?? null;
      if (before === null || (!before.opinion.isWell && !this.#mayEject(member, nowMs))) return;
      member.opinion.adopt(before.opinion);
      member.reason = before.reason;
      member.ejections = before.ejections;
    });
  }

  end(member: OutlierMember, epoch: number, verdict: Verdict, outcome: AttemptOutcome): void {
    const nowMs = outcome.endedAtMs;
    const weight = member.opinion.weigh(epoch);
    if (weight === 'decides') this.#decide(member, verdict, outcome);
    else if (weight === 'counts' && verdict !== 'none') this.#count(member, verdict, outcome);
    if (nowMs >= this.#compareAtMs) this.#compare(nowMs);
    // Also the very first time, when it is NaN.
    if (!(nowMs < this.#compareAtMs)) this.#compareAtMs = nowMs + this.#spec.intervalMs;
  }

  /**
   * Others call it out, and an attempt from here has failed: that is enough. Returns how many failures more it would have
   * taken by itself; 0 where it is not ejected for it.
   */
  confirm(member: OutlierMember, reason: string, { endedAtMs, retryAfterMs }: AttemptOutcome): number {
    if (!member.opinion.isWell || !this.#mayEject(member, endedAtMs)) return 0;
    const { failuresInARow } = member;
    this.#eject(member, `${reason}; and a request from here failed`, { failuresInARow }, endedAtMs, retryAfterMs);
    return Math.max(0, this.#spec.consecutiveFailures - failuresInARow);
  }

  #decide(member: OutlierMember, verdict: Verdict, outcome: AttemptOutcome): void {
    const nowMs = outcome.endedAtMs;
    switch (verdict) {
      case 'none':
        member.opinion.setFree(nowMs, Number.isNaN(outcome.headAtMs), this.#spec.ejectionMs);
        break;
      case 'good':
        member.opinion.bringBack(nowMs);
        member.reason = '';
        member.tell('outlier', 'trial', 'well', '', { ejections: member.ejections }, nowMs);
        break;
      case 'bad':
        this.#eject(member, 'the request that tried it failed as well', {}, nowMs, outcome.retryAfterMs);
        break;
    }
  }

  #count(member: OutlierMember, verdict: Verdict, outcome: AttemptOutcome): void {
    member.total += 1;
    if (verdict === 'good') {
      member.good += 1;
      member.failuresInARow = 0;
      member.silentInARow = 0;
      member.pooled = 0;
      if (this.#spec.latencyFactor > 0) member.latencies.add(headLatencyMs(outcome));
      return;
    }
    member.failuresInARow += 1;
    const { consecutiveFailures } = this.#spec;
    const nowMs = outcome.endedAtMs;
    if (Number.isNaN(outcome.headAtMs)) {
      member.silentInARow += 1;
      member.silentAtMs = nowMs;
      if (this.#ejectPooled(member, nowMs)) return;
    } else member.silentInARow = 0;
    if (consecutiveFailures === 0 || member.failuresInARow < consecutiveFailures) {
      this.#warnOthers(member, nowMs);
      return;
    }
    if (!this.#mayEject(member, nowMs)) return;
    const failuresInARow = member.failuresInARow;
    this.#eject(member, `${failuresInARow} failures in a row`, { failuresInARow }, nowMs, outcome.retryAfterMs);
  }

  /** Other nodes have met so many failures in a row. */
  pool(member: OutlierMember, failures: number, nowMs: number): void {
    member.pooled = failures;
    member.pooledUntilMs = nowMs + WARNING_MS;
    if (member.opinion.isWell) this.#ejectPooled(member, nowMs);
  }

  #ejectPooled(member: OutlierMember, nowMs: number): boolean {
    const { silentInARow, silentAtMs, pooled, pooledUntilMs } = member;
    const { consecutiveFailures } = this.#spec;
    if (pooled === 0 || silentInARow === 0 || nowMs >= pooledUntilMs || nowMs > silentAtMs + WARNING_MS) return false;
    if (consecutiveFailures === 0 || silentInARow + pooled < consecutiveFailures) return false;
    if (!this.#mayEject(member, nowMs)) return false;
    const ofOthers = Math.round(pooled);
    const reason = `${silentInARow} failures in a row here, ${ofOthers} at other nodes`;
    this.#eject(member, reason, { failuresInARow: silentInARow, ofOthers }, nowMs, Number.NaN);
    this.#pooling?.spared(this.members.indexOf(member), Math.max(0, consecutiveFailures - silentInARow));
    return true;
  }

  #warnOthers(member: OutlierMember, nowMs: number): void {
    if (this.#pooling === null || member.silentInARow !== WARN_AT || nowMs < member.warnedAtMs + WARNING_MS) return;
    member.warnedAtMs = nowMs;
    this.#pooling.warn(this.members.indexOf(member), WARN_AT, nowMs);
  }

  #compare(nowMs: number): void {
    // What is out has forgotten its counts, so it is not among them.
    const compared = this.members.filter(({ total }) => total >= this.#spec.requestsMin);
    if (compared.length >= COMPARED_MIN) {
      this.#compareShares(compared, nowMs);
      this.#compareLatencies(compared, nowMs);
    }
    for (const member of this.members) member.startInterval();
  }

  #compareShares(compared: readonly OutlierMember[], nowMs: number): void {
    const deviations = this.#spec.successRateDeviations;
    if (deviations === 0) return;
    // The worst ones first: they are to have the places that the cap leaves. What one was is seen before any is gone.
    const all = sharesOf(compared);
    const found = compared
      .map((member) => ({
        member,
        share: member.good / member.total,
        bound: shareBound(member, all, deviations),
      }))
      .filter(({ share, bound }) => share < bound)
      .sort((a, b) => a.share - b.share);
    for (const { member, share, bound } of found) {
      if (!this.#mayEject(member, nowMs)) continue;
      const reason = `${percent(share)} of its ${member.total} answers were good, its peers' let ${percent(bound)} be expected`;
      this.#eject(member, reason, { goodShare: share, bound, answers: member.total }, nowMs, Number.NaN);
    }
  }

  #compareLatencies(compared: readonly OutlierMember[], nowMs: number): void {
    const { latencyFactor, requestsMin } = this.#spec;
    if (latencyFactor === 0) return;
    const measured = compared
      .filter(({ opinion, latencies }) => opinion.isWell && latencies.count >= requestsMin)
      .map((member) => ({ member, medianMs: member.latencies.medianMs() }))
      .sort((a, b) => a.medianMs - b.medianMs);
    if (measured.length < COMPARED_MIN) return;
    const mediansMs = measured.map(({ medianMs }) => medianMs);
    // The slowest first.
    for (const [at, { member, medianMs }] of [...measured.entries()].reverse()) {
      const boundMs = medianBoundMs(mediansMs, at, latencyFactor);
      if (medianMs <= boundMs || !this.#mayEject(member, nowMs)) continue;
      const reason = `median latency ${Math.round(medianMs)} ms, its peers' let ${Math.round(boundMs)} ms be expected`;
      this.#eject(member, reason, { medianMs, boundMs, answers: member.latencies.count }, nowMs, Number.NaN);
    }
  }

  #mayEject(member: OutlierMember, nowMs: number): boolean {
    let ejected = 0;
    let anotherIsWell = false;
    for (let i = 0; i < this.members.length; i += 1) {
      const other = this.members[i];
      if (other?.opinion.isWell === false) ejected += 1;
      else if (other !== member) anotherIsWell ||= this.#isWell(i, nowMs);
    }
    return anotherIsWell && ejected < this.#ejectedMax;
  }

  #eject(member: OutlierMember, reason: string, evidence: Evidence, nowMs: number, retryAfterMs: number): void {
    const { ejectionMs, ejectionMaxMs, intervalMs } = this.#spec;
    const { opinion } = member;
    const from = opinion.isWell ? 'well' : 'trial';
    const forgiven = opinion.isWell ? Math.floor((nowMs - opinion.wellSinceMs) / intervalMs) : 0;
    // More of them than the longest ejection has would only have to be forgiven one by one.
    const ejectionsMax = Math.ceil(ejectionMaxMs / ejectionMs);
    member.ejections = Math.min(Math.max(member.ejections - forgiven, 0) + 1, ejectionsMax);
    const askedMs = Number.isNaN(retryAfterMs) ? 0 : retryAfterMs;
    const forMs = Math.min(Math.max(member.ejections * ejectionMs, askedMs), ejectionMaxMs);
    member.reason = `ejected: ${reason}`;
    member.forget();
    opinion.putOut(nowMs, forMs);
    member.tell('outlier', from, 'out', member.reason, { ...evidence, forMs, ejections: member.ejections }, nowMs);
  }
}
