/**
 * Which tools a caller sees: those whose route would let it in, by its address and its credentials, as far as that can be told without a
 * call. The route decides again when it is asked: what is listed is no permission.
 */
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { compileCidrSet } from '../address/cidr-set.js';
import { type AuthOutcome, compileAuthenticator } from '../auth/authenticators.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

/** Whether the route would let the request in; yes where nobody can say now. */
export type LetsIn = (request: GatewayRequest) => boolean | Promise<boolean>;

export function compileLetsIn({ auth, addresses }: RouteSpec, services: ChainServices): LetsIn {
  const entries = auth.map((spec) => compileAuthenticator(spec, services.credentials, () => services.clock.wallMs()));
  const allowed = addresses === null || addresses.allow.length === 0 ? null : compileCidrSet(addresses.allow);
  const denied = addresses === null ? null : compileCidrSet(addresses.deny);
  return (request) => {
    const { clientAddress } = request.exchange;
    // As the layer `addresses` decides.
    if (denied !== null && denied.has(clientAddress) !== false) return false;
    if (allowed !== null && allowed.has(clientAddress) !== true) return false;
    if (entries.length === 0) return true;
    const outcomes = entries.map((entry) => entry.check(request));
    return outcomes.some((outcome) => outcome instanceof Promise)
      ? Promise.all(outcomes).then(isLetIn)
      : // None of them is a promise.
        isLetIn(outcomes as AuthOutcome[]);
  };
}

function isLetIn(outcomes: readonly AuthOutcome[]): boolean {
  if (outcomes.some(({ kind }) => kind === 'ambiguous')) return false;
  return outcomes.some(({ kind }) => kind === 'accepted' || kind === 'busy');
}
