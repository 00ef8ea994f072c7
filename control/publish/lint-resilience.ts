/**
 * What is said about living with bad upstreams and does nothing, or not what it seems to: settings that contradict each
 * other, and such as another one makes void. Warnings all: a gateway runs with each of them, it only helps less.
 */

import { type Finding, findWarning, type Path } from '@weir/proto/config/faults.js';
import type { Edits } from '@weir/proto/config/header-edits.js';
import type { Draft } from '@weir/proto/config/parse.js';
import { retrySchema } from '@weir/proto/config/resilience.js';
import type { Route } from '@weir/proto/config/route.js';
import { formatDuration } from '@weir/proto/config/units.js';
import type { Upstream } from '@weir/proto/config/upstream.js';
import { type Limits, limitsOf, type RouteLimits } from './stated-limits.js';

export function lintResilience(draft: Draft): Finding[] {
  return [
    ...draft.upstreams.flatMap((upstream, index) =>
      upstream === null ? [] : lintUpstream(upstream, ['upstreams', index]),
    ),
    ...draft.routes.flatMap((route, index) => {
      const path: Path = ['routes', index];
      // What of it means nothing where models are asked is said there.
      if (route === null || route.ai !== null || route.mcp !== null) return [];
      if (route.compose !== undefined || route.batch !== undefined) return [];
      if (route.redirect !== undefined || route.respond !== undefined) return lintNoAsync(route, path);
      return [
        ...lintRetry(route, path, limitsOf(draft, route)),
        ...lintHedge(route, path, limitsOf(draft, route), draft),
        ...lintFallback(route, path, draft),
        ...lintAsync(route, path, limitsOf(draft, route)),
      ];
    }),
  ];
}

/** What Node's and Apache's servers close an idle connection after, unless told otherwise. */
const COMMON_KEEP_ALIVE_MS = 5_000;

function lintUpstream({ targets, balance, health, pool }: Upstream, path: Path): Finding[] {
  const { probe, outlier, breaker } = health;
  const findings: Finding[] = [];
  const warn = (at: Path, message: string, cure: string): void => {
    findings.push(findWarning([...path, ...at], message, cure));
  };
  if (pool.idle >= COMMON_KEEP_ALIVE_MS) {
    const message = `many servers close idle connections after 5s, before these ${formatDuration(pool.idle)} are over: requests would meet closed ones`;
    warn(['pool', 'idle'], message, "make it shorter than the upstream's own keep-alive limit, such as 4s");
  }
  if (probe !== undefined && probe.timeout >= probe.every) {
    const message = `a probe may take ${formatDuration(probe.timeout)}, but the next one is due after ${formatDuration(probe.every)}`;
    warn(['health', 'probe', 'timeout'], message, 'lower timeout, or raise every');
  }
  if (outlier !== null && outlier.ejectionMax < outlier.ejection)
    warn(['health', 'outlier', 'ejectionMax'], 'ejectionMax is below ejection, the first one', 'raise ejectionMax');
  if (breaker !== null && breaker.openMax < breaker.open)
    warn(['health', 'breaker', 'openMax'], 'openMax is below open, the first one', 'raise openMax');
  if (balance.policy === 'round-robin' && new Set(targets.map(({ weight }) => weight)).size > 1)
    warn(['balance'], 'round-robin gives all targets the same, whatever their weight', 'write balance: weighted');
  const isSticky = balance.policy === 'sticky' || balance.policy === 'ring-hash' || balance.policy === 'maglev';
  if (isSticky && targets.length === 1)
    warn(
      ['balance'],
      `there is one target, so ${balance.policy} has nothing to choose`,
      'remove balance, or add targets',
    );
  return findings;
}

/** `true` means this; what differs from it was stated. */
const usualRetry = retrySchema.parse(true);

/** With less than this share of the total left, a retry can't do much. */
const ROOM_SHARE = 0.2;

function lintRetry({ retry }: Route, path: Path, { atAttempt }: RouteLimits): Finding[] {
  if (retry === null) return [];
  const findings: Finding[] = [];
  if (!retry.on.includes('status') && String(retry.statuses) !== String(usualRetry?.statuses)) {
    const message = 'statuses are listed, but `on` leaves `status` out, so no answer is tried again for its status';
    findings.push(findWarning([...path, 'retry', 'statuses'], message, 'add status to `on`, or remove statuses'));
  }
  if (retry.attempts === 0 || atAttempt === null || !retry.on.includes('timeout')) return findings;
  const { name } = atAttempt.attempt;
  const isChosen = JSON.stringify(retry) !== JSON.stringify(usualRetry);
  // A long `firstByte` is how a slow answer is waited for; `attempt` has no other use than to leave time for another one.
  const room = isChosen || name === 'attempt' ? retryRoom(retry.attempts, retry.backoff, atAttempt) : null;
  if (room !== null) findings.push(findWarning([...path, 'retry'], room, `lower ${name}, or raise total`));
  return findings;
}

/**
 * What is wrong with the time that attempts leave each other, or null. Retries after quick failures always fit; this is
 * about those after an attempt that was cut. The usual number is a bound that nobody chose, so it may be too large.
 */
function retryRoom(retries: number, backoffMs: number, { total, attempt }: Limits): string | null {
  // A limit above the total is a finding of its own.
  if (attempt.ms > total) return null;
  const inWords = `${attempt.name} (${formatDuration(attempt.ms)}) and total (${formatDuration(total)})`;
  if (attempt.ms + backoffMs > total * (1 - ROOM_SHARE))
    return `no retry fits after an attempt that was too slow: ${inWords} leave it no time`;
  const startMs = retries * (attempt.ms + backoffMs);
  if (retries === usualRetry?.attempts || startMs < total) return null;
  const fitting = Math.ceil(total / (attempt.ms + backoffMs)) - 1;
  return `of ${retries} retries only ${fitting} fit after attempts that were too slow: ${inWords} leave the others no time`;
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

function lintHedge(route: Route, path: Path, { effective }: RouteLimits, { upstreams }: Draft): Finding[] {
  const { hedge, match } = route;
  if (hedge === null) return [];
  const own = route.upstream ?? (upstreams.length === 1 ? upstreams[0]?.id : undefined);
  if (upstreams.find((upstream) => upstream?.id === own)?.targets.length === 1) {
    const message = 'a hedge asks another target, and this upstream has only one';
    return [findWarning([...path, 'hedge'], message, 'add targets, or remove hedge')];
  }
  if (match.methods.length > 0 && !match.methods.some((method) => SAFE_METHODS.has(method))) {
    const message = `only safe methods are asked twice, and this route takes ${match.methods.join(', ')}`;
    return [findWarning([...path, 'hedge'], message, 'remove hedge')];
  }
  const { after } = hedge;
  const soonestMs = after.kind === 'fixed' ? after.ms : after.minMs;
  const { attempt, total } = effective;
  const [name, limitMs] = attempt.ms <= total ? [attempt.name, attempt.ms] : ['total', total];
  if (soonestMs < limitMs) return [];
  const message = `the hedge (after ${formatDuration(soonestMs)}) can never start: ${name} (${formatDuration(limitMs)}) ends the first attempt before`;
  return [findWarning([...path, 'hedge', 'after'], message, `lower it below ${name}, or write adaptive`)];
}

function lintNoAsync({ async }: Route, path: Path): Finding[] {
  if (async === null) return [];
  const message = 'a route that answers by itself has nothing to hand over to a job';
  return [findWarning([...path, 'async'], message, 'remove async')];
}

function lintAsync({ async }: Route, path: Path, { effective: { total } }: RouteLimits): Finding[] {
  if (async === null) return [];
  const findings: Finding[] = [];
  const warn = (at: string, message: string, cure: string): void => {
    findings.push(findWarning([...path, 'async', at], message, cure));
  };
  if (!async.prefer && async.after === undefined)
    warn(
      'prefer',
      'nothing is ever handed over: neither when the client asks nor after a time',
      'set after, or prefer',
    );
  if (async.after !== undefined && async.after >= total) {
    const message = `after (${formatDuration(async.after)}) is not before total (${formatDuration(total)}), so requests are handed over shortly before total`;
    warn('after', message, 'lower after, or raise timeouts.total');
  }
  if (async.total <= total) {
    const message = `a job may take ${formatDuration(async.total)}, and a client is made to wait for ${formatDuration(total)} anyway`;
    warn('total', message, 'raise async.total above timeouts.total');
  }
  if (async.firstByte !== undefined && async.firstByte > async.total) {
    const message = `firstByte (${formatDuration(async.firstByte)}) is longer than the job may take (${formatDuration(async.total)})`;
    warn('firstByte', message, 'lower firstByte, or raise total');
  }
  return findings;
}

function lintFallback({ fallback, upstream, headers }: Route, path: Path, { upstreams }: Draft): Finding[] {
  const own = upstream ?? (upstreams.length === 1 ? upstreams[0]?.id : undefined);
  const endsAt = fallback.findIndex((entry) => entry.upstream === undefined);
  const named: string[] = own === undefined ? [] : [own];
  return fallback.flatMap((entry, index) => {
    const at = [...path, 'fallback', index];
    if (endsAt !== -1 && index > endsAt)
      return [findWarning(at, 'this is never reached: an answer or a redirect before it always can', 'move it up')];
    if (entry.upstream === undefined) return [];
    const asked = named.includes(entry.upstream);
    named.push(entry.upstream);
    if (!asked) return lintCredentials(entry, headers.request, at);
    const message = `${entry.upstream} has failed already when this fallback is tried`;
    return [findWarning(at, message, 'name another upstream, or let `retry` ask this one again')];
  });
}

const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-api-key']);

/** What a route sets for its upstream is a secret between the two of them. */
function lintCredentials({ upstream, headers }: Route['fallback'][number], own: Edits, at: Path): Finding[] {
  const treated = new Set([...(headers?.remove ?? []), ...(headers?.set ?? []).map(([name]) => name)]);
  const shown = [...own.set, ...own.add].map(([name]) => name).filter((name) => CREDENTIALS.has(name));
  return shown
    .filter((name) => !treated.has(name))
    .map((name) => {
      const message = `${upstream} gets the ${name} that the route sets for its own upstream`;
      return findWarning(at, message, `set another one in its \`headers\`, or remove it there`);
    });
}
