/**
 * The method PURGE on a route that has a cache: what is stored for the URL is gone, or stale where `Weir-Purge: soft` says
 * so, when this answers: on this node, and in the Redis that nodes share, where there is one. That is waited for, within
 * bounds, and a failure says what was not done. For consumers that the route names, so below authenticate. It never goes
 * upstream: an origin that agrees would look like a cache that obeyed. Where nobody may, it is a 405 for the same reason.
 */
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { OWN_CONSUMERS } from '../auth/own-consumers.js';
import { BEFORE_DEADLINE_MS } from '../cache/stale-if-slow.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { type Cancel, nothingToCancel } from '../pipeline/dispatch.js';
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
    const told = cache.purgeEverywhere({ kind: 'url', authority, path, query }, how === 'soft');
    const purged = (): Cancel =>
      answerDirectly(request, handler, 200, HEADERS, new TextEncoder().encode(`{"purged":"${how}"}`));
    if (cache.second === null) return purged();
    // Before the deadline, for that would say nothing of what was done.
    const leftMs = request.exchange.deadlineAtMs - clock.nowMs() - BEFORE_DEADLINE_MS;
    return whenKnown(told, leftMs, timers, (isTold, cause) => {
      if (isTold) purged();
      else handler.onError(cause === undefined ? untold : { ...untold, cause });
    });
  };
};

/** `end` is called once, unless it is cancelled before. */
function whenKnown(
  told: Promise<boolean>,
  limitMs: number,
  timers: Timers,
  end: (isTold: boolean, cause?: unknown) => void,
): Cancel {
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    limit.cancel();
  };
  const once = (isTold: boolean, cause?: unknown): void => {
    if (isOver) return;
    stop();
    end(isTold, cause);
  };
  const limit = timers.create(() => once(false));
  if (limitMs < Number.POSITIVE_INFINITY) limit.arm(Math.max(0, limitMs));
  told.then(once, (cause: unknown) => once(false, cause));
  return stop;
}
