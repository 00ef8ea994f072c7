/**
 * The numbers that traffic moves: plain cells, one set for each route and each upstream, found once and then only added
 * to. This module owns them; metrics.ts reads them when someone asks.
 *
 * prom-client's own children hash their labels on every call (`Counter.inc` and `Histogram.observe` of 15.1, also behind
 * `.labels()`). For one exchange with one attempt of four phases they took 4 µs of CPU on the machine where these cells
 * take 0.1 µs.
 *
 * The number of series is bounded by the configuration and by fixed tables: no label comes from a client, a status that
 * is not registered is counted under its class, and what a snapshot no longer names is forgotten.
 */
import { type FailureCode, failureTable, type TimerName, timerNames } from '@weir/proto/http/failures.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { type Refusal, refusalReasons } from '../cache/refusals.js';
import { cacheResults, type PurgeKind } from '../cache/results.js';
import { contractVerdicts } from '../contract/verdicts.js';
import type { AttemptPhase } from '../pipeline/dispatch.js';
import type { Attempt, Exchange } from '../pipeline/exchange.js';
import { atOnce, type Work } from '../time/slices.js';
import { AiCells } from './ai-cells.js';
import { type Decision, decisions } from './decisions.js';
import { DurationCells } from './duration-cells.js';
import { type Joining, joinings } from './joinings.js';
import { McpCells } from './mcp-cells.js';
import { type Smaller, smaller } from './smaller.js';

/** Registered status codes (IANA, HTTP Status Code Registry), 499 for clients that left, and the five classes. */
export const statusLabels: readonly string[] = [
  ...['100', '101', '102', '103', '200', '201', '202', '203', '204', '205', '206', '207', '208', '226', '300', '301'],
  ...['302', '303', '304', '305', '307', '308', '400', '401', '402', '403', '404', '405', '406', '407', '408', '409'],
  ...['410', '411', '412', '413', '414', '415', '416', '417', '421', '422', '423', '424', '425', '426', '428', '429'],
  ...['431', '451', '499', '500', '501', '502', '503', '504', '505', '506', '507', '508', '510', '511'],
  ...['1xx', '2xx', '3xx', '4xx', '5xx'],
];

/** Status → index into `statusLabels`. A status outside 100 to 599 can't come from the transports; it counts as 5xx. */
const statusSlots: Uint8Array = Uint8Array.from({ length: 600 }, (_, status) => {
  const exact = statusLabels.indexOf(String(status));
  if (exact >= 0) return exact;
  const byClass = statusLabels.indexOf(`${Math.floor(status / 100)}xx`);
  return byClass >= 0 ? byClass : statusLabels.indexOf('5xx');
});

export const failureCodes = Object.keys(failureTable) as FailureCode[]; // The keys of the table are the codes.
const failureSlots = new Map(failureCodes.map((code, slot) => [code, slot]));
const decisionSlots = new Map(decisions.map((decision, slot) => [decision, slot]));
const smallerSlots = new Map(smaller.map((what, slot) => [what, slot]));
const joiningSlots = new Map(joinings.map((joining, slot) => [joining, slot]));
const cacheSlots = new Map(cacheResults.map((result, slot) => [result, slot]));
const verdictSlots = new Map(contractVerdicts.map((verdict, slot) => [verdict, slot]));
const HIT_SLOT = cacheResults.indexOf('hit');
const refusalSlots = new Map(refusalReasons.map((reason, slot) => [reason, slot]));
const timerSlots = new Map(timerNames.map((timer, slot) => [timer, slot]));

/** How an attempt ended: by the class of its answer, by its failure, or cancelled before either was known. */
export const outcomeLabels: readonly string[] = ['cancelled', '1xx', '2xx', '3xx', '4xx', '5xx', ...failureCodes];
const FIRST_FAILURE_OUTCOME = outcomeLabels.length - failureCodes.length;

/**
 * What counts is made with the first that is counted: of ten thousand routes most stand still, and a hundred thousand arrays of zeros took two
 * seconds of a start, and the collector's time ever after. Until then it is these, which nobody writes to.
 */
const none = {
  statuses: new Float64Array(statusLabels.length),
  failures: new Float64Array(failureCodes.length),
  timers: new Float64Array(timerNames.length),
  decisions: new Float64Array(decisions.length),
  smaller: new Float64Array(smaller.length),
  joinings: new Float64Array(joinings.length),
  cache: new Float64Array(cacheResults.length),
  contract: new Float64Array(contractVerdicts.length),
  notStored: new Float64Array(refusalReasons.length),
  outcomes: new Float64Array(outcomeLabels.length),
};

type Counts = Float64Array<ArrayBuffer>;

/** With one more in that slot: the same cells, or the first of their own in place of `zeros`. */
function bumped(cells: Counts, slot: number, zeros: Counts): Counts {
  const own = cells === zeros ? new Float64Array(zeros.length) : cells;
  own[slot] = (own[slot] ?? 0) + 1;
  return own;
}

export class RouteCells {
  inFlight = 0;
  requestBytes = 0;
  responseBytes = 0;
  statuses = none.statuses;
  readonly durations = new DurationCells();
  failures = none.failures;
  timers = none.timers;
  decisions = none.decisions;
  smaller = none.smaller;
  joinings = none.joinings;
  cache = none.cache;
  contract = none.contract;
  stored = 0;
  reuses = 0;
  notStored = none.notStored;

  ended(exchange: Exchange): void {
    this.inFlight -= 1;
    this.requestBytes += exchange.requestBytes;
    this.responseBytes += exchange.responseBytes;
    this.statuses = bumped(this.statuses, statusSlots[exchange.status] ?? statusLabels.length - 1, none.statuses);
    this.durations.observe(exchange.endedAtMs - exchange.receivedAtMs);
    if (exchange.failure !== null)
      this.failures = bumped(this.failures, failureSlots.get(exchange.failure.code) ?? 0, none.failures);
    if (exchange.cache !== null) this.cache = bumped(this.cache, cacheSlots.get(exchange.cache) ?? 0, none.cache);
    if (exchange.contract !== null)
      this.contract = bumped(this.contract, verdictSlots.get(exchange.contract) ?? 0, none.contract);
  }

  /** A hit that was given without an exchange. */
  reused(status: number, bytes: number): void {
    this.responseBytes += bytes;
    this.statuses = bumped(this.statuses, statusSlots[status] ?? statusLabels.length - 1, none.statuses);
    this.durations.observe(0);
    this.reuses += 1;
    this.cache = bumped(this.cache, HIT_SLOT, none.cache);
  }

  wasNotStored(why: Refusal): void {
    this.notStored = bumped(this.notStored, refusalSlots.get(why) ?? 0, none.notStored);
  }

  /** A request that was answered before it became an exchange. */
  refused(status: number, code: FailureCode): void {
    this.statuses = bumped(this.statuses, statusSlots[status] ?? statusLabels.length - 1, none.statuses);
    this.failures = bumped(this.failures, failureSlots.get(code) ?? 0, none.failures);
  }

  timerFired(timer: TimerName): void {
    this.timers = bumped(this.timers, timerSlots.get(timer) ?? 0, none.timers);
  }

  decided(decision: Decision): void {
    this.decisions = bumped(this.decisions, decisionSlots.get(decision) ?? 0, none.decisions);
  }

  madeSmaller(what: Smaller): void {
    this.smaller = bumped(this.smaller, smallerSlots.get(what) ?? 0, none.smaller);
  }

  joined(joining: Joining): void {
    this.joinings = bumped(this.joinings, joiningSlots.get(joining) ?? 0, none.joinings);
  }
}

export class TargetCells {
  /** Attempts, by `outcomeLabels`. */
  outcomes = none.outcomes;

  ended(outcome: number): void {
    this.outcomes = bumped(this.outcomes, outcome, none.outcomes);
  }
}

export class UpstreamCells {
  readonly phases: Readonly<Record<AttemptPhase, DurationCells>> = {
    queue: new DurationCells(),
    connect: new DurationCells(),
    tls: new DurationCells(),
    send: new DurationCells(),
    firstByte: new DurationCells(),
    body: new DurationCells(),
  };
  /** By target id. */
  targets: ReadonlyMap<string, TargetCells> = new Map();

  /** `endedAtMs` bounds an attempt that was still open when its exchange ended. */
  ended(attempt: Attempt, endedAtMs: number): void {
    const { phases } = this;
    const at = attempt.phaseStartMs;
    let end = Number.isNaN(attempt.endedAtMs) ? endedAtMs : attempt.endedAtMs;
    // Backwards: a phase ends where the next one that happened begins. A comparison with NaN is false, so what was
    // skipped is skipped. Six lines instead of a loop over names: this runs for every attempt.
    if (at.body <= end) phases.body.observe(end - at.body);
    if (at.body <= end) end = at.body;
    if (at.firstByte <= end) phases.firstByte.observe(end - at.firstByte);
    if (at.firstByte <= end) end = at.firstByte;
    if (at.send <= end) phases.send.observe(end - at.send);
    if (at.send <= end) end = at.send;
    if (at.tls <= end) phases.tls.observe(end - at.tls);
    if (at.tls <= end) end = at.tls;
    if (at.connect <= end) phases.connect.observe(end - at.connect);
    if (at.connect <= end) end = at.connect;
    if (at.queue <= end) phases.queue.observe(end - at.queue);
    this.targets.get(attempt.targetId)?.ended(outcomeOf(attempt));
  }
}

function outcomeOf(attempt: Attempt): number {
  if (attempt.failure !== null) return FIRST_FAILURE_OUTCOME + (failureSlots.get(attempt.failure.code) ?? 0);
  return attempt.status === 0 ? 0 : Math.min(5, Math.max(1, Math.floor(attempt.status / 100)));
}

export class PurgeCells {
  readonly durations: Readonly<Record<PurgeKind, DurationCells>> = {
    url: new DurationCells(),
    prefix: new DurationCells(),
    host: new DurationCells(),
    tag: new DurationCells(),
    all: new DurationCells(),
    change: new DurationCells(),
  };
  /** Of these Redis had not confirmed that it knows when nobody waited any longer. */
  unconfirmed = 0;

  ended(kind: PurgeKind, ms: number, isTold: boolean): void {
    this.durations[kind].observe(ms);
    if (!isTold) this.unconfirmed += 1;
  }
}

/** All cells of a node. Routes and upstreams are those of the snapshot that is in force, and no others. */
export class Cells {
  readonly routes = new Map<string, RouteCells>();
  upstreams: ReadonlyMap<string, UpstreamCells> = new Map();
  /** Whose upstreams are counted. */
  #retained: Snapshot['upstreams'] | null = null;
  readonly ai = new AiCells();
  readonly mcp = new McpCells();
  /** Of the whole node. */
  readonly purges = new PurgeCells();

  /** Made when a chain is compiled, so that a route shows up with zeros before its first request. */
  route(routeId: string): RouteCells {
    let cells = this.routes.get(routeId);
    if (cells === undefined) {
      cells = new RouteCells();
      this.routes.set(routeId, cells);
    }
    return cells;
  }

  /** Forgets the routes that are not named. Their last exchanges still write to cells that nobody reads any more. */
  retainRoutes(routeIds: ReadonlySet<string>): void {
    for (const routeId of this.routes.keys()) if (!routeIds.has(routeId)) this.routes.delete(routeId);
  }

  /** Makes these upstreams and targets the ones that are counted; the counts of those that stay, stay. */
  retainUpstreams(upstreams: Snapshot['upstreams']): void {
    atOnce(this.retainingUpstreams(upstreams))();
  }

  /** The same, got ready upstream by upstream; what it returns only changes what is pointed at. */
  *retainingUpstreams(upstreams: Snapshot['upstreams']): Work<() => void> {
    if (upstreams === this.#retained) return () => {};
    const next = new Map<string, UpstreamCells>();
    const counted: (readonly [UpstreamCells, ReadonlyMap<string, TargetCells>])[] = [];
    for (const { id, targets } of upstreams) {
      const cells = this.upstreams.get(id) ?? new UpstreamCells();
      const counts = (target: string) => cells.targets.get(target) ?? new TargetCells();
      counted.push([cells, new Map(targets.map((target) => [target.id, counts(target.id)]))]);
      next.set(id, cells);
      yield;
    }
    return () => {
      for (const [cells, targets] of counted) cells.targets = targets;
      this.upstreams = next;
      this.#retained = upstreams;
    };
  }
}
