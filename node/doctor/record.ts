/** Makes the record of an incident: plain values, copied while they are true. Pure; who knows what is passed in. */
import type {
  AttemptSeen,
  RouteLatency,
  SettingsSeen,
  TargetSeen,
  TimeoutRecord,
  UpstreamSeen,
} from '@weir/proto/events/doctor.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { type Attempt, phaseDurations } from '../pipeline/exchange.js';
import type { GateReading } from '../upstream/concurrency/gate-store.js';
import type { PoolStats } from '../upstream/pools/pool.js';
import type { Target } from '../upstream/target.js';
import type { Upstream } from '../upstream/upstreams.js';
import { ATTEMPTS_MAX, type Incident } from './incidents.js';
import type { TargetHistories } from './target-history.js';

/** Peers that a record tells of, at most. */
const PEERS_MAX = 16;
/** A request id may be the client's, where it is trusted; a record is bounded all the same. */
const ID_LENGTH_MAX = 128;
const TEXT_LENGTH_MAX = 200;

/** A target that may have a pool; those of tests and of other makes may not. */
type PooledTarget = Target & { stats?(): PoolStats };

export interface Surroundings {
  readonly route: RouteSpec;
  readonly upstream: Upstream | undefined;
  readonly targets: TargetHistories;
  /** Undefined where the upstream is asked without a limit. */
  readonly gate: GateReading | undefined;
  readonly latency: RouteLatency;
  readonly inFlight: number;
  readonly eventLoop: { readonly delayP99Ms: number; readonly utilization: number };
  readonly nowMs: number;
  readonly atWallMs: number;
}

export function recordOf(request: GatewayRequest, incident: Incident, around: Surroundings): TimeoutRecord {
  const { exchange } = request;
  const { attempt } = incident;
  const { route, upstream, nowMs } = around;
  const deadlineMs = exchange.deadlineAtMs - exchange.receivedAtMs;
  const target: PooledTarget | undefined = upstream?.targets.find((one) => one.spec.id === attempt?.targetId);
  const seen = (one: Target): TargetSeen => targetSeen(one, around);
  return {
    atWallMs: around.atWallMs,
    kind: incident.kind,
    requestId: exchange.id.slice(0, ID_LENGTH_MAX),
    method: request.method.slice(0, ID_LENGTH_MAX),
    route: exchange.routeId,
    upstream: upstream?.spec.id ?? exchange.upstreamId,
    target: attempt?.targetId ?? '',
    timer: incident.timer,
    limitMs: round(incident.limitMs),
    elapsedMs: round(incident.elapsedMs),
    phases: attempt === null ? {} : phaseDurations(attempt, nowMs),
    inFlightBefore: attempt?.inFlight ?? 0,
    attempts: exchange.attempts.slice(0, ATTEMPTS_MAX).map((one) => attemptSeen(one, nowMs)),
    queueMs: round(
      exchange.attempts.reduce((sum, one) => sum + (phaseDurations(one, nowMs).queue ?? 0), exchange.queuedMs),
    ),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    deadline: {
      routeMs: route.timeouts.totalMs,
      clientMs: deadlineMs < route.timeouts.totalMs ? round(deadlineMs) : null,
    },
    node: {
      inFlight: around.inFlight,
      loopDelayMs: round(around.eventLoop.delayP99Ms),
      loopBusy: Math.round(around.eventLoop.utilization * 100) / 100,
    },
    asked: upstream === undefined ? null : upstreamSeen(upstream, target, around.gate),
    targetState: target === undefined ? null : seen(target),
    peers: (upstream?.targets ?? [])
      .filter((one) => one !== target)
      .slice(0, PEERS_MAX)
      .map(seen),
    latency: around.latency,
    settings: settingsSeen(route, upstream),
  };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

function attemptSeen(attempt: Attempt, nowMs: number): AttemptSeen {
  return {
    target: attempt.targetId,
    cause: attempt.cause,
    phases: phaseDurations(attempt, nowMs),
    status: attempt.status,
    failure: attempt.failure?.code ?? null,
    timer: attempt.failure?.timer ?? null,
  };
}

function targetSeen(target: Target, { targets, nowMs }: Surroundings): TargetSeen {
  const lately = targets.find(target.upstreamId, target.spec.id)?.lately(nowMs);
  const cost = target.load.cost(nowMs, target.inFlight);
  return {
    target: target.spec.id,
    inFlight: target.inFlight,
    // Infinity is no JSON.
    cost: Number.isFinite(cost) ? round(cost) : Number.MAX_SAFE_INTEGER,
    standing: target.health.standing(nowMs),
    reason: target.health.reason.slice(0, TEXT_LENGTH_MAX),
    answered: lately?.answered ?? 0,
    timedOut: lately?.timedOut ?? 0,
    meanMs: lately?.meanMs ?? 0,
    silentMs: lately?.silentMs ?? null,
    cutInARow: lately?.cutInARow ?? 0,
  };
}

function upstreamSeen(
  { spec, targets }: Upstream,
  target: PooledTarget | undefined,
  gate: GateReading | undefined,
): UpstreamSeen {
  const pool = target?.stats?.();
  return {
    targets: targets.length,
    inFlight: targets.reduce((sum, one) => sum + one.inFlight, 0),
    limit: gate === undefined ? null : Math.floor(gate.limit),
    queued: gate?.queued ?? 0,
    connections: (pool?.open ?? 0) + (pool?.connecting ?? 0),
    connectionsMax: spec.pool.connections,
    waiting: pool?.waiting ?? 0,
  };
}

function settingsSeen(route: RouteSpec, upstream: Upstream | undefined): SettingsSeen {
  return {
    firstByteMs: route.timeouts.firstByteMs,
    attemptMs: route.timeouts.attemptMs,
    retries: route.retry?.retries ?? 0,
    hedge: route.hedge !== null,
    protect: route.protectBytes > 0,
    async: route.async !== null,
    probe: upstream !== undefined && upstream.spec.probe !== null,
    latencyFactor: upstream?.spec.outlier?.latencyFactor ?? 0,
    concurrency: upstream?.spec.concurrency?.mode ?? 'none',
  };
}
