/** What the routes of services, applications, subscriptions and secrets have in common. */

import type { Facts } from '../../model/decision.js';
import type { Entities, EntityKind } from '../../model/entities.js';
import { type Sight, maySee as sightOf, standingOf } from '../../model/permissions.js';
import type { NamesOfConfig } from '../../publish/managed/projection.js';
import type { ReadKey } from '../../publish/public-keys.js';
import type { Command, Executed, ListQuery, Registry } from '../../registry/registry.js';
import type { ApiRequest, Caller } from './api-route.js';

export interface ManagementSources {
  readonly registry: Registry;
  readonly wallMs: () => number;
  /** Names that weir.yaml in force defines. */
  readonly names: () => NamesOfConfig;
  /** Why a service of that place can't be served beside weir.yaml in force; null: it can. */
  readonly conflictOf: (service: Entities['service']) => string | null;
  /** Which route of weir.yaml in force loses calls to a service of that place; null: none does. */
  readonly shadowedBy: (service: Entities['service']) => string | null;
  /** `weir_k_…` */
  readonly drawKey: () => string;
  readonly sha256: (text: string) => string;
  /** Of whoever registers it. */
  readonly readPublicKey: (text: string) => ReadKey;
  /** A secret of a team, as the registry keeps it. Null: this control takes none. */
  readonly seal: ((secretId: string, text: string) => string) | null;
  /** Why it takes none now, and how it would; null, or left out: it does. */
  readonly whyNotSeal?: () => string | null;
  /** Whether a secret that was sealed elsewhere can be opened; left out: each. */
  readonly canOpen?: (secret: Entities['secret']) => boolean;
  /** Paths of the gateway itself, that no service may have; left out: none. */
  readonly reservedPaths?: () => readonly string[];
  /** `http://127.0.0.1:8080`, where a gateway of this control listens. Left out, or null: nowhere that is known. */
  readonly gateway?: () => string | null;
  /** What was called lately of a service; null: nothing is known. */
  readonly callsOf: (serviceId: string) => CallsLately | null;
}

export interface CallsLately {
  readonly requests: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly p95Ms: number;
}

type Asked = Pick<ApiRequest<unknown, unknown>, 'caller' | 'expected' | 'idempotencyKey'>;

/** A command as this request means it. */
export function execute(
  { registry }: Pick<ManagementSources, 'registry'>,
  { caller, expected, idempotencyKey }: Asked,
  what: string,
  input: unknown,
  facts?: Facts,
): Promise<Executed> {
  const command: Command = {
    ...{ what, input, actor: caller.actor },
    ...(expected === undefined ? {} : { expected }),
    ...(idempotencyKey === undefined ? {} : { id: idempotencyKey }),
    ...(facts === undefined ? {} : { facts }),
  };
  return registry.execute(command);
}

export function maySee<K extends EntityKind>(
  { registry }: Pick<ManagementSources, 'registry'>,
  caller: Caller,
  kind: K,
  entity: Entities[K],
): Sight {
  return sightOf(registry, standingOf(registry, caller.actor), kind, entity);
}

type Among = NonNullable<ListQuery<EntityKind>['among']>;

/**
 * Where a list of the caller's looks, in place of everywhere: at what their teams own. Rights are looked at all the same; this spares a
 * member of one team among hundreds, and this process, a walk through what all the others have. Operators see everything.
 */
export function ofOwnTeams(
  { registry }: Pick<ManagementSources, 'registry'>,
  { isOperator, user }: Caller,
  ownedBy: (teamId: string) => Iterable<Among[number]> = (teamId) => [['teamId', teamId]],
): { readonly among?: Among } {
  if (isOperator) return {};
  const teams = user === null ? [] : [...registry.of('team', 'userId', user.id)];
  return { among: teams.flatMap(({ id }) => [...ownedBy(id)]) };
}

export const idOf = ({ params }: Pick<ApiRequest<unknown, unknown>, 'params'>): string => params['id'] ?? '';

/** Of a route below `/v1/services/{id}`. */
export function teamOfService({ registry }: Pick<ManagementSources, 'registry'>) {
  return (request: Pick<ApiRequest<unknown, unknown>, 'params'>): string | null =>
    registry.get('service', idOf(request))?.teamId ?? null;
}

export function teamOfApplication({ registry }: Pick<ManagementSources, 'registry'>) {
  return (request: Pick<ApiRequest<unknown, unknown>, 'params'>): string | null =>
    registry.get('application', idOf(request))?.teamId ?? null;
}
