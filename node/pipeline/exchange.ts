/**
 * One request and its response, and what happened to them: identity, deadline, timeline, attempts.
 *
 * The listener creates an exchange, each field has one later writer (named beside it), and `observe` reads the whole
 * when it is over. Times are monotonic milliseconds of the node's Clock; NaN means "has not happened".
 */

import type { Failure, FailureCode, TimerName } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AiOutcome } from '../ai/gateway/outcome.js';
import type { CacheResult } from '../cache/results.js';
import type { ContractVerdict } from '../contract/verdicts.js';
import type { NoJob } from '../jobs/no-job.js';
import { type AttemptCause, type AttemptPhase, attemptPhases } from './dispatch.js';
import type { Reusable } from './reusable.js';

/** One attempt at one target; written by the attempt layer. */
export interface Attempt {
  /** Whose target it is: a fallback asks another upstream within the same exchange. */
  readonly upstreamId: string;
  readonly targetId: string;
  /** Why it was made, where it is not the first; null for the first. */
  readonly cause: AttemptCause | null;
  readonly startedAtMs: number;
  /** Attempts at its target when it began, itself included. */
  readonly inFlight: number;
  /** When each phase began; NaN for one that was skipped or has not come. One shape for all attempts keeps this cheap. */
  readonly phaseStartMs: Record<AttemptPhase, number>;
  phase: AttemptPhase;
  endedAtMs: number;
  /** Status of the response head, 0 when none came. */
  status: number;
  failure: Failure | null;
}

export interface Exchange {
  /** Request id: the client's where it is trusted and well-formed, else made here. Written by the listener. */
  readonly id: string;
  readonly receivedAtMs: number;
  readonly receivedWallMs: number;
  readonly scheme: 'http' | 'https';
  /** Address of the socket's other end, text. */
  readonly peerAddress: string;
  /** The client's address after PROXY protocol and trusted hops; equals peerAddress without them. */
  readonly clientAddress: string;
  readonly peerTrusted: boolean;
  /** The exchange that this one is a part of; null: it is a client's own. */
  readonly outer: OuterExchange | null;
  /** W3C trace context as upstreams are told: the trace, the span of this exchange, and whether it is sampled. Written by the trace layer. Empty: none. */
  traceparent: string;
  /** Of the caller, empty where the trace begins here. */
  parentSpanId: string;
  traceState: string;
  /** Id of the matched route, empty string when none matched. Written by the router. */
  routeId: string;
  /** Id of the upstream that was asked last, empty when the route answers by itself. Written by the balance layer. */
  upstreamId: string;
  /** Values of the path parameters and the wildcard ('*'). Written by the router. */
  params: Readonly<Record<string, string>>;
  /** Id of the authenticated consumer, or null. Written by the authenticate layer. */
  consumerId: string | null;
  /** Who says that the consumer is who he is: empty for the gateway itself, else who has signed. Written by the same. */
  vouchedBy: string;
  /** The client came with Authorization, though the upstream may not be shown it. Written by the same. */
  isAuthorized: boolean;
  /** When the request must be answered. Written by the deadline layer; Infinity until then. */
  deadlineAtMs: number;
  readonly attempts: Attempt[];
  /** Index of the attempt that decided the outcome, or LAST_ATTEMPT. Written by the hedge layer, whose first attempt may win. */
  decidedBy: number;
  /** Milliseconds waited for a place at the upstream, whether one was given or not. Written by the admit layer. */
  queuedMs: number;
  /** Public part of the id of the job that the request became, else empty. Written by the hand-over layer. */
  jobId: string;
  /** Where the request may become a job: tells when it will not. Written by the hand-over layer. */
  readonly noJob: NoJob | null;
  /** What the cache did for it, null where it was not asked. Written by the cache layer. */
  cache: CacheResult | null;
  /** Whether it fits its contract, null where it has none. Written by node/contract. */
  contract: ContractVerdict | null;
  /** What became of it at models, null where none was to be asked. Written by the driver of AI routes (ai/gateway). */
  ai: AiOutcome | null;
  /** What became of the requests that its answer is composed of, in the order in which they ended; null: it is not. */
  parts: PartRecord[] | null;
  /** Items that were asked for by the one request that its answer was cut from; 0: it was not. Written by optimize/coalesce. */
  coalesced: number;
  /** Its answer, as others may get it; written by the cache layer. Null: it is for this exchange alone. */
  reusable: Reusable | null;
  /** An answer of the route's own took the place of the upstream's. Written by the fallback layer. */
  hasFallenBack: boolean;
  /**
   * What rate limits say of themselves on each answer, where the request may become a job: for the one that hand-over gives.
   * Written by the limit layer.
   */
  limitFields: HeaderList;
  /** Bytes of request body taken from the client. Written by the listener. */
  requestBytes: number;
  /** Bytes of response body handed to the listener. Written by the observe layer. */
  responseBytes: number;
  /** Status sent to the client, 0 until then. Written by the observe layer. */
  status: number;
  failure: Failure | null;
  headersAtMs: number;
  endedAtMs: number;
}

/** One part of a composed answer; written by its driver (optimize/compose). */
export interface PartRecord {
  readonly part: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  /** Of its answer; 0 where there is none, or there are several. */
  readonly status: number;
  readonly ms: number;
}

/** What a request that the gateway makes of one of its own routes has from the exchange that it is made for (node/calls). */
export interface OuterExchange {
  /** 1: of a client's request. */
  readonly depth: number;
  /** Its place in the trace: what is below hangs there. */
  readonly traceparent: string;
  readonly traceState: string;
  /** Whom it has found the client to be, where the gateway vouches for that to the routes it asks; null: they find out by themselves. */
  readonly word: { readonly consumerId: string; readonly vouchedBy: string } | null;
}

/** As `decidedBy`: the last of the attempts, which is the one that decides when they are made one after the other. */
export const LAST_ATTEMPT = -1;

/** Undefined when no attempt was made. */
export function decisiveAttempt({ attempts, decidedBy }: Exchange): Attempt | undefined {
  // Never by an index below zero: an array looks for that among its names, which takes twenty times as long.
  const last = attempts.length - 1;
  if (last < 0) return undefined;
  return (decidedBy === LAST_ATTEMPT ? undefined : attempts[decidedBy]) ?? attempts[last];
}

/** The evidence of a failed exchange as it is shown to clients, logs and the doctor: plain data, no secrets. */
export interface Evidence {
  readonly code: FailureCode;
  readonly timer: TimerName | null;
  readonly elapsedMs: number;
  readonly attempts: readonly AttemptEvidence[];
}

export interface AttemptEvidence {
  readonly target: string;
  /** Why it was made; absent for the first. */
  readonly cause?: AttemptCause;
  readonly phases: Readonly<Partial<Record<AttemptPhase, number>>>;
  readonly status: number;
  readonly failure: FailureCode | null;
}

/** A phase begins. What a former try of the same attempt (over a stale connection) had reached beyond it is forgotten. */
export function enterPhase(attempt: Attempt, phase: AttemptPhase, nowMs: number): void {
  const { phaseStartMs } = attempt;
  const order = orderOf(phase);
  if (order < orderOf(attempt.phase)) {
    for (const later of attemptPhases.slice(order)) phaseStartMs[later] = Number.NaN;
  }
  attempt.phase = phase;
  setStart(phaseStartMs, phase, nowMs);
}

// Written out, for each request comes by here three times: a field whose name varies is looked up by name each time.

function orderOf(phase: AttemptPhase): number {
  switch (phase) {
    case 'queue':
      return 0;
    case 'connect':
      return 1;
    case 'tls':
      return 2;
    case 'send':
      return 3;
    case 'firstByte':
      return 4;
    case 'body':
      return 5;
  }
}

function setStart(startMs: Attempt['phaseStartMs'], phase: AttemptPhase, nowMs: number): void {
  switch (phase) {
    case 'queue':
      startMs.queue = nowMs;
      break;
    case 'connect':
      startMs.connect = nowMs;
      break;
    case 'tls':
      startMs.tls = nowMs;
      break;
    case 'send':
      startMs.send = nowMs;
      break;
    case 'firstByte':
      startMs.firstByte = nowMs;
      break;
    case 'body':
      startMs.body = nowMs;
  }
}

/** Durations of the phases that were passed, in their order, in milliseconds with one decimal; the last one ends at `nowMs` when it is still open. */
export function phaseDurations(attempt: Attempt, nowMs: number): Partial<Record<AttemptPhase, number>> {
  const durations: Partial<Record<AttemptPhase, number>> = {};
  const passed = attemptPhases.filter((phase) => !Number.isNaN(attempt.phaseStartMs[phase]));
  passed.forEach((phase, i) => {
    const next = passed[i + 1];
    const openEndMs = Number.isNaN(attempt.endedAtMs) ? nowMs : attempt.endedAtMs;
    const endMs = next === undefined ? openEndMs : attempt.phaseStartMs[next];
    durations[phase] = Math.round((endMs - attempt.phaseStartMs[phase]) * 10) / 10;
  });
  return durations;
}

export function evidenceOf(exchange: Exchange, failed: Failure, nowMs: number): Evidence {
  return {
    code: failed.code,
    timer: failed.timer ?? null,
    elapsedMs: Math.round((nowMs - exchange.receivedAtMs) * 10) / 10,
    attempts: exchange.attempts.map((attempt) => ({
      target: attempt.targetId,
      ...(attempt.cause === null ? {} : { cause: attempt.cause }),
      phases: phaseDurations(attempt, nowMs),
      status: attempt.status,
      failure: attempt.failure?.code ?? null,
    })),
  };
}

/** What the listener knows of a request before any layer has seen it. */
export interface ExchangeOrigin {
  readonly id: string;
  readonly receivedAtMs: number;
  readonly receivedWallMs: number;
  readonly scheme: 'http' | 'https';
  readonly peerAddress: string;
  readonly clientAddress: string;
  /** The peer is one of the trusted proxies, so what it says about the client is believed. */
  readonly peerTrusted: boolean;
  /** Left out: it is a client's own. */
  readonly outer?: OuterExchange;
}

const NO_FIELDS: HeaderList = [];
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

export function createExchange(origin: ExchangeOrigin): Exchange {
  return {
    id: origin.id,
    receivedAtMs: origin.receivedAtMs,
    receivedWallMs: origin.receivedWallMs,
    scheme: origin.scheme,
    peerAddress: origin.peerAddress,
    clientAddress: origin.clientAddress,
    peerTrusted: origin.peerTrusted,
    outer: origin.outer ?? null,
    traceparent: '',
    parentSpanId: '',
    traceState: '',
    routeId: '',
    upstreamId: '',
    params: NO_PARAMS,
    consumerId: null,
    vouchedBy: '',
    isAuthorized: false,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    attempts: [],
    decidedBy: LAST_ATTEMPT,
    queuedMs: 0,
    jobId: '',
    noJob: null,
    cache: null,
    contract: null,
    ai: null,
    parts: null,
    coalesced: 0,
    reusable: null,
    hasFallenBack: false,
    limitFields: NO_FIELDS,
    requestBytes: 0,
    responseBytes: 0,
    status: 0,
    failure: null,
    headersAtMs: Number.NaN,
    endedAtMs: Number.NaN,
  };
}

/** An exchange of its own for what may outlive the client's: the same request, and nothing has come of it yet. */
export function forkExchange(exchange: Exchange): Exchange {
  return { ...exchange, attempts: [...exchange.attempts] };
}

/** Copies back what became of a fork, so that the client's exchange tells all; may be done more than once. */
export function joinExchange(exchange: Exchange, fork: Exchange): void {
  exchange.upstreamId = fork.upstreamId;
  exchange.consumerId = fork.consumerId;
  exchange.vouchedBy = fork.vouchedBy;
  exchange.decidedBy = fork.decidedBy;
  exchange.queuedMs = fork.queuedMs;
  // What the cache knows of it is said above the fork where that is the cache's own, and below where it is a job's.
  exchange.cache ??= fork.cache;
  exchange.contract ??= fork.contract;
  exchange.ai ??= fork.ai;
  exchange.parts ??= fork.parts;
  if (fork.coalesced > 0) exchange.coalesced = fork.coalesced;
  exchange.attempts.length = 0;
  exchange.attempts.push(...fork.attempts);
}

export function createAttempt(
  targetId: string,
  nowMs: number,
  cause: AttemptCause | null = null,
  inFlight = 1,
  upstreamId = '',
): Attempt {
  const none = Number.NaN;
  return {
    upstreamId,
    targetId,
    cause,
    startedAtMs: nowMs,
    inFlight,
    phaseStartMs: { queue: none, connect: none, tls: none, send: none, firstByte: none, body: none },
    phase: 'queue',
    endedAtMs: none,
    status: 0,
    failure: null,
  };
}
