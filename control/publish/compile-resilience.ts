/** The part of the snapshot that says how to live with bad upstreams; see compile.ts for the rest. Pure. */

import type { Edits } from '@weir/proto/config/header-edits.js';
import type { Concurrency, Health } from '@weir/proto/config/health.js';
import type { Async, JobSettings } from '@weir/proto/config/jobs.js';
import type { Hedge, Retry } from '@weir/proto/config/resilience.js';
import type { Route } from '@weir/proto/config/route.js';
import type { Upstream } from '@weir/proto/config/upstream.js';
import type { AsyncSpec, JobsSpec } from '@weir/proto/snapshot/jobs.js';
import type {
  BalanceSpec,
  BreakerSpec,
  ConcurrencySpec,
  FallbackSpec,
  HedgeSpec,
  OutlierSpec,
  ProbeSpec,
  RetrySpec,
} from '@weir/proto/snapshot/resilience.js';
import type { HeaderEditsSpec, RouteSpec, RouteTimeouts, UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';

export function compileUpstreamResilience({
  balance,
  health,
  concurrency,
}: Upstream): Pick<UpstreamSpec, 'balance' | 'probe' | 'outlier' | 'breaker' | 'concurrency'> {
  return {
    balance: compileBalance(balance),
    probe: compileProbe(health.probe),
    outlier: compileOutlier(health.outlier),
    breaker: compileBreaker(health.breaker),
    concurrency: concurrency === null ? null : compileConcurrency(concurrency),
  };
}

function compileBalance(balance: Upstream['balance']): BalanceSpec {
  const { policy, hashBy, sticky, decay, slowStart, panic, zone } = balance;
  return {
    policy,
    hashBy,
    sticky:
      sticky === undefined
        ? null
        : { cookie: sticky.cookie, secret: sticky.secret, maxAgeS: Math.floor(sticky.maxAge / 1000) },
    decayMs: decay,
    slowStartMs: slowStart,
    panicShare: panic,
    zone: zone ?? null,
  };
}

function compileProbe(probe: Health['probe']): ProbeSpec | null {
  if (probe === undefined) return null;
  return {
    kind: probe.path === undefined ? 'tcp' : 'http',
    path: probe.path ?? '/',
    host: probe.host ?? null,
    statuses: probe.status.map(({ from, to }) => [from, to]),
    contains: probe.contains ?? null,
    intervalMs: probe.every,
    timeoutMs: probe.timeout,
    unhealthyAfter: probe.unhealthyAfter,
    healthyAfter: probe.healthyAfter,
  };
}

function compileOutlier(outlier: Health['outlier']): OutlierSpec | null {
  if (outlier === null) return null;
  const { every, ejection, ejectionMax, ...rest } = outlier;
  return { ...rest, intervalMs: every, ejectionMs: ejection, ejectionMaxMs: ejectionMax };
}

function compileBreaker(breaker: Health['breaker']): BreakerSpec | null {
  if (breaker === null) return null;
  const { window, open, openMax, ...rest } = breaker;
  return { ...rest, windowMs: window, openMs: open, openMaxMs: openMax };
}

function compileConcurrency({ limit, min, max, start = max, queue }: Concurrency): ConcurrencySpec {
  if (limit === 'adaptive') return { mode: 'adaptive', limitMin: min, limitMax: max, limitStart: start, queue };
  return { mode: 'fixed', limitMin: limit, limitMax: limit, limitStart: limit, queue };
}

/** `timeoutsAt`: what the route's attempts at an upstream are held to. */
export function compileRouteResilience(
  route: Route,
  timeoutsAt: (upstream: string) => RouteTimeouts,
): Pick<RouteSpec, 'priority' | 'retry' | 'hedge' | 'protectBytes' | 'fallback' | 'async' | 'shown'> {
  return {
    priority: { level: route.priority.level, header: route.priority.header ?? null },
    retry: route.retry === null ? null : compileRetry(route.retry),
    hedge: route.hedge === null ? null : compileHedge(route.hedge),
    protectBytes: route.protect,
    fallback: route.fallback.map((entry) => compileFallback(entry, timeoutsAt)),
    async: route.async === null ? null : compileAsync(route.async),
    shown: route.show,
  };
}

function compileAsync({ prefer, after, wait, total, firstByte, onLeave }: Async): AsyncSpec {
  return { prefer, afterMs: after ?? null, waitMs: wait, totalMs: total, firstByteMs: firstByte ?? total, onLeave };
}

export function compileJobs({ prefix, keep, lease, max, running, share, result, memory }: JobSettings): JobsSpec {
  return {
    prefix,
    keepMs: keep,
    leaseMs: lease,
    jobsMax: max,
    runningMax: running,
    ownerShare: share,
    resultBytesMax: result,
    memoryBytesMax: memory,
  };
}

function compileRetry(retry: Retry): RetrySpec {
  return {
    retries: retry.attempts,
    on: retry.on,
    statuses: retry.statuses,
    budgetShare: retry.budget,
    budgetFloorPerS: retry.floor,
    backoffMs: retry.backoff,
    backoffMaxMs: retry.backoffMax,
    bodyBytesMax: retry.body,
  };
}

function compileHedge({ after, budget, floor }: Hedge): HedgeSpec {
  return { after, budgetShare: budget, budgetFloorPerS: floor };
}

function compileFallback(
  entry: Route['fallback'][number],
  timeoutsAt: (upstream: string) => RouteTimeouts,
): FallbackSpec {
  const { upstream, respond, redirect, repeats = false } = entry;
  if (upstream !== undefined) {
    const requestHeaders = compileEdits(entry.headers);
    return { kind: 'upstream', upstream, repeats, requestHeaders, timeouts: timeoutsAt(upstream) };
  }
  if (redirect !== undefined) return { kind: 'redirect', status: redirect.status, location: redirect.to };
  const { status = 503, headers = [], body = '' } = respond ?? {};
  return { kind: 'respond', status, headers: headers.flat(), body };
}

const NO_EDITS: HeaderEditsSpec = { remove: [], set: [], add: [] };

export function compileEdits(edits: Edits | undefined): HeaderEditsSpec {
  if (edits === undefined) return NO_EDITS;
  const add = edits.add.flatMap(([name, values]) => values.map((value) => [name, value] as const));
  return { remove: edits.remove, set: edits.set, add };
}
