/**
 * An upstream in virtual time: the real opinions and loads of its targets, over a transport that is not real: what becomes
 * of an attempt is drawn by fate.ts. The ledger hears of each attempt, trial and ejection.
 */
import type { Dispatch, GatewayRequest, ResponseHandler } from '@weir/node/pipeline/dispatch.js';
import { makeBalance, makeTarget, makeUpstream } from '@weir/node/pipeline/testing/specs.js';
import type { Clock, Random } from '@weir/node/time/clock.js';
import { loadOf } from '@weir/node/upstream/balance/pick.js';
import { firstProbeDelayMs, probeDelayMs } from '@weir/node/upstream/health/probe.js';
import type { Epoch, Health } from '@weir/node/upstream/health/standing.js';
import { conditionAt, type History } from '@weir/node/upstream/health/testing/histories.js';
import { createUpstreamOpinions } from '@weir/node/upstream/health/upstream-health.js';
import type { Upstream } from '@weir/node/upstream/upstreams.js';
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import { type Fate, fateAt } from './fate.js';
import { claim, type Ledger, type Sent, type UpstreamName } from './ledger.js';

/** What an upstream needs of the world around it. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly ledger: Ledger;
  /** Runs it later, unless what is returned is called before. */
  readonly later: (ms: number, run: () => void) => () => void;
  readonly sentOf: (request: GatewayRequest) => Sent;
  /** No probe begins after it. */
  readonly untilMs: number;
}

const BODY = new Uint8Array(100);

export class SimulatedUpstream {
  readonly upstream: Upstream;
  readonly #name: UpstreamName;
  readonly #history: History;
  readonly #world: World;
  readonly #opinions;

  constructor(name: UpstreamName, history: History, concurrency: ConcurrencySpec | null, world: World) {
    this.#name = name;
    this.#history = history;
    this.#world = world;
    const { policy, panicShare, outlier, breaker, probe, targets: fortunes } = history;
    const specs = fortunes.map((_, i) => makeTarget({ id: `${name}${i}:80`, weight: (i % 3) + 1 }).spec);
    const { spec } = makeUpstream([], {
      ...{ id: name, targets: specs, outlier, breaker, probe, concurrency },
      balance: makeBalance(policy, { panicShare }),
    });
    this.#opinions = createUpstreamOpinions(spec, world.clock, () => {});
    const targets = this.#opinions.targets.map((health, index) => ({
      ...makeTarget(health.spec),
      upstreamId: name,
      health: this.#watched(health, `${name}'s target ${index}`),
      load: loadOf(spec, world.clock),
      dispatch: this.#transport(index),
    }));
    this.upstream = { spec, targets, health: this.#watched(this.#opinions.upstream, name) };
  }

  begin(): void {
    this.#opinions.targets.forEach((_, index) => {
      this.#probeLater(index, firstProbeDelayMs);
    });
  }

  /** The same, with an eye on its trials. */
  #watched(health: Health, name: string): Health {
    const trials = new Set<Epoch>();
    const { ledger } = this.#world;
    return {
      standing: (nowMs) => health.standing(nowMs),
      get wellSinceMs() {
        return health.wellSinceMs;
      },
      get reason() {
        return health.reason;
      },
      begin(nowMs) {
        const isTrial = health.standing(nowMs) === 'trial';
        const epoch = health.begin(nowMs);
        if (isTrial) {
          ledger.trialBegan(name);
          trials.add(epoch);
        }
        return epoch;
      },
      end: (epoch, outcome) => {
        if (trials.delete(epoch)) ledger.trialEnded(name);
        health.end(epoch, outcome);
        this.#checkEjections();
      },
    };
  }

  #checkEjections(): void {
    const { outlier } = this.#history;
    if (outlier === null) return;
    const { targets } = this.#opinions;
    const ejected = targets.filter(({ member }) => member?.opinion.isWell === false).length;
    const cap = Math.min(outlier.ejectedShareMax * targets.length, targets.length - 1);
    claim(ejected <= cap + 1e-9, `${ejected} of ${targets.length} targets are ejected, the cap is ${cap}`);
  }

  #transport(index: number): Dispatch {
    return (request, handler) => {
      const { clock, ledger, random, sentOf } = this.#world;
      const sent = sentOf(request);
      ledger.attemptBegan(sent, this.#name, request.cause, clock.nowMs());
      const condition = conditionAt(this.#history.targets[index] ?? [], clock.nowMs());
      return this.#play(fateAt(condition, random), handler, sent);
    };
  }

  #play(fate: Fate, handler: ResponseHandler, sent: Sent): () => void {
    const { refusedAfterMs, headAfterMs, endAfterMs } = fate;
    const { ledger, later } = this.#world;
    let cancelStep = (): void => {};
    let isOver = false;
    // Before anybody hears of it: who is let in then comes in its place.
    const over = (): void => {
      if (!isOver) ledger.attemptEnded(sent, this.#name);
      isOver = true;
    };
    const end = (): void => {
      if (fate.failure === null) {
        handler.onData(BODY);
        over();
        handler.onComplete();
      } else {
        over();
        handler.onError(fate.failure);
      }
    };
    const head = (): void => {
      if (endAfterMs !== null) cancelStep = later(endAfterMs, end);
      const headers = fate.retryAfterS === null ? [] : ['retry-after', String(fate.retryAfterS)];
      handler.onHeaders({ status: fate.status, headers, lengthBytes: BODY.byteLength, resume: () => {} });
    };
    handler.onPhase?.('connect');
    if (refusedAfterMs !== null) {
      cancelStep = later(refusedAfterMs, end);
    } else {
      ledger.attemptWritten(sent, this.#name);
      handler.onPhase?.('firstByte');
      if (headAfterMs !== null) cancelStep = later(headAfterMs, head);
      else if (endAfterMs !== null) cancelStep = later(endAfterMs, end);
    }
    return () => {
      over();
      cancelStep();
    };
  }

  #probeLater(index: number, delayMs: typeof probeDelayMs): void {
    const { probe, targets } = this.#history;
    const { clock, later, random, untilMs } = this.#world;
    if (probe === null || clock.nowMs() > untilMs) return;
    later(delayMs(probe.intervalMs, random()), () => {
      const nowMs = clock.nowMs();
      const condition = conditionAt(targets[index] ?? [], nowMs);
      const isGood = condition === 'up' || condition === 'slow';
      this.#opinions.targets[index]?.probed({ isGood, why: condition, status: 0, tookMs: 1 }, nowMs);
      this.#probeLater(index, probeDelayMs);
    });
  }
}
