/**
 * What the calls of the last second came to, by route and by consumer, and some of them one by one: what controls are told for their charts
 * and their call log. Owns the counts until they are taken. On the path of a request a few additions; a record is made for a call that
 * went wrong, and for as many others as there is room for.
 */

import { DURATION_SLOTS } from '@weir/proto/cluster/durations.js';
import {
  type CallRecord,
  type CallRow,
  callNameMax,
  callPathMax,
  callRecordsMax,
  callRowsMax,
} from '@weir/proto/events/calls.js';
import { toldConsumer } from '../auth/own-consumers.js';
import { concealJobIds } from '../jobs/job-id.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { decisiveAttempt, type Exchange } from '../pipeline/exchange.js';
import { traceIdOf } from '../trace/trace-context.js';

/** Consumers that are told apart in one second; the others are one row, without a name. */
const CONSUMERS_MAX = 200;
const ROUTES_MAX = callRowsMax - CONSUMERS_MAX - 2;
/** Of the records of a second: for those that went wrong, or nearly. */
const BAD_RECORDS_MAX = 60;

export interface TakenCalls {
  readonly rows: readonly CallRow[];
  readonly records: readonly CallRecord[];
  readonly untold: number;
}

/** Counts of one route or consumer. */
export class CallCells {
  requests = 0;
  failed = 0;
  refused = 0;
  timeouts = 0;
  saved = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Made when something is counted: of ten thousand routes few have traffic. */
  slots: Uint32Array | null = null;

  ended({ status, requestBytes, responseBytes, failure }: Exchange, slot: number, isSaved: boolean): void {
    this.requests += 1;
    if (status >= 500 || (failure !== null && status < 400)) this.failed += 1;
    else if (status >= 400) this.refused += 1;
    if (failure?.code.endsWith('_timeout') === true) this.timeouts += 1;
    if (isSaved) this.saved += 1;
    this.bytesIn += requestBytes;
    this.bytesOut += responseBytes;
    this.#count(slot);
  }

  reused(bytes: number): void {
    this.requests += 1;
    this.bytesOut += bytes;
    this.#count(0);
  }

  /** Null where nothing happened; the counts begin anew. */
  take(of: CallRow[0], name: string): CallRow | null {
    const { slots } = this;
    if (slots === null || this.requests === 0) return null;
    let length = slots.length;
    while (length > 0 && slots[length - 1] === 0) length -= 1;
    const { requests, failed, refused, timeouts, saved, bytesIn, bytesOut } = this;
    const told = Array.from(slots.subarray(0, length));
    slots.fill(0);
    this.requests = this.failed = this.refused = this.timeouts = this.saved = this.bytesIn = this.bytesOut = 0;
    return [of, name.slice(0, callNameMax), requests, failed, refused, timeouts, saved, bytesIn, bytesOut, told];
  }

  #count(slot: number): void {
    this.slots ??= new Uint32Array(DURATION_SLOTS);
    this.slots[slot] = (this.slots[slot] ?? 0) + 1;
  }
}

export class CallTally {
  /** Routes with traffic since the last taking. */
  readonly #busy = new Set<RouteCalls>();
  readonly #consumers = new Map<string, CallCells>();
  readonly #otherConsumers = new CallCells();
  #bad: CallRecord[] = [];
  #others: CallRecord[] = [];
  #calls = 0;

  /** For as long as the route is there. */
  route(routeId: string): RouteCalls {
    return new RouteCalls(routeId, this);
  }

  /** `slot`: of its duration, see proto/cluster/durations.ts. */
  ended(route: RouteCalls, request: GatewayRequest, slot: number): void {
    const { exchange } = request;
    const isSaved = wasSaved(exchange);
    route.cells.ended(exchange, slot, isSaved);
    this.#busy.add(route);
    this.#calls += 1;
    if (exchange.consumerId !== null) this.#consumer(toldConsumer(exchange)).ended(exchange, slot, isSaved);
    const isBad = isSaved || exchange.failure !== null || exchange.status >= 500;
    if (isBad && this.#bad.length < BAD_RECORDS_MAX) this.#bad.push(recordOf(request, isSaved));
    else if (!isBad && this.#others.length < callRecordsMax - BAD_RECORDS_MAX)
      this.#others.push(recordOf(request, false));
  }

  reused(route: RouteCalls, bytes: number): void {
    route.cells.reused(bytes);
    this.#busy.add(route);
    this.#calls += 1;
  }

  /** Null where there was no traffic. */
  take(): TakenCalls | null {
    if (this.#calls === 0 && this.#busy.size === 0) return null;
    const rows: CallRow[] = [];
    for (const route of this.#busy) {
      // The rest is told with the next second.
      if (rows.length === ROUTES_MAX) break;
      const row = route.cells.take('route', route.routeId);
      this.#busy.delete(route);
      if (row !== null) rows.push(row);
    }
    for (const [id, cells] of this.#consumers) {
      const row = cells.take('consumer', id);
      if (row !== null) rows.push(row);
    }
    const others = this.#otherConsumers.take('consumer', '');
    if (others !== null) rows.push(others);
    this.#consumers.clear();
    const records = [...this.#bad, ...this.#others];
    const untold = Math.max(0, this.#calls - records.length);
    this.#bad = [];
    this.#others = [];
    this.#calls = 0;
    return { rows, records, untold };
  }

  #consumer(id: string): CallCells {
    const known = this.#consumers.get(id);
    if (known !== undefined) return known;
    if (this.#consumers.size === CONSUMERS_MAX) return this.#otherConsumers;
    const made = new CallCells();
    this.#consumers.set(id, made);
    return made;
  }
}

export class RouteCalls {
  readonly routeId: string;
  readonly cells = new CallCells();
  readonly #tally: CallTally;

  constructor(routeId: string, tally: CallTally) {
    this.routeId = routeId;
    this.#tally = tally;
  }

  ended(request: GatewayRequest, slot: number): void {
    this.#tally.ended(this, request, slot);
  }

  reused(bytes: number): void {
    this.#tally.reused(this, bytes);
  }
}

/** The client got a good answer, though something on the way to it ran into a timer, was overtaken, or had to be stood in for. */
export function wasSaved(exchange: Exchange): boolean {
  const { attempts, cache, hasFallenBack, failure, status } = exchange;
  if (failure !== null || status >= 500) return false;
  if (hasFallenBack || cache === 'stale_error' || cache === 'stale_slow') return true;
  if (attempts.length < 2) return false;
  if (decisiveAttempt(exchange)?.cause === 'hedge') return true;
  return attempts.some((attempt) => attempt.failure?.code.endsWith('_timeout') === true);
}

function recordOf(request: GatewayRequest, isSaved: boolean): CallRecord {
  const { exchange } = request;
  const { failure, receivedAtMs, headersAtMs, endedAtMs } = exchange;
  const decisive = decisiveAttempt(exchange);
  const tookMs = spent(receivedAtMs, endedAtMs);
  return {
    id: exchange.id.slice(0, callNameMax),
    atWallMs: Math.round(exchange.receivedWallMs),
    route: exchange.routeId.slice(0, callNameMax),
    consumer: toldConsumer(exchange).slice(0, callNameMax),
    method: request.method.slice(0, callNameMax),
    path: concealJobIds(request.path).slice(0, callPathMax),
    client: exchange.clientAddress.slice(0, callNameMax),
    status: exchange.status,
    tookMs,
    headMs: Number.isNaN(headersAtMs) ? tookMs : spent(receivedAtMs, headersAtMs),
    failure: failure?.code ?? '',
    timer: failure?.timer ?? '',
    upstream: exchange.upstreamId.slice(0, callNameMax),
    target: (decisive?.targetId ?? '').slice(0, callNameMax),
    attempts: exchange.attempts.length,
    traceId: traceIdOf(exchange.traceparent),
    cache: exchange.cache ?? '',
    isSaved,
    bytesIn: exchange.requestBytes,
    bytesOut: exchange.responseBytes,
  };
}

/** In tenths of a millisecond. */
function spent(fromMs: number, toMs: number): number {
  const ms = Math.max(0, Math.round((toMs - fromMs) * 10) / 10);
  return Number.isFinite(ms) ? ms : 0;
}
