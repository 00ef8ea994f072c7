/**
 * What takes the place of a failure that nothing below could avert: another upstream, an answer of the route's own, or a
 * redirect; the first of the route's list that can. Stands right above everything that makes attempts, and outside of it
 * only what edits or refuses: a fallback is asked with the request as the route has prepared it.
 *
 * It acts on an upstream that failed, was too slow, or could not be asked (502, 503, 504), as a failure or as an answer
 * of its own. It doesn't on what the client did, on a fault of this gateway, or once the head of an answer is on its way.
 * An answer of the route's own needs no time, so it also stands for an upstream that is silent until the deadline, and is
 * given right before that: behind it, it would be as late as the timeout that it is there to avoid.
 *
 * Another upstream means that the request is sent again, to someone who knows nothing of the first time: what is
 * idempotent at one system, or has an Idempotency-Key there, may have its effect once more at the other. So unless
 * nothing of it was sent by any attempt, only a safe method goes there; an entry that says `repeats` vouches for the
 * two sharing what they do, and then the rule of retries holds: sending it twice is as good as once. That rule holds as
 * well for a redirect that repeats the method (307), for it is the client who sends that, and knows where to.
 */
import { type Failure, type FailureCode, failureTable, timerFired } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { isSafe } from '@weir/proto/http/methods.js';
import type { FallbackSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Place } from '../pipeline/chain.js';
import type {
  Cancel,
  Dispatch,
  GatewayRequest,
  ResponseHandler,
  ResponseHead,
  WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import type { Timer } from '../time/clock.js';
import { fits } from '../upstream/retry/policy.js';
import { Redispatching } from '../upstream/retry/redispatch.js';
import { isRepeatable } from '../upstream/retry/repeatable.js';
import { type Replay, replayOf } from '../upstream/retry/replay.js';
import { redirect } from './redirect.js';
import { respond } from './respond.js';
import { transformRequest } from './transform-request.js';

/** Compiles what stands below this layer, down to the transport, for a route that goes to another upstream. */
export type CompileBranch = (route: RouteSpec, services: ChainServices) => Dispatch;

export const fallback =
  (compileBranch: CompileBranch): Place =>
  (route, services) => {
    if (route.fallback.length === 0 || route.action.kind !== 'proxy') return null;
    const ways = route.fallback.map((spec) => compileWay(spec, route, services, compileBranch));
    const keepBytesMax = route.retry?.bodyBytesMax ?? KEEP_BYTES_MAX;
    const statuses = route.retry?.statuses ?? UPSTREAM_TROUBLE;
    return (next) => {
      const rules: Rules = { next, ways, statuses, keepBytesMax, services, routeId: route.id };
      return (request, handler) => new FallingBack(request, handler, rules).begin();
    };
  };

/** 502, 503 and 504: the statuses by which this gateway, and any other, says that an upstream is to blame. */
const UPSTREAM_TROUBLE: readonly number[] = [502, 503, 504];

/** The gateway refused by itself: nothing was sent, even where trying it again below would not have helped. */
const notAsked: ReadonlySet<FailureCode> = new Set(['no_target', 'circuit_open', 'shed', 'deadline_unreachable']);

/** Of a request body where the route has no `retry` that says it: the default of that. */
const KEEP_BYTES_MAX = 64 * 1024;

/** Before the deadline: two turns of the timer wheel and some, so that its 504 is not the sooner one. */
const LAST_WORD_MS = 20;

interface Way {
  readonly dispatch: Dispatch;
  /** Takes time, and the body. */
  readonly asksUpstream: boolean;
  /** What is asked of a request that an upstream may have seen, before it is sent again by us or by the client. */
  readonly mayRepeat: (method: string, headers: HeaderList) => boolean;
}

const always = (): boolean => true;

interface Rules {
  readonly next: Dispatch;
  readonly ways: readonly Way[];
  readonly statuses: readonly number[];
  readonly keepBytesMax: number;
  readonly services: ChainServices;
  readonly routeId: string;
}

function compileWay(spec: FallbackSpec, route: RouteSpec, services: ChainServices, compileBranch: CompileBranch): Way {
  if (spec.kind === 'upstream') {
    // What is below may look at the list as well, and must not find this entry in it again.
    const action = { kind: 'proxy', upstream: spec.upstream, rewrite: null } as const;
    const { requestHeaders, timeouts } = spec;
    const branch: RouteSpec = { ...route, action, requestHeaders, timeouts, fallback: [] };
    const edit = transformRequest(branch, services);
    const asking = compileBranch(branch, services);
    const dispatch = edit === null ? asking : edit(asking);
    return { dispatch, asksUpstream: true, mayRepeat: spec.repeats ? isRepeatable : isSafe };
  }
  const mayRepeat = spec.kind === 'redirect' && spec.status === 307 ? isRepeatable : always;
  return { dispatch: answering({ ...route, action: spec }, services), asksUpstream: false, mayRepeat };
}

/** The layers that answer a route of their own answer here as well; nothing stands below them. */
function answering(route: RouteSpec, services: ChainServices): Dispatch {
  const layer = (route.action.kind === 'redirect' ? redirect : respond)(route, services);
  if (layer === null) throw new Error(`nothing answers by "${route.action.kind}"`);
  return layer(() => {
    throw new Error('a layer that answers by itself has passed a request on');
  });
}

/** The last failure tells of one attempt; one before it may have reached an upstream. */
function nothingWasSent({ attempts }: Exchange): boolean {
  return attempts.every(({ failure }) => failure !== null && failureTable[failure.code].retry === 'always');
}

class FallingBack extends Redispatching {
  readonly #request: GatewayRequest;
  readonly #rules: Rules;
  #replay: Replay | null = null;
  /** The way that is next to be looked at. */
  #next = 0;
  /** How the last upstream failed, where it did not answer. */
  #failure: Failure | null = null;
  /** No upstream has seen anything of the request so far. */
  #nothingSent = false;
  /** Runs where the route has an answer of its own, until it is known who answers. */
  #lastWord: Timer | null = null;
  #hearNoMore: () => void = () => {};

  constructor(request: GatewayRequest, handler: ResponseHandler, rules: Rules) {
    super(handler);
    this.#request = request;
    this.#rules = rules;
  }

  begin(): Cancel {
    const { next, keepBytesMax, services } = this.#rules;
    const { body } = this.#request;
    this.#replay = body === null ? null : replayOf(body, keepBytesMax, services.bodies);
    this.#awaitLastWord();
    this.send(next, this.#replay === null ? this.#request : { ...this.#request, body: this.#replay.body() });
    return this.cancel;
  }

  #awaitLastWord(): void {
    const { ways, services } = this.#rules;
    const { deadlineAtMs, noJob } = this.#request.exchange;
    const leftMs = deadlineAtMs - services.clock.nowMs();
    if (!Number.isFinite(leftMs) || ways.every(({ asksUpstream }) => asksUpstream)) return;
    // Without a job the deadline is the client's, and sooner.
    if (noJob?.isCertain === false) this.#hearNoMore = noJob.listen(() => this.#awaitLastWord());
    this.#lastWord ??= services.timers.create(() => this.#haveLastWord());
    this.#lastWord.arm(leftMs - Math.min(LAST_WORD_MS, leftMs / 2));
  }

  #leaveLastWord(): void {
    this.#hearNoMore();
    this.#lastWord?.cancel();
  }

  #haveLastWord(): void {
    const { services, routeId } = this.#rules;
    const { exchange } = this.#request;
    if (!this.isUndecided || !this.#findWay(nothingWasSent(exchange), false)) return;
    this.#failure = timerFired('total', exchange.deadlineAtMs - exchange.receivedAtMs);
    services.observer.timerFired('total', routeId);
    this.giveUp();
  }

  override onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#leaveLastWord();
    super.onUpgrade(headers, peer);
  }

  protected override keepsAnswer(head: ResponseHead): boolean {
    const isTrouble = head.status >= 400 && this.#rules.statuses.includes(head.status) && !this.#isAnsweringItself();
    if (isTrouble && this.#findWay(false)) return false;
    this.#leaveLastWord();
    this.#replay?.letGo();
    return true;
  }

  protected override failureToPass(failed: Failure): Failure | null {
    const passed = this.#passedOn(failed);
    if (passed !== null) this.#leaveLastWord();
    return passed;
  }

  #passedOn(failed: Failure): Failure | null {
    // A redirect that cannot be made of this path is no news for the client: it gets what the upstream's failure was.
    if (this.#isAnsweringItself()) return this.#findWay(this.#nothingSent) ? null : (this.#failure ?? failed);
    const { status, retry } = failureTable[failed.code];
    const isTrouble = UPSTREAM_TROUBLE.includes(status) && failed.code !== 'total_timeout';
    const nothingSent = (retry === 'always' || notAsked.has(failed.code)) && nothingWasSent(this.#request.exchange);
    if (!isTrouble || !this.#findWay(nothingSent)) return failed;
    this.#failure = failed;
    return null;
  }

  /** What a fallback of the route's own says is meant, whatever its status. */
  #isAnsweringItself(): boolean {
    return this.#rules.ways[this.#next - 1]?.asksUpstream === false;
  }

  /** Moves on to the next way that can be gone; false when there is none. `hasTime`: to ask an upstream. */
  #findWay(nothingSent: boolean, hasTime = true): boolean {
    const { ways, services } = this.#rules;
    const { method, headers, exchange } = this.#request;
    const leftMs = exchange.deadlineAtMs - services.clock.nowMs();
    this.#nothingSent = nothingSent;
    const isWhole = this.#replay === null || this.#replay.isWhole;
    for (let i = this.#next; i < ways.length && leftMs > 0; i += 1) {
      const way = ways[i];
      if (way === undefined || !(nothingSent || way.mayRepeat(method, headers))) continue;
      if (way.asksUpstream && !(hasTime && isWhole && fits(0, leftMs))) continue;
      this.#next = i;
      return true;
    }
    return false;
  }

  protected override again(): void {
    const { ways, services, routeId } = this.#rules;
    const way = ways[this.#next];
    this.#next += 1;
    if (way?.asksUpstream === false) {
      this.#leaveLastWord();
      this.#request.exchange.hasFallenBack = true;
    }
    if (way === undefined) throw new Error('a fallback was begun that is not there');
    this.#replay?.detach();
    services.observer.decided('fallback', routeId);
    const body = way.asksUpstream ? (this.#replay?.body() ?? null) : null;
    this.send(way.dispatch, { ...this.#request, cause: 'fallback', body });
  }

  protected override over(): void {
    this.#replay?.release();
  }

  protected override stop(): void {
    this.#leaveLastWord();
  }
}
