/**
 * The observer of a node: what the observe layer tells goes to metrics, access log, traces and the timeout doctor.
 *
 * Owns which of them is in force for a snapshot. What may fail (a log file that can't be opened, an exporter that
 * can't be loaded) fails in `prepare`, before a snapshot is swapped in; nothing here throws on the way of a request.
 */
import type { TimerName } from '@weir/proto/http/failures.js';
import type { SecretText, Snapshot, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Refusal } from '../cache/refusals.js';
import type { PurgeKind } from '../cache/results.js';
import { Advisor, type RouteAdvisor } from '../doctor/advice/advisor.js';
import { createDoctor, type Doctor, type RouteDoctor } from '../doctor/doctor.js';
import type { GatewayRequest, ResponseHead } from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';
import { type Clock, type Random, stalledMs, type Timers } from '../time/clock.js';
import { giveWay } from '../time/give-way.js';
import { inSlices, type Work } from '../time/slices.js';
import type { GateReading } from '../upstream/concurrency/gate-store.js';
import type { Upstreams } from '../upstream/upstreams.js';
import { type AccessLog, createAccessLog } from './access-log.js';
import { CallTally, type RouteCalls } from './call-tally.js';
import { Cells, type RouteCells } from './cells.js';
import type { Decision } from './decisions.js';
import { type EventLoopMonitor, type EventLoopWindow, monitorEventLoop } from './event-loop.js';
import { openHttpLog } from './http-log.js';
import type { Joining } from './joinings.js';
import type { RefusedRequest } from './log-line.js';
import { openLog } from './log-writer.js';
import type { ToolOutcome } from './mcp-cells.js';
import { createMetrics, type MetricSources, type Metrics } from './metrics.js';
import { type AnswerLook, JOBS_ROUTE_ID, type Observer, type RouteObserver } from './observer.js';
import type { Prepared } from './prepared.js';
import { secretNames } from './redaction.js';
import type { Smaller } from './smaller.js';
import { SpendTally } from './spend-tally.js';
import { createTracing, type Tracing } from './tracing.js';
import { TrafficTally } from './traffic-counts.js';

/** What the observer knows by itself; all else is asked at each scrape. */
type OwnSources = 'cells' | 'eventLoop' | 'stalledMs' | 'log' | 'spans' | 'bugs';

export interface ObserverServices extends Omit<MetricSources, OwnSources> {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly reveal: (text: SecretText) => string;
  /** The one of an upstream, undefined where it has none. */
  readonly gate: (upstream: UpstreamSpec) => GateReading | undefined;
  readonly doctorSliceMs?: number | undefined;
  /** Somebody takes what calls have come to; left out: nobody does, and nothing is counted for it. */
  readonly tellsCalls?: boolean;
}

export interface NodeObserver extends Observer {
  readonly metrics: Metrics;
  readonly traffic: Pick<TrafficTally, 'counts'>;
  readonly calls: Pick<CallTally, 'take'>;
  readonly spends: Pick<SpendTally, 'take' | 'giveBack'>;
  readonly doctor: Pick<Doctor, 'report'>;
  eventLoop(): EventLoopWindow;
  /** Something threw where nothing may throw. */
  bug(): void;
  /** A purge is in force; `isTold`: in the Redis that nodes share as well, or there is none. */
  purged(kind: PurgeKind, ms: number, isTold: boolean): void;
  /** A request was answered without becoming an exchange: counted under "no route", and logged. */
  refused(refused: RefusedRequest): void;
  /**
   * Makes a snapshot's log and traces ready. Rejects when one can't be had; nothing has changed until the result is
   * committed. Commit in the turn of the swap: what a new snapshot calls a secret is hidden from its first request on,
   * and what a refused one does not call a secret was never shown. `upstreams` are those of the snapshot, for the doctor
   * to look at.
   */
  prepare(snapshot: Snapshot, upstreams?: Upstreams): Promise<Prepared>;
  /** Forgets the routes that are not named, and judges by the others: after the swap, or after a refusal by what is in force. */
  followingRoutes(snapshot: Pick<Snapshot, 'routes'>): Work<void>;
  /** Why the access log loses lines, null while it does not. */
  logTrouble(): string | null;
  /** Writes and exports what waits, within bounds. Exchanges that end later are only counted. */
  close(): Promise<void>;
}

export function createNodeObserver(services: ObserverServices): NodeObserver {
  return new Observers(services);
}

/** Stands for "no route matched", in every snapshot and before the first. */
const NO_ROUTE_ID = '';

/** As the config has it: a file's name does not begin so. */
const isUrl = (destination: string): boolean => /^https?:/.test(destination);

function revealed(
  headers: Readonly<Record<string, SecretText>>,
  reveal: (text: SecretText) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, reveal(value)]));
}

const noUpstreams: Upstreams = { get: () => undefined };

class Observers implements NodeObserver {
  readonly metrics: Metrics;
  readonly doctor: Pick<Doctor, 'report'>;
  readonly #doctor: Doctor;
  readonly #advisor: Advisor;
  readonly #clock: Clock;
  readonly traffic = new TrafficTally();
  readonly calls = new CallTally();
  readonly spends = new SpendTally();
  readonly #cells = new Cells();
  readonly #log: AccessLog;
  readonly #tracing: Tracing;
  readonly #eventLoop: EventLoopMonitor;
  readonly #heard: Heard;
  readonly #tellsCalls: boolean;
  readonly #routes = new Map<string, RouteObserver>();
  /** The routes that all are judged by; null: others have been compiled since, in force or refused. */
  #followed: Snapshot['routes'] | null = null;
  #bugs = 0;

  constructor(services: ObserverServices) {
    const { clock, timers, random, reveal, gate, doctorSliceMs } = services;
    this.#clock = clock;
    this.#tellsCalls = services.tellsCalls ?? false;
    this.#cells.route(NO_ROUTE_ID);
    this.#log = createAccessLog(
      (destination, headers) =>
        isUrl(destination)
          ? openHttpLog({ url: destination, headers: revealed(headers, reveal), timers })
          : openLog(destination, timers),
      random,
    );
    this.#tracing = createTracing({ timers, random, reveal });
    this.#eventLoop = monitorEventLoop(timers);
    const spends = this.#tellsCalls ? this.spends : null;
    this.#heard = { cells: this.#cells, traffic: this.traffic, log: this.#log, tracing: this.#tracing, spends };
    const eventLoop = () => this.#eventLoop.window();
    this.#doctor = createDoctor({ clock, gate, eventLoop, sliceMs: doctorSliceMs });
    this.#advisor = new Advisor({ clock, random });
    this.doctor = { report: () => ({ ...this.#doctor.report(), advice: this.#advisor.report() }) };
    this.metrics = createMetrics({
      ...services,
      ...{ cells: this.#cells, eventLoop, stalledMs: () => stalledMs(clock), bugs: () => this.#bugs },
      ...{ log: () => this.#log.counts(), spans: () => this.#tracing.counts() },
    });
  }

  route(routeId: string): RouteObserver {
    let observer = this.#routes.get(routeId);
    if (observer === undefined) {
      const calls = this.#tellsCalls ? this.calls.route(routeId) : null;
      const told = { doctor: this.#doctor.route(routeId), advisor: this.#advisor.route(routeId), calls };
      observer = new SeenRoute(this.#cells.route(routeId), told, this.#heard);
      this.#routes.set(routeId, observer);
      this.#followed = null;
    }
    return observer;
  }

  eventLoop(): EventLoopWindow {
    return this.#eventLoop.window();
  }

  timerFired(timer: TimerName, routeId: string): void {
    // A route that was dropped while its last exchanges end is not brought back for them.
    this.#cells.routes.get(routeId)?.timerFired(timer);
  }

  decided(decision: Decision, routeId: string): void {
    this.#cells.routes.get(routeId)?.decided(decision);
  }

  joined(joining: Joining, routeId: string): void {
    this.#cells.routes.get(routeId)?.joined(joining);
  }

  madeSmaller(what: Smaller, routeId: string): void {
    this.#cells.routes.get(routeId)?.madeSmaller(what);
  }

  toolCalled(routeId: string, tool: string, outcome: ToolOutcome, ms: number): void {
    this.#cells.mcp.called(routeId, tool, outcome, ms);
  }

  bug(): void {
    this.#bugs += 1;
  }

  purged(kind: PurgeKind, ms: number, isTold: boolean): void {
    this.#cells.purges.ended(kind, ms, isTold);
  }

  refused(refused: RefusedRequest): void {
    this.#cells.route(NO_ROUTE_ID).refused(refused.status, refused.failure.code);
    this.traffic.refused(refused.status);
    this.#log.refused(refused, this.#clock.wallMs());
  }

  async prepare(snapshot: Snapshot, upstreams: Upstreams = noUpstreams): Promise<Prepared> {
    const use = await inSlices(this.#using(snapshot, upstreams), this.#clock, giveWay);
    const tracing = await this.#tracing.prepare(snapshot.gateway.tracing, secretNames(snapshot));
    let log: Prepared;
    try {
      log = this.#log.prepare(snapshot);
    } catch (error) {
      tracing.discard();
      throw error;
    }
    return {
      commit: () => {
        log.commit();
        tracing.commit();
        use();
        this.#cells.ai.retain(snapshot);
        this.#cells.mcp.retain(snapshot);
      },
      discard: () => {
        log.discard();
        tracing.discard();
      },
    };
  }

  /** Counters and histories of thousands of targets, for those that are new. */
  *#using(snapshot: Snapshot, upstreams: Upstreams): Work<() => void> {
    const retain = yield* this.#cells.retainingUpstreams(snapshot.upstreams);
    const follow = yield* this.#doctor.following(snapshot, upstreams);
    return () => {
      retain();
      follow();
    };
  }

  *followingRoutes(snapshot: Pick<Snapshot, 'routes'>): Work<void> {
    if (snapshot.routes === this.#followed) return;
    yield* this.#doctor.followingRoutes(snapshot);
    yield* this.#advisor.followingRoutes(snapshot);
    const kept = new Set([NO_ROUTE_ID, JOBS_ROUTE_ID]);
    for (const { id } of snapshot.routes) {
      kept.add(id);
      yield;
    }
    this.#cells.retainRoutes(kept);
    for (const routeId of this.#routes.keys()) {
      if (!kept.has(routeId)) this.#routes.delete(routeId);
      yield;
    }
    this.#followed = snapshot.routes;
  }

  logTrouble(): string | null {
    return this.#log.trouble();
  }

  async close(): Promise<void> {
    this.#eventLoop.close();
    await Promise.all([this.#log.close(), this.#tracing.close()]);
  }
}

/** Those who hear of all routes. */
interface Heard {
  readonly cells: Cells;
  readonly traffic: TrafficTally;
  readonly log: AccessLog;
  readonly tracing: Tracing;
  /** Null: nobody is told. */
  readonly spends: SpendTally | null;
}

/** Those who hear of one. */
interface RouteHeard {
  readonly doctor: RouteDoctor;
  readonly advisor: RouteAdvisor;
  readonly calls: RouteCalls | null;
}

class SeenRoute implements RouteObserver {
  readonly #route: RouteCells;
  readonly #doctor: RouteDoctor;
  readonly #advisor: RouteAdvisor;
  readonly #calls: RouteCalls | null;
  readonly #heard: Heard;

  constructor(route: RouteCells, { doctor, advisor, calls }: RouteHeard, heard: Heard) {
    this.#route = route;
    this.#doctor = doctor;
    this.#advisor = advisor;
    this.#calls = calls;
    this.#heard = heard;
  }

  started(): void {
    this.#route.inFlight += 1;
  }

  look(request: GatewayRequest, head: ResponseHead): AnswerLook | null {
    return this.#advisor.look(request, head);
  }

  ended(request: GatewayRequest): void {
    this.#route.ended(request.exchange);
    this.#heard.cells.ai.ended(request.exchange);
    const slot = this.#heard.traffic.ended(request.exchange);
    this.#calls?.ended(request, slot);
    this.#heard.spends?.ended(request.exchange);
    this.#advisor.ended(request);
    this.#told(request);
  }

  reused(status: number, bytes: number): void {
    this.#route.reused(status, bytes);
    this.#heard.traffic.reused();
    this.#calls?.reused(bytes);
  }

  jobEnded(request: GatewayRequest): void {
    // What models have done for it, the line of its client does not tell.
    this.#heard.cells.ai.ended(request.exchange);
    this.#heard.spends?.ended(request.exchange);
    this.#told(request);
  }

  stored(): void {
    this.#route.stored += 1;
  }

  notStored(why: Refusal): void {
    this.#route.wasNotStored(why);
  }

  fetchEnded(exchange: Exchange): void {
    for (const attempt of exchange.attempts) {
      this.#heard.cells.upstreams.get(attempt.upstreamId)?.ended(attempt, exchange.endedAtMs);
    }
  }

  #told(request: GatewayRequest): void {
    this.fetchEnded(request.exchange);
    this.#doctor.ended(request, this.#route.inFlight);
    this.#heard.log.ended(request);
    this.#heard.tracing.ended(request);
  }
}
