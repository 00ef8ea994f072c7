/**
 * One history in virtual time: the real layers of a route, from its deadline down to the timers of an attempt, over the
 * real machines of balancing, health, breaker, retry, hedge and budgets. Only the transport is not real: what becomes of
 * an attempt is drawn by fate.ts. The ledger checks each step.
 *
 *   client ─▶ deadline ─▶ retry ─▶ hedge ─▶ hold ─▶ balance ─▶ attempt ─▶ fate
 */
import { attempt } from '@weir/node/layers/attempt.js';
import { balance } from '@weir/node/layers/balance.js';
import { deadline } from '@weir/node/layers/deadline.js';
import { hedge } from '@weir/node/layers/hedge.js';
import { hold } from '@weir/node/layers/hold.js';
import { retry } from '@weir/node/layers/retry.js';
import { compose, type Dispatch, type ResponseHandler } from '@weir/node/pipeline/dispatch.js';
import type { Exchange } from '@weir/node/pipeline/exchange.js';
import { fakeClock, fakeTimers, makeExchange, makeRequest, seededRandom } from '@weir/node/pipeline/testing/harness.js';
import {
  makeBalance,
  makeRoute,
  makeServices,
  makeTarget,
  makeUpstream,
  routeTimeouts,
} from '@weir/node/pipeline/testing/specs.js';
import type { Timers } from '@weir/node/time/clock.js';
import { loadOf } from '@weir/node/upstream/balance/pick.js';
import { firstProbeDelayMs, probeDelayMs } from '@weir/node/upstream/health/probe.js';
import type { Epoch, Health } from '@weir/node/upstream/health/standing.js';
import { conditionAt, HEALED_AT_MS } from '@weir/node/upstream/health/testing/histories.js';
import { createUpstreamOpinions } from '@weir/node/upstream/health/upstream-health.js';
import { type BudgetStore, createBudgetStore } from '@weir/node/upstream/retry/budget-store.js';
import { failure } from '@weir/proto/http/failures.js';
import { SimulatedClient } from './client.js';
import { type Fate, fateAt } from './fate.js';
import { claim, Ledger, type Sent, TICK_MS } from './ledger.js';
import { type Plan, planOf } from './plan.js';

/** Requests are made until then; what is under way then ends by its deadline. */
const REQUESTS_UNTIL_MS = (2 / 3) * HEALED_AT_MS;
const BODY = new Uint8Array(100);

export class Simulation {
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly #random;
  readonly #clock = fakeClock(0);
  /** Of the world, and of the gateway: when no request is under way, none of the latter is armed. */
  readonly #worldTimers = fakeTimers(this.#clock);
  readonly #gatewayTimers = fakeTimers(this.#clock);
  readonly #upstream;
  readonly #opinions;
  readonly #dispatch: Dispatch;
  readonly #sent = new Map<Exchange, Sent>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.plan = planOf(this.#random);
    this.ledger = new Ledger(this.plan);
    const { policy, panicShare, outlier, breaker, probe, targets: fortunes } = this.plan.history;
    const specs = fortunes.map((_, i) => makeTarget({ id: `t${i}:80`, weight: (i % 3) + 1 }).spec);
    const { spec } = makeUpstream([], {
      ...{ targets: specs, outlier, breaker, probe },
      balance: makeBalance(policy, { panicShare }),
    });
    this.#opinions = createUpstreamOpinions(spec, this.#clock, () => {});
    const targets = this.#opinions.targets.map((health, index) => ({
      ...makeTarget(health.spec),
      health: this.#watched(health, `target ${index}`),
      load: loadOf(spec, this.#clock),
      dispatch: this.#transport(index),
    }));
    const whole = this.#watched(this.#opinions.upstream, 'the upstream');
    this.#upstream = { ...makeUpstream(targets), spec, targets, health: whole };
    this.#dispatch = this.#chain();
  }

  run(): void {
    this.#later(0, () => this.#request());
    this.#opinions.targets.forEach((_, index) => {
      this.#probeLater(index, firstProbeDelayMs);
    });
    this.#clock.advance(REQUESTS_UNTIL_MS + this.plan.totalMs + 1_000);
    this.ledger.atTheEnd(
      this.#upstream.targets.map(({ inFlight }) => inFlight),
      this.#gatewayTimers.armed,
    );
  }

  #chain(): Dispatch {
    const { totalMs, firstByteMs, attemptMs, ...rest } = this.plan;
    const route = makeRoute({
      ...{ retry: rest.retry, hedge: rest.hedge, protectBytes: rest.protectBytes },
      timeouts: { ...routeTimeouts, totalMs, firstByteMs, attemptMs, idleMs: 400 },
    });
    const services = makeServices({
      clock: this.#clock,
      timers: this.#lateTimers(),
      random: this.#random,
      upstreams: { get: () => this.#upstream },
      budgets: this.#watchedBudgets(),
    });
    const places = [deadline, retry, hedge, hold, balance, attempt];
    const layers = places.map((place) => place(route, services)).filter((layer) => layer !== null);
    return compose(layers, (request, handler) => {
      if (request.target === null) throw new Error('balance picks a target');
      return request.target.dispatch(request, handler);
    });
  }

  /** As those of a node, which has a wheel: up to a tick late and never early. */
  #lateTimers(): Timers {
    return {
      create: (fire) => {
        const timer = this.#gatewayTimers.create(fire);
        return { arm: (ms) => timer.arm(ms + this.#random() * TICK_MS), cancel: () => timer.cancel() };
      },
    };
  }

  #watchedBudgets(): BudgetStore {
    const store = createBudgetStore();
    return {
      budget: (kind, routeId, upstreamId, terms) => {
        const real = store.budget(kind, routeId, upstreamId, terms);
        const book = kind === 'retry' ? this.ledger.retryBook : this.ledger.hedgeBook;
        return {
          balance: (nowMs) => real.balance(nowMs),
          deposit: (nowMs) => {
            book.deposit(nowMs);
            real.deposit(nowMs);
          },
          withdraw: (nowMs) => {
            const isGranted = real.withdraw(nowMs);
            if (isGranted) book.withdraw(nowMs);
            return isGranted;
          },
        };
      },
    };
  }

  /** The same, with an eye on its trials. */
  #watched(health: Health, name: string): Health {
    const trials = new Set<Epoch>();
    const { ledger } = this;
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
    const { outlier } = this.plan.history;
    if (outlier === null) return;
    const { targets } = this.#opinions;
    const ejected = targets.filter(({ member }) => member?.opinion.isWell === false).length;
    const cap = Math.min(outlier.ejectedShareMax * targets.length, targets.length - 1);
    claim(ejected <= cap + 1e-9, `${ejected} of ${targets.length} targets are ejected, the cap is ${cap}`);
  }

  #later(ms: number, run: () => void): () => void {
    const timer = this.#worldTimers.create(run);
    timer.arm(ms);
    return () => timer.cancel();
  }

  #request(): void {
    const nowMs = this.#clock.nowMs();
    const { history, totalMs, unsafeShare, keyedShare, leavingShare } = this.plan;
    if (this.#sent.size === 0) claim(this.#gatewayTimers.armed === 0, 'a timer is armed, and nobody waits');
    if (nowMs > REQUESTS_UNTIL_MS) return;
    this.#later((this.#random() * 2_000) / history.rate, () => this.#request());
    const draw = this.#random();
    const isKeyed = draw < keyedShare;
    const isUnsafe = !isKeyed && draw < keyedShare + unsafeShare;
    const method = isKeyed || isUnsafe ? 'POST' : draw > 0.9 ? 'PUT' : 'GET';
    const exchange = makeExchange({ receivedAtMs: nowMs });
    const sent: Sent = {
      ...{ deadlineAtMs: nowMs + totalMs, isRepeatable: !isUnsafe, isSafe: method === 'GET' },
      ...{ first: 0, retries: 0, hedges: 0, written: 0 },
    };
    this.#sent.set(exchange, sent);
    this.ledger.seen.requests += 1;
    const client = new SimulatedClient((end) => {
      this.ledger.requestEnded(sent, end, this.#clock.nowMs());
      this.#sent.delete(exchange);
    });
    const headers = isKeyed ? ['idempotency-key', 'k1'] : [];
    const cancel = this.#dispatch(makeRequest({ method, headers, exchange }), client);
    if (client.isOver || this.#random() >= leavingShare) return;
    this.#later(this.#random() * totalMs, () => {
      if (client.isOver) return;
      exchange.failure = failure('client_gone', '');
      client.leave();
      cancel();
    });
  }

  #transport(index: number): Dispatch {
    return (request, handler) => {
      const nowMs = this.#clock.nowMs();
      const sent = this.#sent.get(request.exchange);
      if (sent === undefined) throw new Error('an attempt of a request that is over');
      this.ledger.attemptBegan(sent, request.cause, nowMs);
      const condition = conditionAt(this.plan.history.targets[index] ?? [], nowMs);
      return this.#play(fateAt(condition, this.#random), handler, sent);
    };
  }

  #play(fate: Fate, handler: ResponseHandler, sent: Sent): () => void {
    const { refusedAfterMs, headAfterMs, endAfterMs } = fate;
    let cancelStep = (): void => {};
    const end = (): void => {
      if (fate.failure === null) {
        handler.onData(BODY);
        handler.onComplete();
      } else handler.onError(fate.failure);
    };
    const head = (): void => {
      if (endAfterMs !== null) cancelStep = this.#later(endAfterMs, end);
      const headers = fate.retryAfterS === null ? [] : ['retry-after', String(fate.retryAfterS)];
      handler.onHeaders({ status: fate.status, headers, lengthBytes: BODY.byteLength, resume: () => {} });
    };
    handler.onPhase?.('connect');
    if (refusedAfterMs !== null) {
      cancelStep = this.#later(refusedAfterMs, end);
    } else {
      this.ledger.attemptWritten(sent);
      handler.onPhase?.('firstByte');
      if (headAfterMs !== null) cancelStep = this.#later(headAfterMs, head);
      else if (endAfterMs !== null) cancelStep = this.#later(endAfterMs, end);
    }
    return () => cancelStep();
  }

  #probeLater(index: number, delayMs: typeof probeDelayMs): void {
    const { probe, targets } = this.plan.history;
    if (probe === null || this.#clock.nowMs() > REQUESTS_UNTIL_MS) return;
    this.#later(delayMs(probe.intervalMs, this.#random()), () => {
      const nowMs = this.#clock.nowMs();
      const condition = conditionAt(targets[index] ?? [], nowMs);
      const isGood = condition === 'up' || condition === 'slow';
      this.#opinions.targets[index]?.probed({ isGood, why: condition, status: 0, tookMs: 1 }, nowMs);
      this.#probeLater(index, probeDelayMs);
    });
  }
}
