/**
 * Hands a request that takes long over to a job (RFC 7240 `respond-async`, or the route's own policy): the client gets
 * 202 with the place of a status resource, what was asked goes on, and its answer is kept for pick-up. docs/jobs.md
 * tells it from the client's side.
 *
 *   waiting ── answer begins ──────────────────────────▶ passing    the client's `total` holds, as ever
 *      │ due, the body is whole, and whoever asks is known   ▲
 *      ▼                                                     │ no job can be made, or not in time
 *   asking ──────────────────────────────────────────────────┘
 *      │ the job is made
 *      ▼
 *     job: 202 to the client; the answer goes into the store through a spool
 *
 * Stands outside `deadline`: what is below runs under the deadline of a job from its beginning, since an upstream is
 * told once how long it has. How long the client waits is this layer's business then. For the same reason what is below
 * has an exchange of its own: the client's ends with the 202, and says what had become of it by then; the job's goes
 * on, and is told to the observer when the job is over. An answer that comes in time is copied back.
 *
 * A client that leaves before the 202 takes its request with it, unless the route says that it is to be finished; one
 * that leaves after it does not. No upgrade is passed on, since no request that asks for one comes here.
 */
import { type Failure, failure, timerFired } from '@weir/proto/http/failures.js';
import { hasField, withoutField } from '@weir/proto/http/headers.js';
import { webSocketAsk } from '@weir/proto/http/upgrade.js';
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { AwaitedBody } from '../jobs/awaited-body.js';
import { type JobFailure, type JobOwner, type JobProgress, type JobState, ownerOf, sharerOf } from '../jobs/job.js';
import { publicJobId } from '../jobs/job-id.js';
import { asksOthers, jobRoute } from '../jobs/job-limits.js';
import { keptHead } from '../jobs/kept-head.js';
import { NoJob } from '../jobs/no-job.js';
import { type HandOverPlan, handOverPlan, preferenceApplied } from '../jobs/plan.js';
import { asyncWish, withoutAsyncWish } from '../jobs/prefer.js';
import type { JobRun, RunningJob } from '../jobs/running-job.js';
import { Spool } from '../jobs/spool.js';
import { acceptedAnswer } from '../jobs/status-answer.js';
import { writeEnd } from '../jobs/told-end.js';
import { addressKey } from '../limit/bound-limits.js';
import type { RouteObserver } from '../observe/observer.js';
import { publicNamesOf } from '../observe/public-names.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../pipeline/dispatch.js';
import { Ear } from '../pipeline/ear.js';
import { forkExchange, joinExchange } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import { clientBudget } from '../time/client-deadline.js';
import type { Timer } from '../time/clock.js';
import { makeSpanId, spanIdOf, withSpanId } from '../trace/trace-context.js';
import { bindDeadline } from './deadline.js';

/** Compiles what stands below this layer, down to the transport. */
export type CompileRun = (route: RouteSpec, services: ChainServices) => Dispatch;

export const handOver =
  (compileRun: CompileRun): Place =>
  (route, services) => {
    if (route.async === null || !asksOthers(route)) return null;
    const rules: Rules = {
      spec: route.async,
      route,
      run: compileRun(jobRoute(route, route.async), services),
      conceal: publicNamesOf(route, services.upstreams).conceal,
      observer: services.observer.route(route.id),
      services,
    };
    return (next) => (request, handler) => {
      const plan = planOf(request, rules.spec, route.timeouts.totalMs, services);
      return plan === null ? next(request, handler) : new HandingOver(request, handler, plan, rules).begin();
    };
  };

/** Null for what is never handed over: tunnels, heads without a body to keep, gRPC, a deadline that has passed. */
function planOf(
  { method, headers, body, exchange }: GatewayRequest,
  spec: AsyncSpec,
  totalMs: number,
  { clock, gateway }: ChainServices,
): HandOverPlan | null {
  if (method === 'HEAD' || webSocketAsk(method, headers, body !== null) !== 'none') return null;
  if (hasField(headers, 'grpc-timeout')) return null;
  const budget = clientBudget(headers, gateway.names.deadlineHeader);
  // The deadline layer refuses what can't be read.
  if ('malformed' in budget) return null;
  const limitMs = Math.min(totalMs, budget.budgetMs ?? Number.POSITIVE_INFINITY);
  return exchange.receivedAtMs + limitMs <= clock.nowMs() ? null : handOverPlan(spec, asyncWish(headers), limitMs);
}

interface Rules {
  readonly spec: AsyncSpec;
  readonly route: RouteSpec;
  readonly run: Dispatch;
  readonly conceal: (text: string) => string;
  readonly observer: RouteObserver;
  readonly services: ChainServices;
}

/** What is not ready when it is due is looked at again after this long. */
const LOOK_AGAIN_MS = 25;
/** So long before the client's limit it waits for it, and a fallback may still have its word. */
const LAST_LOOK_MS = 50;
const LAST_LOOK_SHARE = 0.1;

type Stage = 'waiting' | 'passing' | 'asking' | 'job' | 'over';

class HandingOver implements ResponseHandler, JobRun {
  readonly routeId: string;
  readonly method: string;
  readonly #request: GatewayRequest;
  readonly #handler: Ear;
  readonly #plan: HandOverPlan;
  readonly #rules: Rules;
  /** The request as it goes on below, with an exchange of its own. */
  readonly #below: GatewayRequest;
  readonly #body: AwaitedBody | null;
  readonly #timer: Timer;
  readonly #spool: Spool;
  #stage: Stage = 'waiting';
  /** It left before the 202, and its request is finished all the same. */
  #isClientGone = false;
  /** Its client's deadline came before the word of the store. */
  #isTooLateForJob = false;
  /** It was ready when it was due. */
  #isOnTime = true;
  #cancelBelow: Cancel = nothingToCancel;

  constructor(request: GatewayRequest, handler: ResponseHandler, plan: HandOverPlan, rules: Rules) {
    const { services, route } = rules;
    this.routeId = route.id;
    this.method = request.method;
    this.#request = request;
    this.#handler = new Ear(handler);
    this.#plan = plan;
    this.#rules = rules;
    this.#body = request.body === null ? null : new AwaitedBody(request.body, services.bodies);
    this.#below = {
      ...request,
      // The client's budget is for its own wait, which ends here.
      headers: withoutField(
        plan.isWished ? withoutAsyncWish(request.headers) : request.headers,
        services.gateway.names.deadlineHeader,
      ),
      body: this.#body,
      exchange: { ...forkExchange(request.exchange), noJob: new NoJob() },
    };
    bindDeadline(request.exchange, plan.limitMs);
    this.#timer = services.timers.create(() => this.#due());
    this.#spool = new Spool(services.gateway.jobs.resultBytesMax, () => this.#cancelBelow());
  }

  begin(): Cancel {
    this.#timer.arm(this.#leftMs(this.#plan.afterMs));
    const cancel = this.#rules.run(this.#below, this);
    this.#cancelBelow = cancel;
    // A callback may have cancelled before there was anything to cancel.
    if (this.#stage === 'over') cancel();
    return this.#clientLeft;
  }

  get owner(): JobOwner | null {
    const { consumerId, vouchedBy } = this.#below.exchange;
    return ownerOf(consumerId, vouchedBy);
  }

  get sharer(): string {
    return sharerOf(this.owner, addressKey(this.#request.exchange.clientAddress));
  }

  /** The client is gone, or is given up. After the 202 that is nothing to the job. */
  readonly #clientLeft: Cancel = () => {
    this.#handler.close();
    if (this.#stage === 'job' || this.#stage === 'over') return;
    const mayFinish = this.#stage === 'asking' || (this.#stage === 'waiting' && this.#isReady());
    if (mayFinish && this.#rules.spec.onLeave === 'finish') {
      this.#isClientGone = true;
      this.#timer.cancel();
      if (this.#stage === 'waiting') this.#askForJob();
      // The line about the client is written now, so it can name no job but this one.
      this.#request.exchange.jobId = this.#below.exchange.jobId;
      return;
    }
    this.#giveUp();
  };

  #giveUp(): void {
    // Those below look here for the reason.
    this.#below.exchange.failure ??= this.#request.exchange.failure;
    this.#end();
    this.#spool.drop();
    this.#cancelBelow();
    // The client's exchange was looked at when it left, so what was tried for it is told on its own.
    if (this.#isClientGone) this.#told('failed', failure('client_gone', 'the client left, and no job could be made'));
    else joinExchange(this.#request.exchange, this.#below.exchange);
  }

  #leftMs(sinceReceivedMs: number): number {
    return this.#request.exchange.receivedAtMs + sinceReceivedMs - this.#rules.services.clock.nowMs();
  }

  /** The moment to hand over; or, where the client can't be spared the wait, the end of its `total`. */
  #due(): void {
    if (this.#leftMs(this.#plan.limitMs) <= 0) {
      this.#tooLate();
      return;
    }
    // The store has not said in time whether there is a job: if there is, nobody will be told of it.
    if (this.#stage === 'asking') {
      this.#isTooLateForJob = true;
      this.#waitOn();
    }
    if (this.#stage !== 'waiting') return;
    // Those below may read none of it before there is a place for it at the upstream.
    if (this.#isOwnerKnown()) this.#body?.gather();
    if (this.#isReady()) {
      this.#askForJob();
      return;
    }
    this.#isOnTime = false;
    const lastLookMs = this.#lastLookMs();
    if (lastLookMs > 0) this.#timer.arm(Math.min(LOOK_AGAIN_MS, lastLookMs));
    else this.#waitOn();
  }

  #lastLookMs(): number {
    const { limitMs } = this.#plan;
    return this.#leftMs(limitMs - Math.min(LAST_LOOK_MS, limitMs * LAST_LOOK_SHARE));
  }

  /** Whose job it will be must be known, and the client must have nothing left to send. */
  #isReady(): boolean {
    return this.#isOwnerKnown() && (this.#body === null || this.#body.isWhole);
  }

  #isOwnerKnown(): boolean {
    return this.#rules.route.auth.length === 0 || this.owner !== null;
  }

  #tooLate(): void {
    const { limitMs } = this.#plan;
    const { services } = this.#rules;
    services.observer.timerFired('total', this.routeId);
    this.#end();
    this.#cancelBelow();
    joinExchange(this.#request.exchange, this.#below.exchange);
    this.#handler.onError(timerFired('total', limitMs));
  }

  #askForJob(): void {
    const { services } = this.#rules;
    this.#stage = 'asking';
    if (!this.#isClientGone) this.#timer.arm(this.#lastLookMs());
    services.jobs.begin(this, services.gateway.jobs).then(
      (job) => (job === null ? this.#goOn() : this.#handedOver(job)),
      (error: unknown) => {
        services.onBug(error);
        this.#goOn();
      },
    );
  }

  /** No job: the client waits on, for as long as it would have without this layer. */
  #goOn(): void {
    if (this.#stage !== 'asking') return;
    if (this.#isClientGone) {
      this.#giveUp();
      return;
    }
    this.#waitOn();
  }

  /** The limits of the client hold below as well, those that have passed meanwhile at once. */
  #waitOn(): void {
    const { exchange } = this.#below;
    this.#stage = 'passing';
    this.#timer.arm(this.#leftMs(this.#plan.limitMs));
    bindDeadline(exchange, this.#plan.limitMs);
    this.#spool.giveTo(this);
    exchange.noJob?.tell();
  }

  #handedOver(job: RunningJob): void {
    if (this.#stage !== 'asking') {
      if (this.#isTooLateForJob) job.abandonLate();
      else job.abandon();
      return;
    }
    const { services } = this.#rules;
    const { exchange } = this.#request;
    const below = this.#below.exchange;
    this.#stage = 'job';
    this.#timer.cancel();
    services.observer.decided('handed_over', this.routeId);
    exchange.jobId = below.jobId;
    exchange.consumerId = below.consumerId;
    exchange.vouchedBy = below.vouchedBy;
    exchange.upstreamId = below.upstreamId;
    below.requestBytes = exchange.requestBytes;
    // A span of its own, beneath the client's; attempts that began before are told that one for their parent.
    if (exchange.traceparent !== '') {
      below.parentSpanId = spanIdOf(exchange.traceparent);
      below.traceparent = withSpanId(exchange.traceparent, makeSpanId(services.random));
    }
    if (!this.#isClientGone) this.#accept(job);
    this.#spool.keepIn({
      write: (index, piece) => job.write(index, piece),
      done: (head, bytes, pieces) => job.done(keptHead(head, this.#request), bytes, pieces),
      // Whoever collects the job will read it, so addresses end here.
      failed: (failed) => job.failed({ ...failed, detail: this.#rules.conceal(failed.detail) }),
    });
  }

  #accept({ record }: RunningJob): void {
    const { prefix } = this.#rules.services.gateway.jobs;
    const applied = preferenceApplied(this.#plan, this.#isOnTime);
    const { status, headers, body } = acceptedAnswer(record, prefix, applied);
    const { limitFields } = this.#below.exchange;
    answerDirectly(this.#request, this.#handler, status, [...headers, ...limitFields], body);
  }

  #end(): void {
    this.#stage = 'over';
    this.#timer.cancel();
    this.#body?.release();
  }

  // What comes from below.

  onHeaders(head: ResponseHead): void {
    if (this.#stage === 'asking' || this.#stage === 'job') {
      this.#below.exchange.headersAtMs = this.#rules.services.clock.nowMs();
      this.#spool.onHeaders(head);
      return;
    }
    // An answer that has begun can't be taken back, so the client waits for its end.
    if (this.#stage === 'waiting') {
      this.#stage = 'passing';
      this.#timer.arm(this.#leftMs(this.#plan.limitMs));
    }
    joinExchange(this.#request.exchange, this.#below.exchange);
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#stage === 'passing' ? this.#handler.onData(chunk) : this.#spool.onData(chunk);
  }

  onComplete(): void {
    if (this.#stage !== 'passing') {
      this.#spool.onComplete();
      return;
    }
    this.#end();
    joinExchange(this.#request.exchange, this.#below.exchange);
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    if (this.#stage === 'asking' || this.#stage === 'job') {
      this.#spool.onError(failed);
      return;
    }
    this.#end();
    joinExchange(this.#request.exchange, this.#below.exchange);
    this.#handler.onError(failed);
  }

  // What the job asks and tells.

  named(id: string): void {
    this.#below.exchange.jobId = publicJobId(id);
  }

  progress(): JobProgress {
    const { attempts } = this.#below.exchange;
    return {
      phase: attempts.at(-1)?.phase ?? '',
      attempts: attempts.length,
      bytes: this.#spool.bytes,
      ofBytes: this.#spool.head?.lengthBytes ?? null,
    };
  }

  cancel(): void {
    this.#spool.drop();
    this.#cancelBelow();
  }

  ended(state: JobState, failed: JobFailure | null): void {
    this.#end();
    this.#told(state, failed);
  }

  #told(state: JobState, failed: JobFailure | null): void {
    const { exchange } = this.#below;
    exchange.endedAtMs = this.#rules.services.clock.nowMs();
    exchange.responseBytes = this.#spool.bytes;
    writeEnd(exchange, state, failed, this.#spool.head?.status ?? 0);
    this.#rules.observer.jobEnded(this.#below);
  }
}
