/**
 * weir.yaml and what the registry adds to it, as one. Where the two lie in each other's way the operator's words hold, and the service or the
 * application is left out and told of: weir.yaml is read with no registry at hand, and may say anything at any time. Pure.
 */
import type { WeirConfig } from '@weir/proto/config/document.js';
import { type Finding, findWarning } from '@weir/proto/config/faults.js';
import type { Route } from '@weir/proto/config/route.js';
import type { PathMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Service } from '../../model/entities.js';
import { upstreamIds } from '../names.js';
import type { ManagedConsumer } from './consumers-of.js';
import type { ManagedConfig, ManagedService } from './managed-config.js';
import { type NamesOfConfig, pathsUpTo, shareHost } from './projection.js';

export interface Merged {
  readonly services: readonly ManagedService[];
  readonly consumers: readonly ManagedConsumer[];
  /** `TEAM/NAME` of all secrets that it needs, sorted. */
  readonly secrets: readonly string[];
  readonly findings: readonly Finding[];
}

/** Names of weir.yaml that designs of teams may use. */
export function namesOf({ ai }: WeirConfig): NamesOfConfig {
  const ids = (list: readonly { readonly id: string }[] = []): string[] => list.map(({ id }) => id);
  return { models: ids(ai?.models), prompts: ids(ai?.prompts), guards: ids(ai?.guards) };
}

/** Why a service of that place can't be served beside this weir.yaml; null: it can. */
export function placeConflict(config: WeirConfig, service: Pick<Service, 'basePath' | 'hosts'>): string | null {
  const place = placesOf(config)
    .get(service.basePath)
    ?.find(({ hosts }) => shareHost(hosts, service.hosts));
  return place === undefined ? null : `${place.name} lies at or below ${service.basePath}`;
}

export function mergeManaged(config: WeirConfig, managed: ManagedConfig): Merged {
  const findings: Finding[] = [...managed.findings];
  const places = placesOf(config);
  const upstreams = new Set(upstreamIds(config.upstreams));
  const services = managed.services.filter((served) => {
    const conflict = conflictOf(served, places, upstreams);
    if (conflict === null) return true;
    findings.push(findWarning(['services', served.service.id], conflict, 'give the service another place'));
    return false;
  });
  const own = new Set(config.consumers.map(({ id }) => id));
  const consumers =
    own.size === 0 ? managed.consumers : managed.consumers.filter(({ spec: { id } }) => isFree(id, own, findings));
  const secrets = new Set<string>();
  for (const served of services) for (const secret of served.secrets) secrets.add(secret);
  return { services, consumers, secrets: [...secrets].sort(), findings };
}

function isFree(id: string, own: ReadonlySet<string>, findings: Finding[]): boolean {
  if (!own.has(id)) return true;
  const message = 'weir.yaml has a consumer of that id, so its keys are not known to nodes';
  findings.push(findWarning(['applications', id], message, 'give the application another id'));
  return false;
}

interface Place {
  readonly hosts: readonly string[];
  readonly name: string;
}

/** Where routes of weir.yaml lie: their literal path, and all above it. */
function placesOf(config: WeirConfig): ReadonlyMap<string, readonly Place[]> {
  const known = placesKnown.get(config);
  if (known !== undefined) return known;
  const places = placesIn(config);
  placesKnown.set(config, places);
  return places;
}

const placesKnown = new WeakMap<WeirConfig, ReadonlyMap<string, readonly Place[]>>();

function placesIn({ routes, gateway }: WeirConfig): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  const put = (path: string, place: Place): void => {
    for (const above of pathsUpTo(path)) {
      const known = places.get(above);
      if (known === undefined) places.set(above, [place]);
      else known.push(place);
    }
  };
  for (const [index, { id, match }] of routes.entries())
    put(literalOf(match.path), { hosts: match.hosts, name: `route ${id ?? index} of weir.yaml` });
  put(gateway.jobs.prefix, { hosts: [], name: 'the path of jobs' });
  return places;
}

function literalOf(path: Route['match']['path'] & PathMatchSpec): string {
  const written = path.kind === 'exact' ? path.path : path.kind === 'prefix' ? path.prefix : path.template;
  const segments = written.split('/').slice(1);
  const end = segments.findIndex((segment) => segment === '' || segment === '*' || segment.startsWith('{'));
  return `/${(end === -1 ? segments : segments.slice(0, end)).join('/')}`;
}

function conflictOf(
  { service, upstreams: own }: ManagedService,
  places: ReadonlyMap<string, readonly Place[]>,
  upstreams: ReadonlySet<string>,
): string | null {
  // The path of a route that lies at the base path, or below it.
  const place = places.get(service.basePath)?.find(({ hosts }) => shareHost(hosts, service.hosts));
  if (place !== undefined) return `${place.name} lies at or below ${service.basePath}, so the service is not served`;
  const taken = own.find(({ id }) => upstreams.has(id));
  return taken === undefined ? null : `weir.yaml has an upstream ${taken.id}, so the service is not served`;
}
