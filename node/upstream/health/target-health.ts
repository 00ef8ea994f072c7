/**
 * The health of one target: the worst of what probes, outlier ejection, its breaker and, in a cluster, other nodes think of
 * it. Each keeps its own state and its own epochs; here they are put together, and nothing is concluded but what own sight
 * makes of hearsay.
 */
import type { Standing } from '@weir/proto/events/health.js';
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Breaker } from './breaker.js';
import type { Hearsay, Proof } from './hearsay.js';
import { EPOCHS, NO_EPOCH } from './opinion.js';
import type { OutlierMember, Outliers } from './outlier.js';
import type { Judgement } from './peer-reports.js';
import { type ProbeResult, type ProbeState, stepProbe, unprobed } from './probe.js';
import type { AttemptOutcome, Epoch, Health, Tell } from './standing.js';
import { verdictOf } from './verdict.js';

export interface TargetOpinions {
  readonly spec: TargetSpec;
  readonly probe: ProbeSpec | null;
  readonly outliers: Outliers | null;
  /** Of this target; null when there are no outliers. */
  readonly member: OutlierMember | null;
  readonly breaker: Breaker | null;
  /** Null for a node by itself. */
  readonly hearsay: Hearsay | null;
  readonly tell: Tell;
}

/** Hears how own sight has ended a doubt: by an attempt or by a probe, and failures that were spared by it. */
export type OnProof = (proof: Proof, by: 'attempt' | 'probe', spared: number) => void;

export class TargetHealth implements Health {
  /** The target that this is about. */
  readonly spec: TargetSpec;
  readonly #opinions: TargetOpinions;
  #probe: ProbeState = unprobed;
  #probeReason = '';
  #probedWellSinceMs = Number.NEGATIVE_INFINITY;
  /** When it was added to an upstream that had others already. */
  #joinedAtMs = Number.NEGATIVE_INFINITY;
  #onProof: OnProof = () => {};

  constructor(opinions: TargetOpinions) {
    this.spec = opinions.spec;
    this.#opinions = opinions;
  }

  /** Null when there are no outliers. */
  get member(): OutlierMember | null {
    return this.#opinions.member;
  }

  get isProbedOut(): boolean {
    return this.#probe.opinion === 'out';
  }

  /** What others say keeps attempts from it. */
  get isCalledOut(): boolean {
    return this.#opinions.hearsay?.opinion.isWell === false;
  }

  /** One listener: whoever brings what others say. */
  onProof(listener: OnProof): void {
    this.#onProof = listener;
  }

  /** What others say has been judged; see Hearsay. What own sight speaks against already needs none of it. */
  hear(judgement: Judgement, nowMs: number): 'doubt' | 'out' | null {
    const { hearsay, probe } = this.#opinions;
    if (hearsay === null || (hearsay.opinion.isWell && this.standing(nowMs) !== 'well')) return null;
    return hearsay.hear(judgement, probe, nowMs);
  }

  /** Other nodes have met so many failures in a row. */
  pool(failures: number, nowMs: number): void {
    const { outliers, member } = this.#opinions;
    if (member !== null) outliers?.pool(member, failures, nowMs);
  }

  /** It was ejected by what several nodes have met together. */
  spared(failures: number): void {
    this.#onProof('confirmed', 'attempt', failures);
  }

  /** Looks whether a doubt is over. */
  settle(nowMs: number): void {
    if (this.#opinions.hearsay?.settle(nowMs) === true) this.#onProof('lapsed', 'attempt', 0);
  }

  /** Others probe it from now on. What its probes thought is old news when they begin again. */
  forgetProbes(): void {
    if (this.#probe.opinion !== 'out') this.#probe = unprobed;
  }

  /** It is new to an upstream that others work for: nobody has asked it yet, and its caches are cold. */
  join(nowMs: number): void {
    this.#joinedAtMs = nowMs;
  }

  /** Goes on from what was thought of the same target before a reload, as far as it is asked in the same way still. */
  adopt(former: TargetHealth): void {
    const { probe, breaker } = this.#opinions;
    const before = former.#opinions;
    // A probe that was wrong is mended by another one; and what this one has found out meanwhile is newer.
    if (isSameValue(probe, before.probe) && this.#probe.opinion === 'unknown') {
      this.#probe = former.#probe;
      this.#probeReason = former.#probeReason;
      this.#probedWellSinceMs = former.#probedWellSinceMs;
    }
    this.#joinedAtMs = former.#joinedAtMs;
    if (breaker !== null && before.breaker !== null) breaker.adopt(before.breaker);
  }

  /** Behind the rest, and that of the others: it asks whether they are well. */
  adoptHearsay(former: TargetHealth | undefined, nowMs: number): void {
    const before = former === undefined ? null : former.#opinions.hearsay;
    if (before !== null) this.#opinions.hearsay?.adopt(before, nowMs);
  }

  standing(nowMs: number): Standing {
    if (this.#probe.opinion === 'out') return 'out';
    const { member, breaker, hearsay } = this.#opinions;
    const byPeers = member === null ? 'well' : member.opinion.standing(nowMs);
    const byBreaker = breaker === null ? 'well' : breaker.opinion.standing(nowMs);
    const own = worse(byPeers, byBreaker);
    return hearsay === null ? own : worse(own, hearsay.opinion.standing(nowMs));
  }

  get wellSinceMs(): number {
    const { member, breaker, hearsay } = this.#opinions;
    return Math.max(
      this.#joinedAtMs,
      this.#probedWellSinceMs,
      member?.opinion.wellSinceMs ?? Number.NEGATIVE_INFINITY,
      breaker?.opinion.wellSinceMs ?? Number.NEGATIVE_INFINITY,
      hearsay?.wellSinceMs ?? Number.NEGATIVE_INFINITY,
    );
  }

  /** By the opinions that attempts form: when probes will think well of it again, nobody knows. */
  get outUntilMs(): number {
    const { member, breaker, hearsay } = this.#opinions;
    return Math.max(
      member?.opinion.outUntilMs ?? Number.NEGATIVE_INFINITY,
      breaker?.opinion.outUntilMs ?? Number.NEGATIVE_INFINITY,
      hearsay?.opinion.outUntilMs ?? Number.NEGATIVE_INFINITY,
    );
  }

  get reason(): string {
    const { member, breaker, hearsay } = this.#opinions;
    const all = [this.#probeReason, member?.reason ?? '', breaker?.reason ?? '', hearsay?.reason ?? ''];
    return all.filter((text) => text !== '').join('; ');
  }

  /** All epochs in one number: allocating for each attempt would cost more than all the rest. */
  begin(nowMs: number): Epoch {
    const { member, breaker, hearsay } = this.#opinions;
    const low = member === null ? NO_EPOCH : member.opinion.begin(nowMs);
    const high = breaker === null ? NO_EPOCH : breaker.opinion.begin(nowMs);
    const epochs = low + high * EPOCHS;
    // One that is well has nothing for this attempt to decide.
    if (hearsay === null || hearsay.opinion.isWell) return epochs as Epoch; // Made here, and only handed back.
    return (epochs + hearsay.opinion.begin(nowMs) * EPOCHS * EPOCHS) as Epoch; // As above.
  }

  end(epoch: Epoch, outcome: AttemptOutcome): void {
    const { outliers, member, breaker, hearsay } = this.#opinions;
    // The breaker first: whether another target is well, which outliers ask, is then up to date for this attempt too.
    breaker?.end(Math.floor(epoch / EPOCHS) % EPOCHS, outcome);
    if (member !== null && outliers !== null)
      outliers.end(member, epoch % EPOCHS, verdictOf(outcome, outliers.every5xx), outcome);
    if (hearsay !== null && !hearsay.opinion.isWell) this.#prove(hearsay, Math.floor(epoch / EPOCHS / EPOCHS), outcome);
  }

  /** The attempt that was to show whether others are right has ended, if it was that one. */
  #prove(hearsay: Hearsay, epoch: number, outcome: AttemptOutcome): void {
    const { outliers, member } = this.#opinions;
    const proof = hearsay.end(epoch, verdictOf(outcome, outliers?.every5xx ?? false), outcome);
    if (proof === null) return;
    const { reason } = hearsay;
    // This very failure has ejected it already.
    if (proof === 'confirmed' && member?.opinion.isWell === false) {
      hearsay.clear(outcome.endedAtMs);
      return;
    }
    if (proof === 'refuted' || (member !== null && outliers !== null)) hearsay.clear(outcome.endedAtMs);
    else hearsay.prolong(outcome.endedAtMs);
    let spared = 0;
    // Cleared first: whether it may be ejected does not depend on what others say.
    if (proof === 'confirmed' && member !== null) spared = outliers?.confirm(member, reason, outcome) ?? 0;
    this.#onProof(proof, 'attempt', spared);
  }

  /** A probe has ended. */
  probed(result: ProbeResult, nowMs: number): void {
    const { probe, tell } = this.#opinions;
    if (probe === null) return;
    // Others have seen it as well, so it need not fail several times in a row here.
    if (this.#opinions.hearsay?.isDoubted === true) this.forgetProbes();
    const before = this.#probe.opinion;
    this.#probe = stepProbe(this.#probe, result.isGood, probe);
    const after = this.#probe.opinion;
    const { status, tookMs } = result;
    if (after === 'out' && before !== 'out') {
      const inARow = before === 'unknown' ? 1 : probe.unhealthyAfter;
      this.#probeReason = `${inARow === 1 ? 'the probe' : `${inARow} probes in a row`} failed: ${result.why}`;
      tell('probe', 'well', 'out', this.#probeReason, { inARow, status, tookMs }, nowMs);
    } else if (before === 'out' && after === 'well') {
      this.#probeReason = '';
      this.#probedWellSinceMs = nowMs;
      tell('probe', 'out', 'well', '', { inARow: probe.healthyAfter, status, tookMs }, nowMs);
    }
    this.#proveByProbe(result.isGood, nowMs);
  }

  /** A probe that fails confirms every doubt; one that succeeds answers those that come from probes. */
  #proveByProbe(isGood: boolean, nowMs: number): void {
    const { hearsay } = this.#opinions;
    if (hearsay?.isDoubted !== true || (isGood && !hearsay.isByProbesAlone)) return;
    hearsay.clear(nowMs);
    this.#onProof(isGood ? 'refuted' : 'confirmed', 'probe', isGood ? 0 : 1);
  }
}

function worse(one: Standing, other: Standing): Standing {
  if (one === 'out' || other === 'well') return one;
  return other;
}
