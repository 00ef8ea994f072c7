/** Records for tests: a quiet GET that one of three healthy targets answered too late. Only tests import this file. */
import type { Latency, TargetSeen, TimeoutRecord } from '@weir/proto/events/doctor.js';

export const latency = (count: number, p50Ms: number, p95Ms = p50Ms): Latency => ({ count, p50Ms, p95Ms });
export const unknown = latency(0, 0);

export function target(id: string, overrides: Partial<TargetSeen> = {}): TargetSeen {
  return {
    target: id,
    inFlight: 1,
    cost: 12,
    standing: 'well',
    reason: '',
    answered: 100,
    timedOut: 0,
    meanMs: 12,
    silentMs: 20,
    cutInARow: 0,
    ...overrides,
  };
}

/** Whose answers took so long, first bytes and whole ones alike. */
export const took = (now: Latency, before: Latency = now): TimeoutRecord['latency'] => ({
  firstByte: { now, before },
  total: { now, before },
});

export function makeRecord(overrides: Partial<TimeoutRecord> = {}): TimeoutRecord {
  return {
    atWallMs: Date.UTC(2026, 0, 1),
    kind: 'fired',
    requestId: 'request-1',
    method: 'GET',
    route: 'orders-read',
    upstream: 'orders',
    target: 'a:1',
    timer: 'firstByte',
    limitMs: 2_000,
    elapsedMs: 2_003,
    phases: { queue: 0, send: 0.1, firstByte: 2_003 },
    inFlightBefore: 1,
    attempts: [],
    queueMs: 0,
    requestBytes: 0,
    responseBytes: 0,
    deadline: { routeMs: 30_000, clientMs: null },
    node: { inFlight: 3, loopDelayMs: 2, loopBusy: 0.1 },
    asked: { targets: 3, inFlight: 3, limit: null, queued: 0, connections: 4, connectionsMax: 64, waiting: 0 },
    targetState: target('a:1', { timedOut: 2 }),
    peers: [target('b:1', { timedOut: 2 }), target('c:1', { timedOut: 2 })],
    latency: took(latency(300, 12, 40)),
    settings: {
      firstByteMs: 2_000,
      attemptMs: 0,
      retries: 2,
      hedge: false,
      protect: false,
      async: false,
      probe: true,
      latencyFactor: 0,
      concurrency: 'none',
    },
    ...overrides,
  };
}
