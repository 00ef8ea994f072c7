/**
 * The health of one target: the worst of what probes, outlier ejection and its breaker think of it. Each keeps its own
 * state and its own epochs; here they are put together, and nothing is concluded.
 */
import type { Standing } from '@weir/proto/events/health.js';
import type { ProbeSpec } from '@weir/proto/snapshot/resilience.js';
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Breaker } from './breaker.js';
import { EPOCHS, NO_EPOCH } from './opinion.js';
import type { OutlierMember, Outliers } from './outlier.js';
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
  readonly tell: Tell;
}

export class TargetHealth implements Health {
  /** The target that this is about. */
  readonly spec: TargetSpec;
  readonly #opinions: TargetOpinions;
  #probe: ProbeState = unprobed;
  #probeReason = '';
  #probedWellSinceMs = Number.NEGATIVE_INFINITY;
  /** When it was added to an upstream that had others already. */
  #joinedAtMs = Number.NEGATIVE_INFINITY;

  constructor(opinions: TargetOpinions) {
    this.spec = opinions.spec;
    this.#opinions = opinions;
  }

  /** Null when there are no outliers. */
  get member(): OutlierMember | null {
    return this.#opinions.member;
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
    if (JSON.stringify(probe) === JSON.stringify(before.probe) && this.#probe.opinion === 'unknown') {
      this.#probe = former.#probe;
      this.#probeReason = former.#probeReason;
      this.#probedWellSinceMs = former.#probedWellSinceMs;
    }
    this.#joinedAtMs = former.#joinedAtMs;
    if (breaker !== null && before.breaker !== null) breaker.adopt(before.breaker);
  }

  standing(nowMs: number): Standing {
    if (this.#probe.opinion === 'out') return 'out';
    const { member, breaker } = this.#opinions;
    const byPeers = member === null ? 'well' : member.opinion.standing(nowMs);
    if (byPeers === 'out' || breaker === null) return byPeers;
    const byBreaker = breaker.opinion.standing(nowMs);
    return byBreaker === 'well' ? byPeers : byBreaker;
  }

  get wellSinceMs(): number {
    const { member, breaker } = this.#opinions;
    return Math.max(
      this.#joinedAtMs,
      this.#probedWellSinceMs,
      member?.opinion.wellSinceMs ?? Number.NEGATIVE_INFINITY,
      breaker?.opinion.wellSinceMs ?? Number.NEGATIVE_INFINITY,
    );
  }

  /** By the opinions that attempts form: when probes will think well of it again, nobody knows. */
  get outUntilMs(): number {
    const { member, breaker } = this.#opinions;
    return Math.max(
      member?.opinion.outUntilMs ?? Number.NEGATIVE_INFINITY,
      breaker?.opinion.outUntilMs ?? Number.NEGATIVE_INFINITY,
    );
  }

  get reason(): string {
    const { member, breaker } = this.#opinions;
    return [this.#probeReason, member?.reason ?? '', breaker?.reason ?? ''].filter((text) => text !== '').join('; ');
  }

  /** Both epochs in one number: allocating a pair for each attempt would cost more than all the rest. */
  begin(nowMs: number): Epoch {
    const { member, breaker } = this.#opinions;
    const low = member === null ? NO_EPOCH : member.opinion.begin(nowMs);
    const high = breaker === null ? NO_EPOCH : breaker.opinion.begin(nowMs);
    return (low + high * EPOCHS) as Epoch; // Made here, and only handed back.
  }

  end(epoch: Epoch, outcome: AttemptOutcome): void {
    const { outliers, member, breaker } = this.#opinions;
    // The breaker first: whether another target is well, which outliers ask, is then up to date for this attempt too.
    breaker?.end(Math.floor(epoch / EPOCHS), outcome);
    if (member === null || outliers === null) return;
    outliers.end(member, epoch % EPOCHS, verdictOf(outcome, outliers.every5xx), outcome);
  }

  /** A probe has ended. */
  probed(result: ProbeResult, nowMs: number): void {
    const { probe, tell } = this.#opinions;
    if (probe === null) return;
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
  }
}
