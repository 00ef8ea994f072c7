/**
 * Asks a second target when the first takes longer than answers usually do (hedged requests; Dean and Barroso, "The tail
 * at scale", 2013). The first head wins, whatever its status, but for those that a retry is for: such an answer waits for
 * the other attempt as a failure does, or a target that refuses at once would beat one that is slow and well.
 *
 *   first   ─────┬──────────────────────▶ begins ─▶ passed on, and the second is cancelled
 *                │ no answer for `after`
 *   second       └───────────────▶ begins ─▶ passed on instead, and the first is cancelled
 *
 * A failure waits for the other attempt as long as that runs; when both have failed, one of the two goes up, an answer
 * before a failure. What is to become of it is for retry to decide, which stands above. A winner that breaks off later has failed like any answer. Below stands `hold` where the route asks for it: an answer has then
 * begun when it is whole, so a race covers a body that stalls, too.
 *
 * Where all answers take long a second attempt takes as long as the first, and only adds to what there is to do. So of what
 * is under way no more may be hedges than the budget's share, and none are made while the upstream's gate is tight
 * (upstream/concurrency/gate.ts). What that forbids is postponed, not given up. Where no other target is well there is no hedge.
 *
 * The delay has the resolution of the timer wheel: a hedge is up to one tick (8 ms) late and never early, so a route that
 * answers in 3 ms is hedged after 3 to 11. What is below a tick is not worth a second request anyway.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { HedgeSpec, RetrySpec } from '@weir/proto/snapshot/resilience.js';
import { LearntLimit } from '../latency/learnt-limit.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { type Attempt, LAST_ATTEMPT } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import type { Timer } from '../time/clock.js';
import type { Gate } from '../upstream/concurrency/gate.js';
import { mayHedge } from '../upstream/hedge/may-hedge.js';
import { failureOfRace } from '../upstream/hedge/race-failure.js';
import { ShelvedAnswer } from '../upstream/hedge/shelved-answer.js';
import type { Budget } from '../upstream/retry/budget.js';
import { isAnotherWell } from '../upstream/retry/elsewhere.js';
import type { Upstream } from '../upstream/upstreams.js';

export const hedge: Place = (route, services) => {
  if (route.action.kind !== 'proxy' || route.hedge === null) return null;
  const plan = new HedgePlan(route.id, route.action.upstream, route.hedge, waitingStatuses(route.retry), services);
  return (next) => (request, handler) => {
    if (!mayHedge(request)) return next(request, handler);
    const race = new Race(request, handler, next, plan);
    race.start();
    return race.cancel;
  };
};

/** What says that another target might answer, where the route does not say it itself. */
const GATEWAY_ERRORS: readonly number[] = [502, 503, 504];

function waitingStatuses(retry: RetrySpec | null): readonly number[] {
  return retry?.on.includes('status') === true ? retry.statuses : GATEWAY_ERRORS;
}

/** Long enough that hundreds of races that all wait for room cost next to nothing. */
const POSTPONED_MS = 50;
/** So many hedges may be under way whatever else is. */
const HEDGES_MIN = 3;

/** What all races of a route share. */
class HedgePlan {
  readonly services: ChainServices;
  readonly budget: Budget;
  /** Answers of these statuses wait for the other attempt. */
  readonly waiting: readonly number[];
  /** Races that are not decided, and those of them with a second attempt. */
  races = 0;
  hedges = 0;
  readonly #share: number;
  readonly #gate: Gate | null;
  readonly #upstream: Upstream | undefined;
  readonly #routeId: string;
  /** Null where the delay is stated, and then nothing is measured. */
  readonly #learnt: LearntLimit | null;
  readonly #statedMs: number;

  constructor(
    routeId: string,
    upstreamId: string,
    spec: HedgeSpec,
    waiting: readonly number[],
    services: ChainServices,
  ) {
    const { after, budgetShare, budgetFloorPerS } = spec;
    this.waiting = waiting;
    this.services = services;
    this.#routeId = routeId;
    this.#share = budgetShare;
    this.#upstream = services.upstreams.get(upstreamId);
    const concurrency = this.#upstream?.spec.concurrency ?? null;
    this.#gate = concurrency === null ? null : services.gates.gate(upstreamId, concurrency);
    this.budget = services.budgets.budget('hedge', routeId, upstreamId, {
      share: budgetShare,
      floorPerS: budgetFloorPerS,
    });
    this.#statedMs = after.kind === 'fixed' ? after.ms : after.coldMs;
    // Prompt: a hedge that is too early costs a request of its budget, one that is too late costs the client.
    this.#learnt =
      after.kind === 'fixed'
        ? null
        : new LearntLimit(after, services.latencies.window(routeId, upstreamId, 'answer'), 'prompt');
  }

  /** The same target again would be asked twice for the one thing that it is slow at. */
  hasAnother(attempts: readonly Attempt[], nowMs: number): boolean {
    return this.#upstream === undefined || isAnotherWell(this.#upstream.targets, attempts, nowMs);
  }

  hasRoom(): boolean {
    return this.#gate?.isTight !== true && this.hedges < Math.max(HEDGES_MIN, this.#share * this.races);
  }

  delayMs(nowMs: number): number {
    return this.#learnt === null ? this.#statedMs : this.#learnt.at(nowMs);
  }

  /** How long an attempt took to answer, or that it had not by now. */
  learn(startedAtMs: number, hasAnswered: boolean): void {
    if (this.#learnt === null) return;
    const nowMs = this.services.clock.nowMs();
    if (hasAnswered) this.#learnt.answered(nowMs - startedAtMs, nowMs);
    else this.#learnt.gaveUp(nowMs - startedAtMs, nowMs);
  }

  decided(decision: 'hedge' | 'hedge_won' | 'hedge_refused_budget' | 'hedge_postponed'): void {
    this.services.observer.decided(decision, this.#routeId);
  }
}

/** One race, of one attempt for most requests. */
class Race {
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #next: Dispatch;
  readonly #plan: HedgePlan;
  readonly #timer: Timer;
  readonly #first: Entrant;
  #second: Entrant | null = null;
  #winner: Entrant | null = null;
  #isUndecided = true;
  #wasPostponed = false;
  /** The end has gone up, or nobody wants it any more. */
  #ended = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, next: Dispatch, plan: HedgePlan) {
    this.#request = request;
    this.#handler = handler;
    this.#next = next;
    this.#plan = plan;
    this.#first = new Entrant(this, request.exchange.attempts.length, plan.services.clock.nowMs());
    this.#timer = plan.services.timers.create(() => this.#hedge());
  }

  start(): void {
    const { exchange } = this.#request;
    const nowMs = this.#first.startedAtMs;
    exchange.decidedBy = LAST_ATTEMPT;
    this.#plan.races += 1;
    // A share of live traffic: what is tried again is the same request once more.
    if (this.#request.cause === undefined) this.#plan.budget.deposit(nowMs);
    this.#first.cancel = this.#next(this.#request, this.#first);
    if (this.#ended || this.#winner !== null) return;
    this.#arm(nowMs, this.#plan.delayMs(nowMs));
  }

  #arm(nowMs: number, delayMs: number): void {
    // Where the deadline comes first there is nothing to wait for.
    if (nowMs + delayMs < this.#request.exchange.deadlineAtMs) this.#timer.arm(delayMs);
  }

  /** The first attempt has had its time. */
  #hedge(): void {
    const { exchange } = this.#request;
    const nowMs = this.#plan.services.clock.nowMs();
    // The timer is up to one tick late, and the event loop may have stood still.
    if (nowMs >= exchange.deadlineAtMs) return;
    if (!this.#plan.hasAnother(exchange.attempts, nowMs)) return;
    if (!this.#plan.hasRoom()) {
      if (!this.#wasPostponed) this.#plan.decided('hedge_postponed');
      this.#wasPostponed = true;
      this.#arm(nowMs, POSTPONED_MS);
      return;
    }
    if (!this.#plan.budget.withdraw(nowMs)) {
      this.#plan.decided('hedge_refused_budget');
      return;
    }
    this.#plan.decided('hedge');
    const second = new Entrant(this, exchange.attempts.length, nowMs);
    this.#second = second;
    this.#plan.hedges += 1;
    second.cancel = this.#next({ ...this.#request, cause: 'hedge' }, second);
    // What was called up meanwhile may have decided against it, when its Cancel was not known yet.
    if (this.#ended || this.#winner === this.#first) second.cancel();
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#ended = true;
    this.#settle();
    if (this.#winner === null) {
      this.#giveUp(this.#first);
      this.#giveUp(this.#second);
    } else {
      this.#winner.cancel();
    }
  };

  #giveUp(entrant: Entrant | null): void {
    if (entrant === null || entrant.failure !== null) return;
    if (entrant.shelved === null) this.#plan.learn(entrant.startedAtMs, false);
    entrant.shelved = null;
    entrant.cancel();
  }

  #otherOf(entrant: Entrant): Entrant | null {
    return entrant === this.#first ? this.#second : this.#first;
  }

  get #isOpen(): boolean {
    return !this.#ended && this.#winner === null;
  }

  /** From here on nothing of the other attempt may be heard. */
  #win(entrant: Entrant): void {
    this.#winner = entrant;
    this.#settle();
    this.#giveUp(this.#otherOf(entrant));
    if (entrant !== this.#first) this.#plan.decided('hedge_won');
    this.#nameDecisive(entrant);
  }

  #nameDecisive(entrant: Entrant): void {
    if (this.#second !== null) this.#request.exchange.decidedBy = entrant.index;
  }

  begun(entrant: Entrant, head: ResponseHead): void {
    if (!this.#isOpen) return;
    // An error that comes fast says nothing about how long an answer takes.
    this.#plan.learn(entrant.startedAtMs, head.status < 500 && !this.#plan.waiting.includes(head.status));
    const other = this.#otherOf(entrant);
    if (!this.#plan.waiting.includes(head.status) || other === null || other.failure !== null) {
      this.#win(entrant);
      this.#handler.onHeaders(head);
    } else if (other.shelved === null) {
      entrant.shelved = new ShelvedAnswer(head);
    } else {
      entrant.shelved = new ShelvedAnswer(head);
      this.#unshelve(other, other.shelved);
    }
  }

  /** Nothing better is to be expected any more. */
  #unshelve(entrant: Entrant, answer: ShelvedAnswer): void {
    entrant.shelved = null;
    this.#win(entrant);
    answer.pass(this.#handler, () => !this.#ended);
    if (answer.isWhole) this.#ended = true;
  }

  upgraded(entrant: Entrant, headers: HeaderList, peer: WebSocketPeer): void {
    if (!this.#isOpen) return;
    this.#plan.learn(entrant.startedAtMs, true);
    this.#win(entrant);
    this.#handler.onUpgrade?.(headers, peer);
  }

  came(entrant: Entrant, chunk: Uint8Array): boolean {
    if (entrant.shelved !== null) return entrant.shelved.keep(chunk);
    return this.#winner === entrant && !this.#ended && this.#handler.onData(chunk);
  }

  completed(entrant: Entrant): void {
    if (entrant.shelved !== null) entrant.shelved.isWhole = true;
    if (this.#winner !== entrant || this.#ended) return;
    this.#ended = true;
    this.#handler.onComplete();
  }

  failed(entrant: Entrant, failed: Failure): void {
    if (this.#ended) return;
    if (this.#winner === null) this.#failedBefore(entrant, failed);
    else if (this.#winner === entrant) this.#end(failed);
  }

  #failedBefore(entrant: Entrant, failed: Failure): void {
    if (entrant.shelved === null) this.#plan.learn(entrant.startedAtMs, false);
    entrant.shelved = null;
    entrant.failure = failed;
    const other = this.#otherOf(entrant);
    if (other === null) this.#end(failed);
    else if (other.shelved !== null) this.#unshelve(other, other.shelved);
    else if (other.failure !== null) this.#endWithOneOf(this.#first, other === this.#first ? entrant : other);
  }

  #endWithOneOf(first: Entrant, second: Entrant): void {
    if (first.failure === null || second.failure === null) return;
    const decisive = failureOfRace(first.failure, second.failure);
    this.#nameDecisive(decisive === first.failure ? first : second);
    this.#end(decisive);
  }

  /** The race runs no longer. */
  #settle(): void {
    this.#timer.cancel();
    if (!this.#isUndecided) return;
    this.#isUndecided = false;
    this.#plan.races -= 1;
    if (this.#second !== null) this.#plan.hedges -= 1;
  }

  #end(failed: Failure): void {
    this.#ended = true;
    this.#settle();
    this.#handler.onError(failed);
  }
}

/** One attempt in its race, as the handler of what comes of it. */
class Entrant implements ResponseHandler {
  cancel: Cancel = nothingToCancel;
  failure: Failure | null = null;
  /** An answer that waits for the other attempt. */
  shelved: ShelvedAnswer | null = null;
  /** Its place in `exchange.attempts`. */
  readonly index: number;
  readonly startedAtMs: number;
  readonly #race: Race;

  constructor(race: Race, index: number, startedAtMs: number) {
    this.#race = race;
    this.index = index;
    this.startedAtMs = startedAtMs;
  }

  onHeaders(head: ResponseHead): void {
    this.#race.begun(this, head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#race.came(this, chunk);
  }

  onComplete(): void {
    this.#race.completed(this);
  }

  onError(failed: Failure): void {
    this.#race.failed(this, failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#race.upgraded(this, headers, peer);
  }
}
