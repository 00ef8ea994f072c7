/**
 * What the doctor of a node learns from traffic about calls that could be fewer and answers that could be smaller. Owns whom it follows, what it
 * has counted, and how much it may look at.
 *
 *   head of an answer ─▶ its turn? ─▶ Looking ─▶ statistics of its route      (a hundred a second; else a count is lowered)
 *   end of an exchange ─▶ followed? ─▶ trail ─▶ burst ─▶ patterns             (64 clients at once; else a name is looked up)
 *   asked ─▶ rules ─▶ advice
 *
 * Bounds: looks and calls a second, bytes read, bodies kept, clients followed, routes and patterns remembered. Beyond each of them traffic goes
 * unseen, and what was seen stands for it. Counts lose half every five minutes.
 */
import type { Advice } from '@weir/proto/events/advice.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest, ResponseHead } from '../../pipeline/dispatch.js';
import type { Clock, Random } from '../../time/clock.js';
import type { Work } from '../../time/slices.js';
import { adviseOnAnswers } from './advise-answers.js';
import { adviseOnCalls } from './advise-calls.js';
import { AnswerStats, type Look } from './answer-stats.js';
import { Followed, type RouteShare } from './followed.js';
import { type KeptBody, type Looker, Looking, tryFields } from './look.js';
import { routesOf } from './pattern-store.js';
import { worthOf } from './saving.js';
import { Stride } from './stride.js';
import { tryCoding } from './try-coding.js';

export interface AdvisorServices {
  readonly clock: Clock;
  readonly random: Random;
}

export interface RouteAdvisor {
  /** The head of an answer is on its way to the client. Null: it is not looked at. */
  look(request: GatewayRequest, head: ResponseHead): Looking | null;
  /** The exchange is over. */
  ended(request: GatewayRequest): void;
}

const AGE_MS = 300_000;
const ROUTES_MAX = 512;
const ADVICE_MAX = 64;
/** Read and hashed, in a second: a thousandth of a core. */
const READ_BYTES_PER_S = 1_048_576;
/** Bodies that are tried: one in so long, of one route less often, so that all have their turn, and so many at once. */
const TRIAL_EVERY_MS = 1_000;
const TRIAL_OF_ROUTE_EVERY_MS = 4_000;
const TRIALS_MAX = 2;
const MINUTE_MS = 60_000;

export class Advisor {
  readonly stride: Stride;
  readonly followed: Followed;
  readonly #clock: Clock;
  readonly #stats = new Map<string, AnswerStats>();
  readonly #routes = new Map<string, Advised>();
  #specs: ReadonlyMap<string, RouteSpec> = new Map();
  /** Of what the counts hold, as they were halved last. */
  #spanMs = 0;
  #sinceMs: number;
  #readLeft = READ_BYTES_PER_S;
  #secondAtMs = Number.NEGATIVE_INFINITY;
  #trials = 0;
  #trialAtMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, random }: AdvisorServices) {
    this.#clock = clock;
    this.stride = new Stride(random);
    this.followed = new Followed();
    this.#sinceMs = clock.nowMs();
  }

  route(routeId: string): RouteAdvisor {
    let route = this.#routes.get(routeId);
    if (route === undefined) {
      route = new Advised(routeId, this);
      this.#routes.set(routeId, route);
    }
    return route;
  }

  /** Judges by these from now on, and forgets the others. */
  *followingRoutes({ routes }: Pick<Snapshot, 'routes'>): Work<void> {
    const specs = new Map<string, RouteSpec>();
    for (const spec of routes) {
      specs.set(spec.id, spec);
      const known = this.#routes.get(spec.id);
      if (known !== undefined) known.parameter = spec.optimize?.fields?.parameter ?? 'fields';
      yield;
    }
    for (const id of this.#routes.keys()) if (!specs.has(id)) this.#routes.delete(id);
    for (const id of this.#stats.keys()) if (!specs.has(id)) this.#stats.delete(id);
    this.followed.retainRoutes(new Set(specs.keys()));
    this.#specs = specs;
  }

  /** What would save most first. */
  report(): readonly Advice[] {
    const nowMs = this.#clock.nowMs();
    this.#age(nowMs);
    this.followed.rest(nowMs);
    const minutes = (this.#spanMs + nowMs - this.#sinceMs) / MINUTE_MS;
    if (!(minutes > 0)) return [];
    const onAnswers = [...this.#stats].flatMap(([id, stats]) => {
      const spec = this.#specs.get(id);
      return spec === undefined ? [] : adviseOnAnswers(spec, stats, minutes);
    });
    const onCalls = this.followed.patterns.list().flatMap((count) => {
      const perMinute = this.followed.scaleOf(routesOf(count.pattern)) / minutes;
      return adviseOnCalls(count, this.#specs, perMinute);
    });
    return [...onAnswers, ...onCalls].sort((a, b) => worthOf(b) - worthOf(a)).slice(0, ADVICE_MAX);
  }

  looked(routeId: string, look: Look, kept: KeptBody | null): void {
    this.#age(look.atMs);
    const known = this.#stats.get(routeId);
    if (known === undefined && this.#stats.size >= ROUTES_MAX) {
      if (kept !== null) this.#trials -= 1;
      return;
    }
    const stats = known ?? new AnswerStats();
    if (known === undefined) this.#stats.set(routeId, stats);
    stats.add(look);
    if (kept !== null) this.#try(kept, stats);
  }

  #try(kept: KeptBody, stats: AnswerStats): void {
    const named = tryFields(kept);
    if (named !== null) stats.tried('selection', named);
    if (kept.encoding === null || kept.bytes === 0) {
      this.#trials -= 1;
      return;
    }
    tryCoding(kept, kept.encoding, (trial) => {
      this.#trials -= 1;
      if (trial !== null) stats.tried('coded', trial);
    });
  }

  mayRead(bytes: number): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs >= this.#secondAtMs + 1_000) {
      this.#secondAtMs = nowMs;
      this.#readLeft = READ_BYTES_PER_S;
    }
    if (bytes > this.#readLeft) return false;
    this.#readLeft -= bytes;
    return true;
  }

  mayKeep(nowMs: number): boolean {
    if (this.#trials >= TRIALS_MAX || nowMs < this.#trialAtMs + TRIAL_EVERY_MS) return false;
    this.#trials += 1;
    this.#trialAtMs = nowMs;
    return true;
  }

  #age(nowMs: number): void {
    if (nowMs < this.#sinceMs + AGE_MS) return;
    this.#spanMs = (this.#spanMs + nowMs - this.#sinceMs) / 2;
    this.#sinceMs = nowMs;
    for (const [id, stats] of this.#stats) if (!stats.halve()) this.#stats.delete(id);
    this.followed.halve();
  }
}

/** One route. */
class Advised implements RouteAdvisor, Looker {
  parameter = 'fields';
  readonly #routeId: string;
  readonly #advisor: Advisor;
  readonly #share: RouteShare;
  #keepAtMs = Number.NEGATIVE_INFINITY;

  constructor(routeId: string, advisor: Advisor) {
    this.#routeId = routeId;
    this.#advisor = advisor;
    this.#share = advisor.followed.share(routeId);
  }

  look(request: GatewayRequest, head: ResponseHead): Looking | null {
    return this.#advisor.stride.takes(request.exchange.headersAtMs) ? this.#begin(request, head) : null;
  }

  #begin(request: GatewayRequest, head: ResponseHead): Looking | null {
    const weight = this.#advisor.stride.took(request.exchange.headersAtMs);
    return request.method === 'HEAD' ? null : new Looking(request, head, this, weight);
  }

  ended(request: GatewayRequest): void {
    this.#advisor.followed.ended(this.#routeId, this.#share, request);
  }

  looked(look: Look, kept: KeptBody | null): void {
    this.#advisor.looked(this.#routeId, look, kept);
  }

  mayRead(bytes: number): boolean {
    return this.#advisor.mayRead(bytes);
  }

  mayKeep(nowMs: number): boolean {
    if (nowMs < this.#keepAtMs || !this.#advisor.mayKeep(nowMs)) return false;
    this.#keepAtMs = nowMs + TRIAL_OF_ROUTE_EVERY_MS;
    return true;
  }
}
