/**
 * One history in virtual time: the real layers of a route, from its deadline down to the timers of an attempt, over the
 * real machines of balancing, health, breaker, retry, hedge and budgets. Only the transport is not real: what becomes of
 * an attempt is drawn by fate.ts. The ledger checks each step.
 *
 *   client ─▶ deadline ─▶ fallback ─▶ admit ─▶ retry ─▶ hedge ─▶ hold ─▶ balance ─▶ attempt ─▶ fate
 *                            └──────▶ admit ─▶ …  of the other upstream
 */
import { admit } from '@weir/node/layers/admit.js';
import { attempt } from '@weir/node/layers/attempt.js';
import { balance } from '@weir/node/layers/balance.js';
import { deadline } from '@weir/node/layers/deadline.js';
import { fallback } from '@weir/node/layers/fallback.js';
import { hedge } from '@weir/node/layers/hedge.js';
import { hold } from '@weir/node/layers/hold.js';
import { retry } from '@weir/node/layers/retry.js';
import type { Place } from '@weir/node/pipeline/chain.js';
import { compose, type Dispatch } from '@weir/node/pipeline/dispatch.js';
import type { Exchange } from '@weir/node/pipeline/exchange.js';
import type { ChainServices } from '@weir/node/pipeline/services.js';
import { fakeClock, fakeTimers, makeExchange, makeRequest, seededRandom } from '@weir/node/pipeline/testing/harness.js';
import { makeRoute, makeServices, routeTimeouts, silentRoute } from '@weir/node/pipeline/testing/specs.js';
import type { Timers } from '@weir/node/time/clock.js';
import { createGateStore } from '@weir/node/upstream/concurrency/gate-store.js';
import { HEALED_AT_MS } from '@weir/node/upstream/health/testing/histories.js';
import { type BudgetStore, createBudgetStore } from '@weir/node/upstream/retry/budget-store.js';
import { failure } from '@weir/proto/http/failures.js';
import type { FallbackSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { OWN_STATUS, SimulatedClient } from './client.js';
import { claim, Ledger, newLeg, type Sent, TICK_MS, type UpstreamName } from './ledger.js';
import { type Plan, planOf } from './plan.js';
import { SimulatedUpstream, type World } from './simulated-upstream.js';

/** Requests are made until then; what is under way then ends by its deadline. */
const REQUESTS_UNTIL_MS = (2 / 3) * HEALED_AT_MS;

const asking: readonly Place[] = [admit, retry, hedge, hold, balance, attempt];
const names = ['main', 'spare'] as const;

export class Simulation {
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly #random;
  readonly #clock = fakeClock(0);
  /** Of the world, and of the gateway: when no request is under way, none of the latter is armed. */
  readonly #worldTimers = fakeTimers(this.#clock);
  readonly #gatewayTimers = fakeTimers(this.#clock);
  readonly #gates = createGateStore();
  readonly #upstreams: Readonly<Record<UpstreamName, SimulatedUpstream>>;
  readonly #dispatch: Dispatch;
  readonly #sent = new Map<Exchange, Sent>();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.plan = planOf(this.#random);
    const { history, spareHistory, concurrency, spareConcurrency } = this.plan;
    this.ledger = new Ledger(this.plan, (name) => this.#gateOf(name)?.limit ?? Number.POSITIVE_INFINITY);
    const world: World = {
      ...{ clock: this.#clock, random: this.#random, ledger: this.ledger, untilMs: REQUESTS_UNTIL_MS },
      later: (ms, run) => this.#later(ms, run),
      sentOf: ({ exchange }) => {
        const sent = this.#sent.get(exchange);
        if (sent === undefined) throw new Error('an attempt of a request that is over');
        return sent;
      },
    };
    this.#upstreams = {
      main: new SimulatedUpstream('main', history, concurrency, world),
      spare: new SimulatedUpstream('spare', spareHistory, spareConcurrency, world),
    };
    this.#dispatch = this.#chain();
  }

  run(): void {
    this.#later(0, () => this.#request());
    for (const name of names) this.#upstreams[name].begin();
    this.#clock.advance(REQUESTS_UNTIL_MS + this.plan.totalMs + 1_000);
    const gates = names.map((name) => this.#gateOf(name)).filter((gate) => gate !== null);
    const targets = names.flatMap((name) => this.#upstreams[name].upstream.targets);
    this.ledger.atTheEnd(
      [...targets.map(({ inFlight }) => inFlight), ...gates.flatMap(({ inFlight, queued }) => [inFlight, queued])],
      this.#gatewayTimers.armed,
    );
  }

  #gateOf(name: UpstreamName) {
    const concurrency = name === 'main' ? this.plan.concurrency : this.plan.spareConcurrency;
    return concurrency === null ? null : this.#gates.gate(name, concurrency);
  }

  #chain(): Dispatch {
    const { totalMs, firstByteMs, attemptMs, queueMs, ...rest } = this.plan;
    const timeouts = { ...routeTimeouts, totalMs, firstByteMs, attemptMs, queueMs, idleMs: 400 };
    const requestHeaders = { remove: [], set: [], add: [] };
    const fallbacks = rest.fallbacks.map((kind): FallbackSpec => {
      if (kind !== 'upstream') return { kind: 'respond', status: OWN_STATUS, headers: [], body: 'later' };
      return { kind, upstream: 'spare', repeats: rest.repeats, requestHeaders, timeouts };
    });
    const route = makeRoute({
      ...{ retry: rest.retry, hedge: rest.hedge, protectBytes: rest.protectBytes, fallback: fallbacks, timeouts },
      action: { kind: 'proxy', upstream: 'main', rewrite: null },
      priority: { level: 'default', header: 'x-priority' },
    });
    const services = makeServices({
      clock: this.#clock,
      timers: this.#lateTimers(),
      random: this.#random,
      gates: this.#gates,
      upstreams: { get: (id) => this.#upstreams[id as UpstreamName].upstream }, // Both are named above.
      budgets: this.#watchedBudgets(),
      observer: {
        route: () => silentRoute,
        timerFired: (timer) => {
          if (timer === 'queue') this.ledger.seen.refused += 1;
        },
        joined: () => {},
        decided: (decision) => {
          if (decision === 'shed' || decision === 'shed_deadline') this.ledger.seen.refused += 1;
        },
      },
    });
    return compile([deadline, fallback((branch) => compile(asking, branch, services)), ...asking], route, services);
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
        const books = kind === 'retry' ? this.ledger.retryBooks : this.ledger.hedgeBooks;
        const book = books[upstreamId as UpstreamName]; // As above.
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

  #later(ms: number, run: () => void): () => void {
    const timer = this.#worldTimers.create(() => {
      run();
      this.#lookAtGates();
    });
    timer.arm(ms);
    return () => timer.cancel();
  }

  /** A limit that moves may rise without anybody being told; a fixed one leaves no place free. */
  #lookAtGates(): void {
    for (const name of names) {
      const concurrency = name === 'main' ? this.plan.concurrency : this.plan.spareConcurrency;
      const gate = this.#gateOf(name);
      if (gate !== null && concurrency?.mode === 'fixed') this.ledger.gate(gate.inFlight, gate.queued, gate.limit);
    }
  }

  #request(): void {
    const nowMs = this.#clock.nowMs();
    const { history, totalMs, unsafeShare, keyedShare, leavingShare, backgroundShare } = this.plan;
    if (this.#sent.size === 0) claim(this.#gatewayTimers.armed === 0, 'a timer is armed, and nobody waits');
    if (nowMs > REQUESTS_UNTIL_MS) return;
    this.#later((this.#random() * 2_000) / history.rate, () => this.#request());
    const draw = this.#random();
    const isKeyed = draw < keyedShare;
    const isUnsafe = !isKeyed && draw < keyedShare + unsafeShare;
    const method = isKeyed || isUnsafe ? 'POST' : draw > 0.9 ? 'PUT' : 'GET';
    const exchange = makeExchange({ receivedAtMs: nowMs });
    const sent: Sent = {
      ...{ cameAtMs: nowMs, deadlineAtMs: nowMs + totalMs, isRepeatable: !isUnsafe, isSafe: method === 'GET' },
      legs: { main: newLeg(), spare: newLeg() },
    };
    this.#sent.set(exchange, sent);
    this.ledger.seen.requests += 1;
    const client = new SimulatedClient((end) => {
      this.ledger.requestEnded(sent, end, this.#clock.nowMs());
      this.#sent.delete(exchange);
    });
    const headers = isKeyed ? ['idempotency-key', 'k1'] : [];
    if (this.#random() < backgroundShare) headers.push('x-priority', 'background');
    const cancel = this.#dispatch(makeRequest({ method, headers, exchange }), client);
    if (client.isOver || this.#random() >= leavingShare) return;
    this.#later(this.#random() * totalMs, () => {
      if (client.isOver) return;
      exchange.failure = failure('client_gone', '');
      client.leave();
      cancel();
    });
  }
}

function compile(places: readonly Place[], route: RouteSpec, services: ChainServices): Dispatch {
  const layers = places.map((place) => place(route, services)).filter((layer) => layer !== null);
  return compose(layers, (request, handler) => {
    if (request.target === null) throw new Error('balance picks a target');
    return request.target.dispatch(request, handler);
  });
}
