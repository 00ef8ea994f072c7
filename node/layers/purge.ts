/**
 * The method PURGE on a route that has a cache: what is stored for the URL is gone, or stale where `Weir-Purge: soft` says
 * so, when this answers. For consumers that the route names, so below authenticate. It means this node alone, and never
 * goes upstream: an origin that agrees would look like a cache that obeyed. Where nobody may, it is a 405 for the same reason.
 */
import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { OWN_CONSUMERS } from '../auth/own-consumers.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { nothingToCancel } from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';

const notEnabled = failure('method_not_allowed', 'nobody may purge this route by PURGE; `weir purge` does', {
  headers: ['allow', 'GET, HEAD'],
});
const notYou = failure('forbidden', 'this consumer may not purge');
const unclear = failure('bad_request', 'Weir-Purge is hard or soft');

const HEADERS = ['content-type', 'application/json', 'cache-control', 'no-store'];

export const purge: Place = ({ cache: spec }, { cache }) => {
  if (spec === null) return null;
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
    cache.purge({ kind: 'url', authority, path, query }, how === 'soft');
    return answerDirectly(request, handler, 200, HEADERS, new TextEncoder().encode(`{"purged":"${how}"}`));
  };
};
