/**
 * Makes the head of a request to the provider of a model. In place of `forward`, for this is no client's request that is passed on: it
 * is one of the gateway's own, to somebody who has no business to learn who its clients are. So nothing of the client's head is in it,
 * neither addresses nor names; but `Via`, for a provider may be another Weir, and circles have to end; and how much time is left.
 */
import { failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, hasField, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { hopsThrough } from '../forward/forwarded.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import { nothingToCancel } from '../pipeline/dispatch.js';

/** As in `forward`. */
const HOPS_MAX = 8;

export const callOut: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const { names } = services.gateway;
  const hostHeader = services.upstreams.get(route.action.upstream)?.spec.hostHeader ?? { mode: 'pass' };
  const fixedHost = hostHeader.mode === 'set' ? hostHeader.value : null;
  const ownVia = `1.1 ${names.via}`;
  const pseudonym = names.via.toLowerCase();
  return (next) => (request, handler) => {
    const { headers, exchange } = request;
    const via = combinedValue(headers, 'via');
    if (via !== undefined && hopsThrough(via, pseudonym) >= HOPS_MAX) {
      handler.onError(failure('loop_detected', `the request has passed "${names.via}" ${HOPS_MAX} times`));
      return nothingToCancel;
    }
    // The client's own Host means nothing to a provider: `pass` is the target's as well.
    const list: MutableHeaderList = ['host', fixedHost ?? request.target?.authority ?? request.authority];
    copy(headers, list);
    if (!hasField(headers, 'user-agent')) list.push('user-agent', names.via);
    list.push('via', via === undefined ? ownVia : `${via}, ${ownVia}`, names.requestIdHeader, exchange.id);
    const leftMs = exchange.deadlineAtMs - services.clock.nowMs();
    if (Number.isFinite(leftMs)) list.push(names.deadlineHeader, String(Math.max(0, Math.floor(leftMs))));
    return next(withHeaders(request, list), handler);
  };
};

function copy(from: HeaderList, to: MutableHeaderList): void {
  for (let i = 0; i < from.length; i += 2) {
    const name = from[i] ?? '';
    if (name !== 'via' && name !== 'host') to.push(name, from[i + 1] ?? '');
  }
}
