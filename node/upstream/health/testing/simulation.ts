/**
 * One history, driven against the real machines of health and the real pickers, in virtual time. After each event all
 * invariants are checked; the first that is broken throws. Only tests import this file.
 *
 *   1. one trial     A target that is tried has one trial under way, never two.
 *   2. the cap       Never more targets ejected than the cap allows, and never the last one that is well.
 *   3. justice       A target that has never failed, and never been slow, is well at every moment. So all can be out only
 *                    when all have really failed.
 *   4. epochs        A trial is decided by an attempt that began after the change before, never by a late one.
 *   5. one story     The changes that are told connect (each begins where the one before ended), and a target is well
 *                    exactly when all that was told about it says so.
 *   6. recovery      After the last ill, all is well within a bound, and stays so.
 */
import type { HealthChange } from '@weir/proto/events/health.js';
import { failure } from '@weir/proto/http/failures.js';
import { fakeClock, makeRequest, seededRandom } from '../../../pipeline/testing/harness.js';
import { makeBalance, makeTarget, makeUpstream } from '../../../pipeline/testing/specs.js';
import type { Random } from '../../../time/clock.js';
import { loadOf, type Picker, pickerOf } from '../../balance/pick.js';
import type { Target } from '../../target.js';
import type { Upstream } from '../../upstreams.js';
import { firstProbeDelayMs, probeDelayMs } from '../probe.js';
import type { AttemptOutcome, Epoch } from '../standing.js';
import type { TargetHealth } from '../target-health.js';
import { createUpstreamOpinions } from '../upstream-health.js';
import { conditionAt, HEALED_AT_MS, type History, historyOf, recoveryMs, TIMEOUT_MS } from './histories.js';

/** Share of the attempts that are given up before they end. */
const GIVEN_UP = 0.05;
/** It goes on for this long after everything must be well again. */
const CALM_MS = 2_000;

interface Attempt {
  readonly index: number;
  readonly epoch: Epoch;
  readonly upstreamEpoch: Epoch;
  /** Number of changes about the target when it began. */
  readonly beganAfter: number;
  readonly isTrial: boolean;
}

interface Event {
  readonly atMs: number;
  run(): void;
}

export class Simulation {
  readonly history: History;
  /** What was seen, so that a test can tell that something has happened at all. */
  readonly seen = { attempts: 0, changes: 0, trials: 0, refusals: 0, allOut: 0 };
  readonly #random: Random;
  readonly #clock = fakeClock(0);
  readonly #upstream: Upstream;
  readonly #healths: readonly TargetHealth[];
  readonly #pick: Picker;
  readonly #request = makeRequest();
  readonly #events: Event[] = [];
  readonly #trials = new Set<number>();
  readonly #told: HealthChange[][];
  /** Targets that have failed or been slow. */
  readonly #guilty = new Set<number>();
  #ending: Attempt | null = null;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.history = historyOf(this.#random);
    const { policy, panicShare, outlier, breaker, probe } = this.history;
    const specs = this.history.targets.map((_, i) => makeTarget({ id: `t${i}:80`, weight: (i % 3) + 1 }).spec);
    const { spec } = makeUpstream([], {
      ...{ targets: specs, outlier, breaker, probe },
      balance: makeBalance(policy, { panicShare }),
    });
    const opinions = createUpstreamOpinions(spec, this.#clock, (change) => this.#onChange(change));
    this.#healths = opinions.targets;
    const targets: Target[] = opinions.targets.map((health) => ({
      ...makeTarget(health.spec),
      health,
      load: loadOf(spec, this.#clock),
    }));
    this.#upstream = { ...makeUpstream(targets), spec, targets, health: opinions.upstream };
    this.#pick = pickerOf(this.#upstream, { random: this.#random, sticky: null, decided: () => {} });
    this.#told = specs.map(() => []);
  }

  run(): void {
    const wellByMs = HEALED_AT_MS + recoveryMs(this.history);
    this.#at(0, () => this.#onRequest());
    this.#healths.forEach((_, index) => {
      this.#scheduleProbe(index, firstProbeDelayMs);
    });
    for (let event = this.#next(); event.atMs < wellByMs + CALM_MS; event = this.#next()) {
      this.#clock.advance(event.atMs - this.#clock.nowMs());
      event.run();
      this.#check(event.atMs >= wellByMs);
    }
  }

  #at(atMs: number, run: () => void): void {
    // Few are pending, and most belong to the near end: insertion beats a heap.
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1]?.atMs ?? 0) < atMs) place -= 1;
    this.#events.splice(place, 0, { atMs, run });
  }

  #next(): Event {
    const event = this.#events.pop();
    if (event === undefined) throw new Error('the next request is always pending');
    return event;
  }

  #onRequest(): void {
    const nowMs = this.#clock.nowMs();
    this.#at(nowMs + (this.#random() * 2_000) / this.history.rate, () => this.#onRequest());
    const isRefused = this.#upstream.health.standing(nowMs) === 'out';
    const target = isRefused ? null : this.#pick(this.#request, nowMs);
    const index = target === null ? -1 : this.#upstream.targets.indexOf(target);
    const health = this.#healths[index];
    if (target === null || health === undefined) {
      this.seen.refusals += 1;
      return;
    }
    const isTrial = health.standing(nowMs) === 'trial';
    if (isTrial) {
      claim(!this.#trials.has(index), `target ${index} has two trials at a time`);
      this.#trials.add(index);
      this.seen.trials += 1;
    }
    this.seen.attempts += 1;
    target.inFlight += 1;
    const attempt: Attempt = {
      ...{ index, isTrial, epoch: health.begin(nowMs), upstreamEpoch: this.#upstream.health.begin(nowMs) },
      beganAfter: this.#told[index]?.length ?? 0,
    };
    const token = target.load.begin(nowMs);
    const outcome = this.#outcome(index, nowMs);
    this.#at(outcome.endedAtMs, () => {
      target.inFlight -= 1;
      target.load.end(token, outcome);
      this.#onEnd(attempt, health, outcome);
    });
  }

  #outcome(index: number, nowMs: number): AttemptOutcome {
    const condition = conditionAt(this.history.targets[index] ?? [], nowMs);
    const tookMs = {
      up: 8 + 12 * this.#random(),
      slow: 200 + 400 * this.#random(),
      stalled: TIMEOUT_MS,
      down: 1,
      erring: 8 + 12 * this.#random(),
    }[condition];
    const isUnanswered = condition === 'stalled' || condition === 'down';
    const isGivenUp = this.#random() < GIVEN_UP;
    const endedAtMs = nowMs + tookMs * (isGivenUp ? this.#random() : 1);
    const hasHead = !isUnanswered && !isGivenUp;
    const code = condition === 'down' ? 'connection_refused' : 'first_byte_timeout';
    const isError = condition === 'erring' && this.#random() < 0.8;
    if (condition !== 'up') this.#guilty.add(index);
    return {
      startedAtMs: nowMs,
      headAtMs: hasHead ? endedAtMs : Number.NaN,
      endedAtMs,
      status: hasHead ? (isError ? 503 : 200) : 0,
      failure: isUnanswered && !isGivenUp ? failure(code, '') : null,
      isCancelled: isGivenUp,
      isOverdue: false,
      retryAfterMs: isError && this.#random() < 0.2 ? 1_000 : Number.NaN,
    };
  }

  #onEnd(attempt: Attempt, health: TargetHealth, outcome: AttemptOutcome): void {
    if (attempt.isTrial) this.#trials.delete(attempt.index);
    this.#ending = attempt;
    health.end(attempt.epoch, outcome);
    this.#ending = null;
    this.#upstream.health.end(attempt.upstreamEpoch, outcome);
  }

  #scheduleProbe(index: number, delayMs: typeof probeDelayMs): void {
    const { probe, targets } = this.history;
    if (probe === null) return;
    this.#at(this.#clock.nowMs() + delayMs(probe.intervalMs, this.#random()), () => {
      const condition = conditionAt(targets[index] ?? [], this.#clock.nowMs());
      const isGood = condition === 'up' || condition === 'slow';
      if (!isGood) this.#guilty.add(index);
      this.#healths[index]?.probed({ isGood, why: condition, status: 0, tookMs: 1 }, this.#clock.nowMs());
      this.#scheduleProbe(index, probeDelayMs);
    });
  }

  #onChange(change: HealthChange): void {
    this.seen.changes += 1;
    const index = this.#healths.findIndex(({ spec }) => spec.id === change.target);
    const told = this.#told[index];
    if (told === undefined) return; // About the upstream as a whole.
    const before = told.findLast(({ kind }) => kind === change.kind)?.to ?? 'well';
    claim(
      (before === 'well') === (change.from === 'well'),
      `target ${index}: ${change.kind} ${before}, then ${change.from}`,
    );
    claim(change.to !== change.from, `target ${index}: a change from ${change.from} to the same`);
    if (change.kind === 'outlier' && change.from === 'well') {
      const nowMs = this.#clock.nowMs();
      const others = this.#healths.filter((_, other) => other !== index);
      claim(
        others.some((health) => health.standing(nowMs) === 'well'),
        `target ${index} was ejected, the last one`,
      );
    }
    if (change.from === 'trial') {
      claim(this.#ending?.index === index, `target ${index}: its trial was decided by another's attempt`);
      const lastChange = told.findLastIndex(({ kind }) => kind === change.kind);
      claim((this.#ending?.beganAfter ?? 0) > lastChange, `target ${index}: its trial was decided by a late attempt`);
    }
    told.push(change);
  }

  #check(mustBeWell: boolean): void {
    const nowMs = this.#clock.nowMs();
    let ejected = 0;
    let out = 0;
    this.#healths.forEach((health, index) => {
      const standing = health.standing(nowMs);
      if (standing === 'out') out += 1;
      const last = (kind: HealthChange['kind']) =>
        this.#told[index]?.findLast((each) => each.kind === kind)?.to ?? 'well';
      const [byPeers, byBreaker, byProbes] = [last('outlier'), last('breaker'), last('probe')];
      if (byPeers !== 'well') ejected += 1;
      const isToldWell = byPeers === 'well' && byBreaker === 'well' && byProbes === 'well';
      claim(isToldWell === (standing === 'well'), `target ${index} is ${standing}, which nobody was told`);
      claim((health.reason === '') === (standing === 'well'), `target ${index} is ${standing}: "${health.reason}"`);
      claim(
        standing === 'well' || this.#guilty.has(index),
        `target ${index} is ${standing} and has done nothing: ${health.reason}`,
      );
      claim(standing === 'well' || !mustBeWell, `target ${index} has not recovered: ${health.reason}`);
    });
    if (out === this.#healths.length) this.seen.allOut += 1;
    const cap = Math.min((this.history.outlier?.ejectedShareMax ?? 0) * this.#healths.length, this.#healths.length - 1);
    claim(ejected <= cap + 1e-9, `${ejected} of ${this.#healths.length} are ejected, the cap is ${cap}`);
    const whole = this.#upstream.health;
    claim(whole.standing(nowMs) === 'well' || !mustBeWell, `the upstream has not recovered: ${whole.reason}`);
  }
}

function claim(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
