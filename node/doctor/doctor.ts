/**
 * The timeout doctor of a node: looks at every exchange that is over, makes a record of each timeout and near-timeout,
 * files it under a cause, and keeps the cases for whoever asks. Owns the histories of routes and targets, and the cases.
 *
 *   ended ─▶ uneventful? ─▶ histories                          (all that a healthy request costs: 50 ns)
 *              └─ no ─▶ incidents ─▶ record ─▶ classify ─▶ case store
 *
 * Records are made for at most so many incidents a second; under a flood the others only raise the count of the case
 * that the same route and timer were filed under last, so that a node in trouble does not work on its diagnosis.
 */
import type { DoctorReport, RouteLatency } from '@weir/proto/events/doctor.js';
import type { RouteSpec, Snapshot, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { Attempt, Exchange } from '../pipeline/exchange.js';
import type { Clock } from '../time/clock.js';
import type { Work } from '../time/slices.js';
import type { GateReading } from '../upstream/concurrency/gate-store.js';
import type { Upstreams } from '../upstream/upstreams.js';
import { CaseStore, type OpenCase } from './case-store.js';
import { classify } from './classify.js';
import { type Incident, incidentsOf, isUneventful, quickBelowMs } from './incidents.js';
import { Latencies } from './latencies.js';
import { recordOf } from './record.js';
import { firstByteOf, TargetHistories } from './target-history.js';

export interface DoctorServices {
  readonly clock: Clock;
  /** The gate of an upstream, undefined where it has none; asked for each record. */
  readonly gate: (upstream: UpstreamSpec) => GateReading | undefined;
  readonly eventLoop: () => { readonly delayP99Ms: number; readonly utilization: number };
  /** How long "now" is, twice at most; half a minute unless a test is in a hurry. */
  readonly sliceMs?: number | undefined;
}

export interface Doctor {
  /** Resolves what is per route once; what it returns outlives snapshots. */
  route(routeId: string): RouteDoctor;
  /** What is in force now; exchanges that began before are held against it as well. */
  following(snapshot: Pick<Snapshot, 'upstreams'>, upstreams: Upstreams): Work<() => void>;
  /** Behind it, route by route: until then a new route keeps still, and a changed one is held against its former timeouts. */
  followingRoutes(snapshot: Pick<Snapshot, 'routes'>): Work<void>;
  report(): DoctorReport;
}

export interface RouteDoctor {
  /** The exchange is over; `inFlight` counts those of the route that are not. */
  ended(request: GatewayRequest, inFlight: number): void;
}

export function createDoctor(services: DoctorServices): Doctor {
  return new Ward(services);
}

/** Records a second, at most: with 12 µs for each, 0.3 % of a core. */
export const RECORDS_PER_S = 250;
const FIRST_FAILED_STATUS = 500;

class Ward implements Doctor {
  readonly clock: Clock;
  readonly #eventLoop: DoctorServices['eventLoop'];
  readonly #gate: DoctorServices['gate'];
  readonly targets: TargetHistories;
  readonly sliceMs: number | undefined;
  readonly #cases = new CaseStore();
  readonly #sinceWallMs: number;
  readonly #routes = new Map<string, Watched>();
  #upstreams: Upstreams = { get: () => undefined };
  /** Records left in the second that began then. */
  #recordsLeft = RECORDS_PER_S;
  #secondAtMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, eventLoop, gate, sliceMs }: DoctorServices) {
    this.clock = clock;
    this.sliceMs = sliceMs;
    this.targets = new TargetHistories(sliceMs);
    this.#gate = gate;
    this.#eventLoop = eventLoop;
    this.#sinceWallMs = clock.wallMs();
  }

  route(routeId: string): RouteDoctor {
    let route = this.#routes.get(routeId);
    if (route === undefined) {
      route = new Watched(this);
      this.#routes.set(routeId, route);
    }
    return route;
  }

  *following(snapshot: Pick<Snapshot, 'upstreams'>, upstreams: Upstreams): Work<() => void> {
    const retain = yield* this.targets.retaining(snapshot.upstreams);
    return () => {
      this.#upstreams = upstreams;
      retain();
    };
  }

  *followingRoutes({ routes }: Pick<Snapshot, 'routes'>): Work<void> {
    const named = new Set<string>();
    for (const spec of routes) {
      const route = this.#routes.get(spec.id) ?? new Watched(this);
      route.use(spec);
      this.#routes.set(spec.id, route);
      named.add(spec.id);
      yield;
    }
    for (const id of this.#routes.keys()) {
      if (!named.has(id)) this.#routes.delete(id);
      yield;
    }
    this.#cases.retainRoutes(named);
  }

  report(): DoctorReport {
    return {
      sinceWallMs: this.#sinceWallMs,
      nowWallMs: this.clock.wallMs(),
      cases: this.#cases.list(),
      forgotten: this.#cases.forgotten,
    };
  }

  mayRecord(nowMs: number): boolean {
    if (nowMs >= this.#secondAtMs + 1_000) {
      this.#secondAtMs = nowMs;
      this.#recordsLeft = RECORDS_PER_S;
    }
    this.#recordsLeft -= 1;
    return this.#recordsLeft >= 0;
  }

  file(
    request: GatewayRequest,
    incident: Incident,
    route: RouteSpec,
    inFlight: number,
    latency: RouteLatency,
  ): OpenCase {
    // Whoever waited in vain for a place has not come as far as to a target.
    const planned = route.action.kind === 'proxy' ? route.action.upstream : '';
    const upstreamId = incident.attempt?.upstreamId || request.exchange.upstreamId || planned;
    const upstream = this.#upstreams.get(upstreamId);
    const record = recordOf(request, incident, {
      route,
      upstream,
      targets: this.targets,
      gate: upstream === undefined ? undefined : this.#gate(upstream.spec),
      latency,
      inFlight,
      eventLoop: this.#eventLoop(),
      nowMs: request.exchange.endedAtMs,
      atWallMs: this.clock.wallMs(),
    });
    return this.#cases.add(record, classify(record));
  }
}

/** One route, and how long it usually takes. Before its first snapshot it only keeps still. */
class Watched implements RouteDoctor {
  readonly #ward: Ward;
  #spec: RouteSpec | null = null;
  #quickMs = 0;
  readonly #total: Latencies;
  readonly #firstByte: Latencies;
  /** What each timer's incidents were filed under last; one entry for each name and kind. */
  readonly #lately = new Map<string, OpenCase>();

  constructor(ward: Ward) {
    this.#ward = ward;
    const nowMs = ward.clock.nowMs();
    this.#total = new Latencies(nowMs, ward.sliceMs);
    this.#firstByte = new Latencies(nowMs, ward.sliceMs);
  }

  use(spec: RouteSpec): void {
    this.#spec = spec;
    this.#quickMs = quickBelowMs(spec.timeouts);
  }

  ended(request: GatewayRequest, inFlight: number): void {
    const { exchange } = request;
    const isQuiet = isUneventful(exchange, this.#quickMs);
    this.#remember(exchange);
    if (!isQuiet && this.#spec !== null) this.#look(request, this.#spec, inFlight);
  }

  #remember(exchange: Exchange): void {
    const { attempts, endedAtMs, status, failure } = exchange;
    // A tunnel's length says nothing about answers.
    if (status === 101) return;
    if (failure === null && status < FIRST_FAILED_STATUS) this.#total.add(endedAtMs - exchange.receivedAtMs, endedAtMs);
    for (const attempt of attempts) {
      // A server that refuses is quick: its answer is no measure of its work.
      if (attempt.status !== 0 && attempt.status < FIRST_FAILED_STATUS)
        this.#firstByte.add(firstByteOf(attempt), endedAtMs);
      const wasCut = failure !== null && wasCutBy(exchange, attempt);
      this.#ward.targets.find(attempt.upstreamId, attempt.targetId)?.ended(attempt, wasCut, endedAtMs);
    }
  }

  #look(request: GatewayRequest, spec: RouteSpec, inFlight: number): void {
    const { endedAtMs } = request.exchange;
    const incidents = incidentsOf(request.exchange, spec.timeouts);
    for (const incident of incidents) {
      const key = `${incident.kind} ${incident.timer}`;
      const lately = this.#lately.get(key);
      if (lately === undefined || this.#ward.mayRecord(endedAtMs)) {
        this.#lately.set(key, this.#ward.file(request, incident, spec, inFlight, this.#latency(endedAtMs)));
      } else {
        lately.count += 1;
      }
    }
  }

  #latency(nowMs: number): RouteLatency {
    const of = (latencies: Latencies) => ({ now: latencies.now(nowMs), before: latencies.before(nowMs) });
    return { firstByte: of(this.#firstByte), total: of(this.#total) };
  }
}

/** The exchange ended by a timer while this attempt was still waiting for its answer. */
function wasCutBy({ failure, headersAtMs }: Exchange, attempt: Attempt): boolean {
  const ran = attempt.failure === null && attempt.status === 0;
  return ran && (failure?.timer !== undefined || (failure?.code === 'client_gone' && Number.isNaN(headersAtMs)));
}
