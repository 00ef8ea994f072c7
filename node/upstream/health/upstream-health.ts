/**
 * All opinions about one upstream: its targets', and its own. Puts the machines together by the upstream's spec, and
 * gives each change of opinion its name and its time.
 */
import type { HealthChange } from '@weir/proto/events/health.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Clock } from '../../time/clock.js';
import { formerTargets } from '../former-targets.js';
import { Breaker } from './breaker.js';
import { Hearsay } from './hearsay.js';
import { Outliers, type Pooling } from './outlier.js';
import { type AttemptOutcome, alwaysWell, type Epoch, type Health, type Standing, type Tell } from './standing.js';
import { TargetHealth } from './target-health.js';

export interface UpstreamOpinions {
  /** In the order of the spec's targets. */
  readonly targets: readonly TargetHealth[];
  /** The breaker of the upstream as a whole. */
  readonly upstream: Health;
  /** Of the upstream as a whole; null without. */
  readonly breaker: Breaker | null;
  /**
   * Goes on from what was thought before a reload of the targets that are still there, known by their addresses; one that
   * is new among them starts slowly, while those that an upstream began with are as cold as each other. Of the
   * upstream as a whole only when its targets are the same: what new ones do is not known.
   */
  adopt(former: UpstreamOpinions): void;
  /** How often an opinion about a target, or about all of them, has changed. */
  changes(): number;
}

export type HealthSpec = Pick<UpstreamSpec, 'id' | 'targets' | 'probe' | 'outlier' | 'breaker'>;

/** `warn`: this node is one of a cluster; tells the others of failures that don't make an opinion yet. */
export function createUpstreamOpinions(
  spec: HealthSpec,
  clock: Clock,
  onChange: (change: HealthChange) => void,
  warn: ((change: HealthChange) => void) | null = null,
): UpstreamOpinions {
  let changes = 0;
  const tellOf =
    (target: string | null): Tell =>
    (kind, from, to, reason, evidence, nowMs) => {
      changes += 1;
      // The change may be told a moment after the attempt ended that made it.
      const atWallMs = clock.wallMs() - Math.max(0, clock.nowMs() - nowMs);
      onChange({ kind, upstream: spec.id, target, from, to, reason, evidence, atWallMs });
    };
  const tells = spec.targets.map(({ id }) => tellOf(id));
  const isWell = (index: number, nowMs: number): boolean => targets[index]?.standing(nowMs) === 'well';
  const pooling: Pooling = {
    warn(index, failuresInARow, nowMs) {
      const target = spec.targets[index]?.id ?? null;
      const about = { kind: 'outlier', upstream: spec.id, target, from: 'well', to: 'trial' } as const;
      const atWallMs = clock.wallMs() - Math.max(0, clock.nowMs() - nowMs);
      warn?.({ ...about, reason: `${failuresInARow} failures in a row`, evidence: { failuresInARow }, atWallMs });
    },
    spared: (index, failures) => targets[index]?.spared(failures),
  };
  const outliers = spec.outlier === null ? null : new Outliers(spec.outlier, tells, isWell, warn && pooling);
  const { breaker } = spec;
  const breakers = breaker === null ? [] : tells.map((tell) => new Breaker(breaker, tell));
  const hearsays = warn !== null ? hearsaysOf(tells, isWell) : [];
  const targets: readonly TargetHealth[] = spec.targets.map(
    (target, i) =>
      new TargetHealth({
        spec: target,
        probe: spec.probe,
        outliers,
        member: outliers?.members[i] ?? null,
        breaker: breakers[i] ?? null,
        hearsay: hearsays[i] ?? null,
        tell: tells[i] ?? tellOf(target.id),
      }),
  );
  // Two broken targets of three may fail most requests; the third still answers, and is found by its own opinion.
  const allFail = (nowMs: number): boolean => breakers.every((each) => each.isFailing(nowMs));
  const whole = breaker === null ? null : new Breaker(breaker, tellOf(null), allFail);
  return {
    targets,
    upstream: whole === null ? alwaysWell : new BrokenAsWhole(whole),
    breaker: whole,
    changes: () => changes,
    adopt(former) {
      changes += 1;
      const known = formerTargets(former.targets);
      const before = targets.map(({ spec: own }, at) => known(own, at));
      targets.forEach((target, i) => {
        const same = before[i];
        if (same === undefined) target.join(clock.nowMs());
        else target.adopt(same);
      });
      // Last, for it asks whether others are well in every opinion.
      const members = before.map((same) => same?.member ?? null);
      outliers?.adopt(members, clock.nowMs());
      targets.forEach((target, i) => void target.adoptHearsay(before[i], clock.nowMs()));
      const isAsItWas = targets.length === former.targets.length && !before.includes(undefined);
      if (isAsItWas && former.breaker !== null) whole?.adopt(former.breaker);
    },
  };
}

/** As with ejection: what others say takes half of the targets at most, and never the last one that is well. */
function hearsaysOf(tells: readonly Tell[], isWell: (index: number, nowMs: number) => boolean): readonly Hearsay[] {
  const takenMax = Math.max(1, Math.floor(tells.length / 2));
  const hearsays: readonly Hearsay[] = tells.map(
    (tell, own) =>
      new Hearsay(tell, (nowMs) => {
        const taken = hearsays.filter(({ opinion }, i) => i !== own && !opinion.isWell).length;
        return taken < takenMax && tells.some((_, i) => i !== own && isWell(i, nowMs));
      }),
  );
  return hearsays;
}

/** A breaker as the whole health of something. */
class BrokenAsWhole implements Health {
  readonly #breaker: Breaker;

  constructor(breaker: Breaker) {
    this.#breaker = breaker;
  }

  standing(nowMs: number): Standing {
    return this.#breaker.opinion.standing(nowMs);
  }

  get wellSinceMs(): number {
    return this.#breaker.opinion.wellSinceMs;
  }

  get outUntilMs(): number {
    return this.#breaker.opinion.outUntilMs;
  }

  get reason(): string {
    return this.#breaker.reason;
  }

  begin(nowMs: number): Epoch {
    return this.#breaker.opinion.begin(nowMs) as Epoch; // Made here, and only handed back.
  }

  end(epoch: Epoch, outcome: AttemptOutcome): void {
    this.#breaker.end(epoch, outcome);
  }
}
