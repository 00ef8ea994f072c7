/** Admits or refuses by the client's address: deny wins, an empty allow list allows all. */
import { failure } from '@weir/proto/http/failures.js';
import { compileCidrSet } from '../address/cidr-set.js';
import type { Place } from '../pipeline/chain.js';
import { nothingToCancel } from '../pipeline/dispatch.js';

export const addresses: Place = (route) => {
  if (route.addresses === null) return null;
  const { allow, deny } = route.addresses;
  if (allow.length === 0 && deny.length === 0) return null;
  const allowed = allow.length === 0 ? null : compileCidrSet(allow);
  const denied = compileCidrSet(deny);
  return (next) => (request, handler) => {
    const { clientAddress } = request.exchange;
    // Only a clear "no" from the one and a clear "yes" from the other pass: what is not an address passes nothing.
    const passes = denied.has(clientAddress) === false && (allowed === null || allowed.has(clientAddress) === true);
    if (passes) return next(request, handler);
    handler.onError(failure('address_denied', 'the address of this client may not use the route'));
    return nothingToCancel;
  };
};
