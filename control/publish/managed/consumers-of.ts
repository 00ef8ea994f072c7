/** What an application is to nodes: a consumer with hashes of its keys and with its public keys, in the groups of the plans that it has. Pure. */
import { defaultAlgorithms } from '@weir/proto/config/token-keys.js';
import type { ConsumerSpec, ConsumerTokenSpec } from '@weir/proto/snapshot/snapshot.js';
import type { AppKey, Application, PublicKey, Subscription } from '../../model/entities.js';

export interface ManagedConsumer {
  readonly team: string;
  /** As it stands in snapshots. */
  readonly spec: ConsumerSpec;
}

/** Of all who have a plan of a service; both are without dots. */
export function groupOf(serviceId: string, planId: string): string {
  return `${serviceId}.${planId}`;
}

export interface Expiring {
  /** Null: it has nothing to call with. */
  readonly consumer: ManagedConsumer | null;
  /** When the next of its keys expires; infinite: none will. */
  readonly expiresWallMs: number;
}

export function consumerOf(
  application: Application | null,
  keys: Iterable<AppKey>,
  subscriptions: Iterable<Subscription>,
  nowWallMs: number,
): Expiring {
  if (application === null || application.isDisabled)
    return { consumer: null, expiresWallMs: Number.POSITIVE_INFINITY };
  const keyHashes: string[] = [];
  const tokens: ConsumerTokenSpec[] = [];
  let expiresWallMs = Number.POSITIVE_INFINITY;
  for (const { sha256, expiresWallMs: end, publicKey } of keys) {
    if (end !== null && end <= nowWallMs) continue;
    if (publicKey === undefined) keyHashes.push(sha256);
    else tokens.push(signerOf(application.id, publicKey));
    if (end !== null) expiresWallMs = Math.min(expiresWallMs, end);
  }
  const groups: string[] = [];
  for (const { state, serviceId, planId } of subscriptions)
    if (state === 'approved') groups.push(groupOf(serviceId, planId));
  const { id, teamId: team } = application;
  // Sorted, so that two controls that learnt of them in other ways make the same bytes.
  // One without a plan is known as well: it may not call (403), which says more than that nobody has such a key (401).
  const spec: ConsumerSpec = {
    ...{ id, keyHashes: keyHashes.sort(), basic: [], groups: groups.sort(), isManaged: true },
    ...(tokens.length === 0 ? {} : { tokens: tokens.sort((a, b) => ((a.keyId ?? '') < (b.keyId ?? '') ? -1 : 1)) }),
  };
  return { consumer: keyHashes.length + tokens.length > 0 ? { team, spec } : null, expiresWallMs };
}

const algorithms = defaultAlgorithms({ secret: undefined });

/** Under its own name, and by the thumbprint of the key: no other application and no consumer of weir.yaml is asked for by such tokens. */
function signerOf(issuer: string, { pem, kid }: PublicKey): ConsumerTokenSpec {
  return { issuer, keyId: kid, keys: { kind: 'publicKey', pem }, algorithms };
}
