/**
 * The method PURGE on a route that has a cache: what is stored for the URL is gone, or stale where `Weir-Purge: soft` says
 * so, when this answers: on this node, on all others of its cluster, and in the Redis that nodes share, where there is one. That is
 * waited for, within bounds, and a failure says who has not confirmed. For consumers that the route names, so below authenticate. It never goes
 * upstream: an origin that agrees would look like a cache that obeyed. Where nobody may, it is a 405 for the same reason.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { OWN_CONSUMERS } from '../auth/own-consumers.js';
import type { PurgedByAll } from '../cache/purge/others.js';
import { BEFORE_DEADLINE_MS } from '../cache/stale-if-slow.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { type Cancel, nothingToCancel } from '../pipeline/dispatch.js';
import { Ear } from '../pipeline/ear.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { Timers } from '../time/clock.js';

const notEnabled = failure('method_not_allowed', 'nobody may purge this route by PURGE; `weir purge` does', {
  headers: ['allow', 'GET, HEAD'],
});
const notYou = failure('forbidden', 'this consumer may not purge');
const unclear = failure('bad_request', 'Weir-Purge is hard or soft');
/** What was done and what not: a purge is not taken back, and Redis is told of it as soon as it answers. */
const untold = failure(
  'purge_unconfirmed',
  'this node has purged it, and the Redis that nodes share has not confirmed: others may find it there until it is told',
  { retryAfterS: 1 },
);

/** Who is named of those that are missing; the others are counted. */
const NAMED_MAX = 8;
/** Where the request has no deadline: the lease of a node that does not answer, and more. */
const CLUSTER_WITHIN_MS = 15_000;

const HEADERS = ['content-type', 'application/json', 'cache-control', 'no-store'];

export const purge: Place = ({ cache: spec }, services) => {
  if (spec === null) return null;
  const { cache, clock, timers } = services;
  const { consumers, tokenConsumers } = spec.purge ?? { consumers: [], tokenConsumers: [] };
  // Whoever can have a token signed may be called as one of ours, and is not.
  const mayPurge = ({ consumerId, vouchedBy }: Exchange): boolean =>
    consumerId !== null && (vouchedBy === OWN_CONSUMERS ? consumers : tokenConsumers).includes(consumerId);
  return (next) => (request, handler) => {
    if (request.method !== 'PURGE') return next(request, handler);
    const how = headerValue(request.headers, 'weir-purge')?.toLowerCase() ?? 'hard';
    const refused =
      spec.purge === null
        ? notEnabled
        : !mayPurge(request.exchange)
          ? notYou
          : how !== 'hard' && how !== 'soft'
            ? unclear
            : null;
    if (refused !== null) {
      handler.onError(refused);
      return nothingToCancel;
    }
    const { authority, path, query } = request;
    const url = { authority, path, query };
    const told = cache.purgeEverywhere({ kind: 'url', ...url }, how === 'soft');
    const ear = new Ear(handler);
    const purged = (nodes?: readonly string[]): Cancel =>
      answerDirectly(request, ear, 200, HEADERS, new TextEncoder().encode(JSON.stringify({ purged: how, nodes })));
    // Before the deadline, for that would say nothing of what was done.
    const leftMs = request.exchange.deadlineAtMs - clock.nowMs() - BEFORE_DEADLINE_MS;
    const { others } = cache;
    if (others !== null) {
      const byAll = others.purge(url, how === 'soft', Math.max(0, Math.min(leftMs, CLUSTER_WITHIN_MS)));
      return whenKnown(byAll, leftMs, timers, silence, ear, ({ nodes, missing }, cause) => {
        if (missing.length === 0) purged(nodes);
        else ear.onError({ ...untoldBy(missing), ...(cause === undefined ? {} : { cause }) });
      });
    }
    if (cache.second === null) return purged();
    return whenKnown(told, leftMs, timers, false, ear, (isTold, cause) => {
      if (isTold) purged();
      else ear.onError(cause === undefined ? untold : { ...untold, cause });
    });
  };
};

const silence: PurgedByAll = { nodes: [], missing: [{ node: 'control', reason: 'has not answered in time' }] };

function untoldBy(missing: PurgedByAll['missing']): Failure {
  const named = missing.slice(0, NAMED_MAX).map(({ node, reason }) => `${node} ${reason}`);
  const more = missing.length > NAMED_MAX ? `; and ${missing.length - NAMED_MAX} more` : '';
  const detail = `this node has purged it, and others may still serve it: ${named.join('; ')}${more}`;
  return failure('purge_unconfirmed', detail, { retryAfterS: 1 });
}

/** `end` is called once, unless it is cancelled before; with `otherwise` where that can't be known in time. A cancel closes the ear. */
function whenKnown<Known>(
  told: Promise<Known>,
  limitMs: number,
  timers: Timers,
  otherwise: Known,
  ear: Ear,
  end: (known: Known, cause?: unknown) => void,
): Cancel {
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    limit.cancel();
  };
  const once = (known: Known, cause?: unknown): void => {
    if (isOver) return;
    stop();
    end(known, cause);
  };
  const limit = timers.create(() => once(otherwise));
  if (limitMs < Number.POSITIVE_INFINITY) limit.arm(Math.max(0, limitMs));
  told.then(once, (cause: unknown) => once(otherwise, cause));
  return () => {
    stop();
    ear.close();
  };
}
